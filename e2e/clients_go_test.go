package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// goClient is an official client for Go: its calls, each of which checks what
// came back, by the step that it is. Writing is a call that changes something,
// granting one that mints access.
type goClient struct {
	name, module, provider string
	wants                  wants
	call, stream, pages, upload,
	download, graphQL, upstream,
	writing, granting func(c *conn) error
	more map[string]func(c *conn) error // what only this API has
}

// conn is where a client is pointed, and the token that it holds.
type conn struct {
	context.Context
	base, token string
	content     []byte // for uploads
}

func (w *world) runGo(t *testing.T, passed *tally, g goClient) {
	p, data := w.providers[g.provider], content()
	client := g.name + " " + moduleVersion(t, g.module)
	step := func(name string, do func(*conn) error, token string) {
		if do == nil {
			return
		}
		t.Run(name, func(t *testing.T) {
			err := do(&conn{t.Context(), w.base(g.provider), token, data})
			g.wants.check(t, g.outcome(name, err))
			if !t.Failed() {
				passed.pass(client, name)
			}
		})
	}
	step(stepCall, g.call, p.token)
	step(stepStream, g.stream, p.token)
	step(stepPages, g.pages, p.token)
	step(stepUpload, g.upload, p.token)
	step(stepDownload, g.download, p.token)
	step(stepGraphQL, g.graphQL, p.token)
	for _, name := range slices.Sorted(maps.Keys(g.more)) {
		step(name, g.more[name], p.token)
	}
	step(stepUpstream, g.upstream, p.token)
	step(stepBadToken, g.call, p.token[:len(p.token)-1]+"_")
	step(stepReads, g.pages, p.readOnly)
	step(stepWrites, g.writing, p.readOnly)
	step(stepGrant, g.granting, p.token)
	step(stepGrantGood, g.granting, p.granting)
}

// outcome names the error by the client's own class, wherever it is wrapped.
func (g goClient) outcome(step string, err error) outcome {
	o := outcome{Step: step}
	if err == nil {
		return o
	}
	o.Kind, o.Message = fmt.Sprintf("%T", err), err.Error()
	for e := err; e != nil; e = errors.Unwrap(e) {
		v := reflect.Indirect(reflect.ValueOf(e))
		if v.Kind() != reflect.Struct {
			continue
		}
		if f := v.FieldByName("Message"); f.IsValid() && f.Kind() == reflect.String {
			o.Message = f.String()
		}
		for _, name := range []string{"StatusCode", "Code"} {
			if f := v.FieldByName(name); f.IsValid() && f.CanInt() {
				o.Kind, o.Status = fmt.Sprintf("%T", e), int(f.Int())
				return o
			}
		}
		if f := v.FieldByName("Response"); f.IsValid() {
			if r, ok := f.Interface().(*http.Response); ok && r != nil {
				o.Kind, o.Status = fmt.Sprintf("%T", e), r.StatusCode
				return o
			}
		}
	}
	return o
}

// same is whether what came back is what went out.
func same(got io.Reader, want []byte) error {
	piece := make([]byte, 64<<10)
	for at := 0; ; {
		n, err := got.Read(piece)
		if n > len(want)-at || !bytes.Equal(piece[:n], want[at:at+n]) {
			return fmt.Errorf("of %d bytes other ones came back from the %d bytes that begin at %d", len(want), n, at)
		}
		switch at += n; {
		case err == io.EOF && at < len(want):
			return fmt.Errorf("%d bytes came back for %d", at, len(want))
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
	}
}

// expect is an error unless got is what was wanted.
func expect(what string, got, want any) error {
	if !reflect.DeepEqual(got, want) {
		return fmt.Errorf("%s is %v, want %v", what, got, want)
	}
	return nil
}

// masked is an error unless a secret that was born in an answer is there, and
// can't be read.
func masked(what, got string) error {
	if got == "" || strings.Trim(got, "*") != "" {
		return fmt.Errorf("%s is %q, which is not masked", what, got)
	}
	return nil
}

// digest is an error unless what came is of that SHA-256, in hex.
func digest(got []byte, want string) error {
	sum := sha256.Sum256(got)
	return expect("the digest", hex.EncodeToString(sum[:]), want)
}
