package ops

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/seksbot/seks-broker/gateway/internal/credential"
	"github.com/seksbot/seks-broker/gateway/internal/needle"
	"github.com/seksbot/seks-broker/gateway/internal/scrub"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
)

// Needles reads secrets, one a line, to be searched for. Empty lines are none.
func Needles(r io.Reader) (*needle.Set, error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 2*credential.MaxField)
	var list []needle.Needle
	for n := 1; lines.Scan(); n++ {
		line := bytes.TrimSuffix(lines.Bytes(), []byte("\r"))
		switch {
		case len(line) == 0:
			continue
		case len(line) < credential.MinShort:
			return nil, fmt.Errorf("line %d has %d bytes: a secret under %d would be found everywhere", n, len(line), credential.MinShort)
		case len(line) > credential.MaxField:
			return nil, fmt.Errorf("line %d has %d bytes: at most %d are allowed", n, len(line), credential.MaxField)
		}
		list = append(list, needle.Needle{Value: secret.New(line)})
	}
	if errors.Is(lines.Err(), bufio.ErrTooLong) {
		return nil, fmt.Errorf("a line has more than %d bytes", credential.MaxField)
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errors.New("it holds no secret: give one a line")
	}
	return needle.NewSet(list), nil
}

// Scrub copies in to out, with every form of the needles masked, as they come
// from an API. contentType picks the borders at which what was held back leaves.
// It counts what it masked, by form.
func Scrub(out io.Writer, in io.Reader, needles *needle.Set, contentType string) (map[string]int, error) {
	forms := map[string]int{}
	r, err := scrub.NewReader(in, scrub.Options{
		Needles: needles, ContentType: contentType,
		OnHit: func(h scrub.Hit) { forms[h.Form.String()]++ },
	})
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }() // gives buffers back, no more
	_, err = io.CopyBuffer(struct{ io.Writer }{out}, r, make([]byte, 64<<10))
	return forms, err
}
