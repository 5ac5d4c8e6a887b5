package ops

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"github.com/seksbot/seks-broker/gateway/internal/credential"
	"github.com/seksbot/seks-broker/gateway/internal/exchange"
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

// ScrubIn asks for a search for a credential's secrets, and for all others of its
// tenant's, as an answer is searched.
type ScrubIn struct {
	Credential string
	Type       string // media type of the text
}

// CredentialScrub is Scrub for what is stored under a credential's name, which never
// leaves this process. As every opening of a credential, it has its line in the log.
func (b *Broker) CredentialScrub(out io.Writer, in io.Reader, what ScrubIn) (forms map[string]int, err error) {
	log := b.log
	if log == nil {
		if log, err = b.OpenLog(); err != nil {
			return nil, err
		}
		defer func() { err = errors.Join(err, log.Close()) }()
	}
	info, err := b.Credentials.Show(Tenant, what.Credential)
	if err != nil {
		return nil, err
	}
	slot, err := log.Reserve()
	if err != nil {
		return nil, err
	}
	var id [12]byte
	rand.Read(id[:])
	x := &exchange.Exchange{
		Start: b.now(), ID: "req_" + hex.EncodeToString(id[:]), Tenant: Tenant, Provider: info.Provider, Credential: info.Name,
		CredentialVersion: info.Version, Operation: "credential.scrub", Decision: exchange.Allowed, Reason: "the operator's seks scrub",
	}
	defer func() {
		if x.Total = b.now().Sub(x.Start); err != nil {
			x.Reason += ": it broke off"
		}
		slot.Write(x)
	}()
	if err := slot.Intend(x); err != nil {
		return nil, err
	}
	needles, built, err := b.Credentials.Needles(Tenant, what.Credential, slot)
	if err != nil {
		return nil, err
	}
	x.Needles = built
	read, written := counter{Reader: in}, counter{Writer: out}
	forms, err = Scrub(&written, &read, needles, what.Type)
	for _, n := range forms {
		x.Scrubbed += n
	}
	x.BytesIn, x.BytesOut = read.n, written.n
	return forms, err
}

type counter struct {
	io.Reader
	io.Writer
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.Writer.Write(p)
	c.n += int64(n)
	return n, err
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
