package scrub

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/needle"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
)

// What these tests expect is worked out with the standard encoders only, and
// with none of the code under test.

const key = "sk-proj-0123456789abcdefghijKLMNOPQRSTUVWXYZ_-+/=aB"

func set(values ...string) *needle.Set {
	var list []needle.Needle
	for i, v := range values {
		list = append(list, needle.Needle{Name: fmt.Sprintf("cred-%d", i), Value: secret.New([]byte(v))})
	}
	return needle.NewSet(list)
}

// leaks says in which form value can be had from out, by decoding all in it that
// looks like base64 (either alphabet, from each of four places) or hex (from each
// of two). "" is none.
func leaks(out []byte, value string) string {
	if bytes.Contains(out, []byte(value)) {
		return "raw"
	}
	for _, run := range runs(out, isHex) {
		for skip := range 2 {
			part := run[min(skip, len(run)):]
			if b, _ := hex.DecodeString(part[:len(part)/2*2]); strings.Contains(string(b), value) {
				return "hex"
			}
		}
	}
	for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		alphabet := func(c byte) bool {
			_, err := enc.DecodeString(string([]byte{c, 'A'}))
			return err == nil
		}
		for _, run := range runs(out, alphabet) {
			for skip := range 4 {
				part := run[min(skip, len(run)):]
				if b, _ := enc.DecodeString(part[:len(part)/4*4]); strings.Contains(string(b), value) {
					return "base64"
				}
				if b, _ := enc.DecodeString(part); strings.Contains(string(b), value) {
					return "base64, last group"
				}
			}
		}
	}
	return ""
}

func isHex(c byte) bool { return strings.IndexByte("0123456789abcdefABCDEF", c) >= 0 }

func runs(b []byte, in func(byte) bool) (list []string) {
	var known [256]bool
	for c := range known {
		known[c] = in(byte(c))
	}
	for i := 0; i < len(b); {
		j := i
		for j < len(b) && known[b[j]] {
			j++
		}
		if j > i {
			list = append(list, string(b[i:j]))
		}
		i = max(j, i+1)
	}
	return list
}

// spelling writes front+value+back in some form, and says which part of it has
// to be masked.
type spelling struct {
	name       string
	text       string
	start, end int
}

func spell(r *rand.Rand, value string) []spelling {
	var list []spelling
	for alignment := range 8 {
		front, back := randomBytes(r, alignment), randomBytes(r, r.IntN(8))
		whole := []byte(front + value + back)
		add := func(name, text string, start, end int) {
			list = append(list, spelling{fmt.Sprintf("%s after %d", name, alignment), text, start, end})
		}
		add("raw", string(whole), alignment, alignment+len(value))
		h := hex.EncodeToString(whole)
		for name, text := range map[string]string{"hex": h, "HEX": strings.ToUpper(h), "hEx": mixCase(r, h)} {
			add(name, text, 2*alignment, 2*(alignment+len(value)))
		}
		start, end := (8*alignment+5)/6, 8*(alignment+len(value))/6 // characters all of whose bits are the secret's
		add("base64", base64.StdEncoding.EncodeToString(whole), start, end)
		add("base64 raw", base64.RawStdEncoding.EncodeToString(whole), start, end)
		add("base64url", base64.URLEncoding.EncodeToString(whole), start, end)
		add("base64url raw", base64.RawURLEncoding.EncodeToString(whole), start, end)
	}
	return list
}

// masked is what name's mask of n bytes looks like.
func maskOf(name string, n int) string {
	text := "[REDACTED:" + name + "]"
	if name == "" {
		text = "[REDACTED]"
	}
	return (text + strings.Repeat("*", n))[:n]
}

func mixCase(r *rand.Rand, s string) string {
	b := []byte(s)
	for i, c := range b {
		if 'a' <= c && c <= 'z' && r.IntN(2) == 0 {
			b[i] = c - 32
		}
	}
	return string(b)
}

func randomBytes(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return string(b)
}

func letters(r *rand.Rand, n int) string {
	const all = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	b := make([]byte, n)
	for i := range b {
		b[i] = all[r.IntN(len(all))]
	}
	return string(b)
}

// pieces is an upstream that gives its body in pieces, one a read, and then err.
type pieces struct {
	list [][]byte
	err  error
}

func (p *pieces) Read(b []byte) (int, error) {
	for len(p.list) > 0 && len(p.list[0]) == 0 {
		p.list = p.list[1:]
	}
	if len(p.list) == 0 {
		if p.err != nil {
			return 0, p.err
		}
		return 0, io.EOF
	}
	n := copy(b, p.list[0])
	p.list[0] = p.list[0][n:]
	return n, nil
}

func split(body string, at ...int) *pieces {
	p := &pieces{}
	last := 0
	for _, i := range append(at, len(body)) {
		p.list = append(p.list, []byte(body[last:i]))
		last = i
	}
	return p
}

func oneByOne(body string) *pieces {
	p := &pieces{}
	for i := range len(body) {
		p.list = append(p.list, []byte{body[i]})
	}
	return p
}

func reader(t testing.TB, body io.Reader, o Options) *Reader {
	t.Helper()
	r, err := NewReader(body, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// scrubbed is the whole of a body after scrubbing.
func scrubbed(t testing.TB, body io.Reader, o Options) string {
	t.Helper()
	out, err := io.ReadAll(noEmptyReads{t, reader(t, body, o)})
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// noEmptyReads fails the test on a read of 0, nil.
type noEmptyReads struct {
	t testing.TB
	r io.Reader
}

func (e noEmptyReads) Read(p []byte) (int, error) {
	n, err := e.r.Read(p)
	if n == 0 && err == nil && len(p) > 0 {
		e.t.Error("Read gave 0, nil")
	}
	return n, err
}
