package pipeline_test

import (
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/exchange"
	"github.com/seksbot/seks-broker/gateway/internal/pipeline"
	"github.com/seksbot/seks-broker/plugin-sdk/puppet"
)

// panicking is a body that panics when it has given some bytes.
type panicking struct{ io.Reader }

func (p panicking) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	if err == io.EOF {
		panic(theKey) // whose text must reach nobody
	}
	return n, err
}

// Whatever stage panics, this request is refused, what it held is given back, its
// line says where, and the next ones are served.
func TestAStageThatPanics(t *testing.T) {
	r := open(t, func(w http.ResponseWriter, req *http.Request) {
		if _, err := io.Copy(io.Discard, req.Body); err == nil {
			_, _ = io.WriteString(w, "fine")
		}
	}, map[string]guest{"upper": transforms(puppet.Upper, nil, nil)})
	var ended, panicked atomic.Int64
	r.Ended = func(x *exchange.Exchange) {
		ended.Add(1)
		if x.Panicked {
			panicked.Add(1)
		}
	}
	providers := r.Providers
	after := func(n int64) func() *pipeline.Providers {
		var calls atomic.Int64
		return func() *pipeline.Providers {
			if calls.Add(1) > n {
				panic(theKey)
			}
			return providers()
		}
	}
	upload := func(provider string, size, length int) pipeline.Incoming {
		in := r.post(provider, "/x", "")
		in.Body, in.Length = panicking{strings.NewReader(strings.Repeat("x", size))}, length
		return in
	}
	watched := r.get("p", "/x")
	watched.Watch = func(func()) { var none []int; none[5]++ }
	for name, c := range map[string]struct {
		in        pipeline.Incoming
		providers func() *pipeline.Providers
	}{
		"at the door": {r.get("p", "/x"), after(0)}, "with an answer": {r.get("p", "/x"), after(1)}, "while it is sent": {watched, providers},
		"a small body": {upload("p", 10, 1000), providers}, "a long body": {upload("p", 1<<20, 2<<20), providers}, "chunks": {upload("p", 1<<20, -1), providers},
		"through a plugin": {upload("upper", 100<<10, -1), providers},
	} {
		before := panicked.Load()
		r.Providers = c.providers
		reply := r.Serve(c.in)
		r.Providers = providers
		text, err := read(t, reply)
		if err != nil || reply.Status != 502 || one(reply, "X-Seks-Error") != "upstream_protocol" || strings.Contains(text, theKey) || strings.Contains(text, "panic") {
			t.Errorf("%s: %d %s %v", name, reply.Status, text, err)
		}
		l := r.lines()
		if last := l[len(l)-1]; !strings.Contains(last.Reason, "panic: ") || !strings.Contains(last.Reason, "_test.go:") || strings.Contains(last.Reason, theKey) || panicked.Load() != before+1 {
			t.Errorf("%s: %+v", name, last)
		}
		reply = r.Serve(r.get("p", "/x"))
		if text, err := read(t, reply); err != nil || text != "fine" {
			t.Errorf("after %s: %d %s %v", name, reply.Status, text, err)
		}
	}
	if n := int64(len(r.lines())); n != 14 || ended.Load() != n {
		t.Errorf("%d lines, %d ends", n, ended.Load())
	}
	r.idle()
}
