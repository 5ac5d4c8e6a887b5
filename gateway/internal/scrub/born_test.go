package scrub

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/plugin-sdk/strictjson"
)

func TestBorn(t *testing.T) {
	for _, c := range []struct{ paths, body, want string }{
		{"result.value", `{"result":{"id":"1","value":"s3cret"},"value":"open"}`, `{"result":{"id":"1","value":"******"},"value":"open"}`},
		{"data.*.key", `{"data":[{"key":"k1","n":"a"},{"n":"b","key":"k2"}]}`, `{"data":[{"key":"**","n":"a"},{"n":"b","key":"**"}]}`},
		{"data.*.key", `{"data":{"x":{"key":"k1"},"key":"open"}}`, `{"data":{"x":{"key":"**"},"key":"open"}}`},
		{"key", `[{"key":"open"}]`, `[{"key":"open"}]`},
		{"*", `["a",[["b"]],{"c":"d"}]`, `["*",[["*"]],{"c":"*"}]`},
		{"a,b.c", `{"b":{"c":"x","d":"y"},"a":"z"}`, `{"b":{"c":"*","d":"y"},"a":"*"}`},
		{"key", `{"key":{"deep":["one",{"two":"2"}],"n":-10.5e-07},"other":1}`, `{"key":{"deep":["***",{"two":"*"}],"n":-11.1e-11},"other":1}`},
		{"key", `{"key":0,"b":0}`, `{"key":1,"b":0}`},
		{"key", `{"key":true,"b":null}`, `{"key":true,"b":null}`},
		{"key", `{"key":"a\"b\\\u0041\ud83d\ude00","b":"\""}`, `{"key":"***` + strings.Repeat("*", 1+2+6+12) + `","b":"\""}`},
		{"key", `{"k\u0065y":"s","KEY":"s","Key":"s","ke":"o","keyy":"o"}`, `{"k\u0065y":"*","KEY":"*","Key":"*","ke":"o","keyy":"o"}`},
		{"key", `{"key":"s","key":"t"}`, `{"key":"*","key":"*"}`},
		{"key", " {\n\t\"key\" : \"s\" ,\r\"a\":[ ] , \"b\":{ } } \n", " {\n\t\"key\" : \"*\" ,\r\"a\":[ ] , \"b\":{ } } \n"},
		{"key", "{\"key\":\"\u00e9\"}", `{"key":"**"}`},
		{"schl\u00fcssel", `{"schl\u00fcssel":"s"}`, `{"schl\u00fcssel":"*"}`},
		{"key", ``, ``}, {"key", ` `, ` `}, {"key", `7`, `7`}, {"key", `"key"`, `"key"`}, {"key", ` null `, ` null `},
	} {
		for name, r := range map[string]io.Reader{"at once": strings.NewReader(c.body), "by bytes": iotest.OneByteReader(strings.NewReader(c.body)), "end with data": iotest.DataErrReader(strings.NewReader(c.body))} {
			b := NewBorn(r, strings.Split(c.paths, ","))
			got, err := io.ReadAll(b)
			if err != nil || string(got) != c.want {
				t.Errorf("%s of %s, %s:\n%s (%v), want\n%s", c.paths, c.body, name, got, err, c.want)
			}
		}
	}
	b := NewBorn(strings.NewReader(`{"key":["a",{"b":1}],"x":[1,2],"other":{"key":2}}`), []string{"key", "x"})
	if _, err := io.ReadAll(b); err != nil || b.Masked() != 4 {
		t.Errorf("%d masked, %v", b.Masked(), err)
	}
}

// What isn't JSON to the letter gets no further than where that shows, and the
// secret, wherever it stands behind that, does not leave.
func TestBornCutsWhatItCannotRead(t *testing.T) {
	const secret = "s3cret"
	for _, body := range []string{
		`{"key":'s3cret'}`, `{key:"s3cret"}`, `/*x*/{"key":"s3cret"}`, `{"a":1,,"key":"s3cret"}`, `{"a":01,"key":"s3cret"}`, `{"a":.5,"key":"s3cret"}`,
		`{"a":NaN,"key":"s3cret"}`, `{"a":1}{"key":"s3cret"}`, "data: {\"key\":\"s3cret\"}\n\n", "\xef\xbb\xbf{\"key\":\"s3cret\"}", "\x00{\x00\"\x00k", `<html>s3cret`,
		`["a" "s3cret"]`, `{"a":"\x","key":"s3cret"}`, `{"a":"\ud800","key":"s3cret"}`, `{"a":"\ud800\u0041","key":"s3cret"}`, `{"a":"\udc00","key":"s3cret"}`,
		"{\"a\":\"\n\",\"key\":\"s3cret\"}", `{"a":tru,"key":"s3cret"}`, `{"a":1.,"key":"s3cret"}`, `{"a":1e,"key":"s3cret"}`, `{"a":-,"key":"s3cret"}`, `{"a":[1},"key":"s3cret"}`,
		`}`, `]`, `,`, `{]`, `{"a"]`, strings.Repeat("[", maxDepth+1) + `"s3cret"`, `{"key":"s3cret"`, `{"key":"s3cret`, `{"key"`, `{`, `["s3cret",`, `tru`, `-`, `1.`, "12 3", `{"a":1]`,
	} {
		out, err := io.ReadAll(NewBorn(iotest.OneByteReader(strings.NewReader(body)), []string{"key"}))
		if fault.From(err).Code != fault.UpstreamProtocol || err == nil {
			t.Errorf("%q passes: %q, %v", body, out, err)
		}
		if strings.Contains(string(out), secret) && strings.Contains(body, `"key":"s3cret"`) {
			t.Errorf("%q: %q", body, out)
		}
	}
	broken := errors.New("broken")
	b := NewBorn(io.MultiReader(strings.NewReader(`{"key":"s3c`), iotest.ErrReader(broken)), []string{"key"})
	if out, err := io.ReadAll(b); err != broken || string(out) != `{"key":"***` {
		t.Errorf("%q, %v", out, err)
	}
	if _, err := b.Read(make([]byte, 1)); err != broken {
		t.Errorf("it goes on after an error: %v", err)
	}
}

// A long name costs no memory, and is not taken for its beginning.
func TestBornIsBounded(t *testing.T) {
	long := strings.Repeat("k", maxName)
	body := `{"` + long + `":"s","` + long + `x":"o","` + strings.Repeat("y", 1<<20) + `":"o"}`
	b := NewBorn(strings.NewReader(body), []string{long})
	got, err := io.ReadAll(b)
	if err != nil || !strings.HasPrefix(string(got), `{"`+long+`":"*","`+long+`x":"o"`) || cap(b.json.name) > 4*maxName {
		t.Errorf("%v, a name of %d bytes", err, cap(b.json.name))
	}
}

// FuzzBorn: what passes is JSON, as long as it was, alike but for the values at
// the paths, and nothing of those is left; and all JSON passes.
func FuzzBorn(f *testing.F) {
	for _, s := range []string{`{"a":{"x":{"k":"secret"}},"key":["s",7]}`, `{"key":-0.5e+1,"\u006bey":null}`, `[{"a":[{"k":"\ud83d\ude00"}]}]`} {
		f.Add([]byte(s), 3)
	}
	f.Fuzz(func(t *testing.T, body []byte, split int) {
		paths := []string{"key", "a.*.k"}
		split = max(0, split%(len(body)+1))
		out, err := io.ReadAll(NewBorn(io.MultiReader(bytes.NewReader(body[:split]), bytes.NewReader(body[split:])), paths))
		checked := strictjson.Check(body)
		switch {
		case err != nil:
			if checked == nil {
				t.Fatalf("%q was cut: %v", body, err)
			}
			return
		case len(out) != len(body):
			t.Fatalf("%q became %q", body, out)
		case checked != nil:
			return // a name twice, or no UTF-8: to be masked as the table test has it
		}
		before, _ := strictjson.Parse(body)
		after, err := strictjson.Parse(out)
		if err != nil {
			t.Fatalf("%q became %q: %v", body, out, err)
		}
		compare(t, before, after, nil)
	})
}

func compare(t *testing.T, before, after *strictjson.Value, path []string) {
	secret := len(path) >= 1 && strings.EqualFold(path[0], "key") || len(path) >= 3 && strings.EqualFold(path[0], "a") && strings.EqualFold(path[2], "k")
	if before.Kind() != after.Kind() || len(before.Members()) != len(after.Members()) || len(before.Items()) != len(after.Items()) {
		t.Fatalf("%s became %s", before.Raw(), after.Raw())
	}
	for i, m := range before.Members() {
		if m.Name != after.Members()[i].Name {
			t.Fatalf("the name %q became %q", m.Name, after.Members()[i].Name)
		}
		compare(t, m.Value, after.Members()[i].Value, append(path[:len(path):len(path)], m.Name))
	}
	for i, item := range before.Items() {
		compare(t, item, after.Items()[i], append(path[:len(path):len(path)], "[]"))
	}
	switch before.Kind() {
	case strictjson.String:
		if secret && strings.ReplaceAll(string(after.Raw()), "*", "") != `""` {
			t.Fatalf("%s is left of %s", after.Raw(), before.Raw())
		}
	case strictjson.Number:
		if secret && strings.ContainsAny(string(after.Raw()), "023456789") {
			t.Fatalf("%s is left of %s", after.Raw(), before.Raw())
		}
	}
	if !secret && before.Kind() < strictjson.Array && !bytes.Equal(before.Raw(), after.Raw()) {
		t.Fatalf("%s became %s", before.Raw(), after.Raw())
	}
}

func BenchmarkBorn(b *testing.B) {
	item, _ := json.Marshal(map[string]any{"id": "obj_7", "name": "a thing of some sort", "count": 17, "key": "0123456789abcdef"})
	text := []byte(`{"data":[` + strings.TrimSuffix(strings.Repeat(string(item)+",", 600), ",") + `]}`)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		_, _ = io.Copy(io.Discard, struct{ io.Reader }{NewBorn(bytes.NewReader(text), []string{"data.*.key"})})
	}
}
