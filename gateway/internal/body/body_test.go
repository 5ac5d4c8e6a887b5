package body

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

func TestKindOf(t *testing.T) {
	for contentType, want := range map[string]Kind{
		"": Other, "application/json": JSON, "Application/JSON ; charset=\"utf-8\"": JSON, "text/json": JSON, "application/scim+json": JSON,
		"application/x-www-form-urlencoded": Form, "application/x-www-form-urlencoded; charset=latin1": Doubtful, "text/plain": Other,
		"application/x-ndjson": Other, "multipart/form-data; boundary=x": Doubtful, "multipart/mixed": Doubtful, "application/json; charset=utf-16": Doubtful,
		"application/json, text/plain": Doubtful, "nonsense;;": Doubtful,
	} {
		var headers []request.Header
		if contentType != "" {
			headers = []request.Header{{Name: "content-type", Value: contentType}}
		}
		if got := KindOf(headers); got != want {
			t.Errorf("%q: %d, want %d", contentType, got, want)
		}
		headers = append(headers, request.Header{Name: "Content-Encoding", Value: "gzip"})
		if got := KindOf(headers); got != Doubtful {
			t.Errorf("%q, coded: %d", contentType, got)
		}
	}
}

func TestSet(t *testing.T) {
	for _, c := range []struct {
		kind              abi.EditKind
		body, name, value string
		want              string
	}{
		{abi.SetJSON, `{}`, "key", "v", `{"key":"v"}`},
		{abi.SetJSON, " { \"a\": 1 }\n", "key", "v", " {\"key\":\"v\", \"a\": 1 }\n"},
		{abi.SetJSON, `{"a": 1, "key" : {"deep":[1]} , "b":2}`, "key", "v", `{"a": 1, "key" : "v" , "b":2}`},
		{abi.SetJSON, `{"k\u0065y":null}`, "key", "v", `{"k\u0065y":"v"}`},
		{abi.SetJSON, `{"key":"old"}`, "key", "a\"b\\c\n\u00e9", `{"key":"a\"b\\c\u000a` + "\u00e9" + `"}`},
		{abi.SetJSON, `{"a":{"key":1}}`, "key", "v", `{"key":"v","a":{"key":1}}`},
		{abi.SetJSON, `{"a":1}`, `q"`, "v", `{"q\"":"v","a":1}`},
		{abi.SetJSON, `[1]`, "key", "v", ""}, {abi.SetJSON, `7`, "key", "v", ""}, {abi.SetJSON, ``, "key", "v", ""}, {abi.SetJSON, `{"a":1,"a":2}`, "key", "v", ""},
		{abi.SetJSON, `{}`, "key", "\xff", ""},

		{abi.SetForm, ``, "key", "v", "key=v"},
		{abi.SetForm, `a=1&b=%20`, "key", "v&w=x y", "a=1&b=%20&key=v%26w%3Dx+y"},
		{abi.SetForm, `a=1&k%65y=old&b=2`, "key", "v", "a=1&key=v&b=2"},
		{abi.SetForm, `a=1&`, "key", "v", "a=1&key=v"},
		{abi.SetForm, `a=1;b=2`, "key", "v", ""}, {abi.SetForm, `a`, "key", "v", ""}, {abi.SetForm, `a=%zz`, "key", "v", ""},
	} {
		before := c.body
		got, err := Set([]byte(c.body), c.kind, c.name, []byte(c.value))
		if string(got) != c.want || (err != nil) != (c.want == "") || before != c.body {
			t.Errorf("%s: %s (%v), want %s", c.body, got, err, c.want)
		}
	}
}

func TestHold(t *testing.T) {
	const limit = 5000
	for _, c := range []struct {
		size, length int
		whole        bool
	}{
		{0, -1, true}, {0, 0, true}, {1, 1, true}, {limit, limit, true}, {limit, -1, true}, {limit + 1, -1, false}, {limit + 1, limit + 1, false},
		{3 * limit, -1, false}, {3 * limit, 3 * limit, false}, {2047, -1, true}, {2048, -1, true}, {2049, 2049, true},
	} {
		text := strings.Repeat("0123456789", 3*limit/10)[:c.size]
		for name, r := range map[string]io.Reader{"at once": strings.NewReader(text), "by bytes": iotest.OneByteReader(strings.NewReader(text)), "end with data": iotest.DataErrReader(strings.NewReader(text))} {
			m := NewMemory(limit + 1)
			h := m.Hold(r, c.length)
			whole, err := h.Fill(limit)
			if err != nil || whole != c.whole || whole && string(h.Bytes()) != text || len(h.Bytes()) > limit+1 {
				t.Errorf("%+v, %s: %v %v, %d bytes", c, name, whole, err, len(h.Bytes()))
			}
			got, err := io.ReadAll(io.LimitReader(h, int64(len(text))))
			if err != nil || string(got) != text {
				t.Errorf("%+v, %s: %d bytes go on (%v)", c, name, len(got), err)
			}
			h.Release()
			h.Release()
			if m.left.Load() != limit+1 {
				t.Errorf("%+v, %s: %d bytes are missing", c, name, limit+1-m.left.Load())
			}
		}
	}
}

// A second Fill goes on where the first one ended.
func TestHoldMore(t *testing.T) {
	text := strings.Repeat("x", 9000)
	h := NewMemory(1<<20).Hold(iotest.HalfReader(strings.NewReader(text)), -1)
	if whole, err := h.Fill(100); whole || err != nil {
		t.Fatal(whole, err)
	}
	if whole, err := h.Fill(8000); whole || err != nil {
		t.Fatal(whole, err)
	}
	if whole, err := h.Fill(9000); !whole || err != nil || string(h.Bytes()) != text {
		t.Fatal(whole, err)
	}
}

func TestHoldFails(t *testing.T) {
	broken := errors.New("broken")
	if _, err := NewMemory(1<<20).Hold(io.MultiReader(strings.NewReader("x"), iotest.ErrReader(broken)), -1).Fill(10); err != broken {
		t.Error(err)
	}
	if _, err := NewMemory(1<<20).Hold(strings.NewReader("x"), 5).Fill(10); err != io.ErrUnexpectedEOF {
		t.Error(err)
	}
	m := NewMemory(3000)
	h := m.Hold(strings.NewReader(strings.Repeat("x", 9000)), -1)
	if _, err := h.Fill(8000); fault.From(err).Code != fault.Overloaded {
		t.Error(err)
	}
	if h.Release(); m.left.Load() != 3000 {
		t.Errorf("%d bytes are left", m.left.Load())
	}
}

// FuzzSetJSON: the standard library finds the field set, and all else as it was.
func FuzzSetJSON(f *testing.F) {
	f.Add([]byte(`{"a":1,"key":"old"}`), "key", "new\"")
	f.Add([]byte(` { } `), "", "")
	f.Add([]byte(`{"\u006b":[{}]}`), "k", "\u2028\\")
	f.Fuzz(func(t *testing.T, b []byte, name, value string) {
		out, err := Set(b, abi.SetJSON, name, []byte(value))
		if err != nil {
			return
		}
		var before, after map[string]any
		if json.Unmarshal(b, &before) != nil || json.Unmarshal(out, &after) != nil {
			t.Fatalf("%q became %q", b, out)
		}
		if after[name] != value {
			t.Fatalf("%q: %q is %q", out, name, after[name])
		}
		delete(before, name)
		delete(after, name)
		one, _ := json.Marshal(before)
		two, _ := json.Marshal(after)
		if !bytes.Equal(one, two) {
			t.Fatalf("%q became %q", b, out)
		}
	})
}

// FuzzForm: what is taken apart here the standard library reads the same way.
func FuzzForm(f *testing.F) {
	f.Add([]byte("a=1&b=%20+&c[]=1&c[]=2"), "key", "v")
	f.Add([]byte("k%65y=1&"), "key", "&=;%")
	f.Add([]byte("a=1&a=2"), "a", "")
	f.Fuzz(func(t *testing.T, b []byte, name, value string) {
		list, err := fields(b)
		if err != nil {
			return
		}
		want, err := url.ParseQuery(string(b))
		if err != nil {
			t.Fatalf("%q was taken: %v", b, err)
		}
		got := url.Values{}
		for _, p := range list {
			got.Add(p.name, p.value)
		}
		if got.Encode() != want.Encode() {
			t.Fatalf("%q reads %v, want %v", b, got, want)
		}
		if name == "" || len(got[name]) > 1 {
			return
		}
		out, err := Set(b, abi.SetForm, name, []byte(value))
		if err != nil {
			t.Fatal(err)
		}
		want.Set(name, value)
		if after, err := url.ParseQuery(string(out)); err != nil || after.Encode() != want.Encode() {
			t.Fatalf("%q became %q: %v", b, out, err)
		}
	})
}
