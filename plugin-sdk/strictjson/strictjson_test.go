package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCheck(t *testing.T) {
	for text, want := range map[string]error{
		`{}`: nil, ` [ ] `: nil, `"a"`: nil, `-0.5e+7`: nil, "null\n": nil, `{"a":{"a":1},"b":[{"a":1},{"a":1}]}`: nil,
		`"\ud83d\ude00\u00e9\/\b\f\n\r\t\"\\"`: nil, strings.Repeat("[", MaxDepth) + strings.Repeat("]", MaxDepth): nil,

		`{"a":1,"a":1}`: ErrTwice, `[{"b":{"a":1,"c":2,"\u0061":3}}]`: ErrTwice, `{"":1,"":2}`: ErrTwice,
		manyNames(40) + `,"n7":0}`: ErrTwice, manyNames(3) + `,"n2":0}`: ErrTwice, manyNames(17) + `,"n16":0}`: ErrTwice,

		``: errSyntax, ` `: errSyntax, `{`: errSyntax, `{"a"}`: errSyntax, `{"a":}`: errSyntax, `{"a":1,}`: errSyntax, `[1,]`: errSyntax, `[1 2]`: errSyntax,
		`{a:1}`: errSyntax, `{'a':1}`: errSyntax, `01`: errSyntax, `1.`: errSyntax, `.5`: errSyntax, `1e`: errSyntax, `+1`: errSyntax, `NaN`: errSyntax,
		`{} {}`: errSyntax, `nul`: errSyntax, "\"\n\"": errSyntax, `"\x41"`: errSyntax, `"\u12g4"`: errSyntax, `"\u12`: errSyntax, `"\`: errSyntax,
		`"\ud800"`: errSyntax, `"\ud800\u0041"`: errSyntax, `"\udc00"`: errSyntax, "\"\xff\"": errSyntax, "\xef\xbb\xbf{}": errSyntax,
		`/*c*/{}`: errSyntax, "\x00": errSyntax, strings.Repeat("[", MaxDepth+1) + strings.Repeat("]", MaxDepth+1): errSyntax, strings.Repeat("[", MaxDepth) + "1" + strings.Repeat("]", MaxDepth): nil, `"\u+123"`: errSyntax,
	} {
		if err := Check([]byte(text)); !errors.Is(err, want) && err != want {
			t.Errorf("%.60q: %v, want %v", text, err, want)
		}
	}
}

func manyNames(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(map[bool]string{true: `{`, false: `,`}[i == 0] + `"n` + string(json.Number(itoa(i))) + `":0`)
	}
	return b.String()
}

func itoa(i int) string { b, _ := json.Marshal(i); return string(b) }

func TestParse(t *testing.T) {
	v, err := Parse([]byte(` {"query":"{ viewer }","variables":{"id":7,"on":true,"off":false,"no":null},"list":["a\u0062",2]} `))
	if err != nil {
		t.Fatal(err)
	}
	if q, ok := v.Get("query").Text(); !ok || q != "{ viewer }" {
		t.Errorf("query %q", q)
	}
	if !v.Get("variables", "on").True() || v.Get("variables", "off").True() || v.Get("variables", "no").Kind() != Null || string(v.Get("variables", "id").Raw()) != "7" {
		t.Error("the members are read wrongly")
	}
	if items := v.Get("list").Items(); len(items) != 2 || items[1].Kind() != Number || string(items[0].Raw()) != `"a\u0062"` {
		t.Errorf("%v", items)
	}
	if text, _ := v.Get("list").Items()[0].Text(); text != "ab" {
		t.Errorf("%q", text)
	}
	if len(v.Members()) != 3 || v.Members()[1].Name != "variables" || v.Kind() != Object {
		t.Error("the object is read wrongly")
	}
	missing := v.Get("query", "deeper", "still")
	if _, ok := missing.Text(); ok || missing.Kind() != Missing || missing.Items() != nil || missing.Members() != nil || missing.Raw() != nil || missing.True() || missing.Get("x") != nil {
		t.Error("what is missing is something")
	}
}

func TestAppendString(t *testing.T) {
	for _, text := range []string{"", "plain", "\"\\/\x00\x1f\x7f", "caf\u00e9 \U0001f600\u2028"} {
		quoted := AppendString(nil, text)
		if v, err := Parse(quoted); err != nil {
			t.Errorf("%s: %v", quoted, err)
		} else if got, _ := v.Text(); got != text {
			t.Errorf("%s reads %q", quoted, got)
		}
	}
}

// FuzzParse holds this parser to the standard library's: what it takes, that
// one takes too, and reads the same; what it refuses, that one refuses, or it
// has one of the doubts that are ours.
func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"a":[1,"\u0041",{"b":null}]}`, `{"a":1,"\u0061":2}`, `[1e5,-0.1,true]`, `"\ud800"`, `{"a":{"b":{"c":[]}}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		v, err := Parse(text)
		if check := Check(text); check != err {
			t.Fatalf("%q: Parse says %v, Check %v", text, err, check)
		}
		if err != nil {
			if json.Valid(text) && err != ErrTwice && utf8.Valid(text) && !bytes.Contains(text, []byte(`\u`)) && depth(text) <= MaxDepth {
				t.Fatalf("%q was refused: %v", text, err)
			}
			return
		}
		var want any
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&want); err != nil {
			t.Fatalf("%q was taken: %v", text, err)
		}
		if _, err := d.Token(); err != io.EOF {
			t.Fatalf("%q was taken with something behind it", text)
		}
		if got := plain(v); !reflect.DeepEqual(got, want) {
			t.Fatalf("%q reads %v, want %v", text, got, want)
		}
	})
}

func depth(text []byte) int { return bytes.Count(text, []byte("[")) + bytes.Count(text, []byte("{")) }

func plain(v *Value) any {
	switch v.Kind() {
	case Null:
		return nil
	case Bool:
		return v.True()
	case Number:
		return json.Number(v.Raw())
	case String:
		text, _ := v.Text()
		return text
	case Array:
		list := make([]any, 0)
		for _, item := range v.Items() {
			list = append(list, plain(item))
		}
		return list
	}
	object := map[string]any{}
	for _, m := range v.Members() {
		object[m.Name] = plain(m.Value)
	}
	return object
}
