package apply_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/seksbot/seks-broker/gateway/internal/apply"
	"github.com/seksbot/seks-broker/gateway/internal/expr"
	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/request"
	seks "github.com/seksbot/seks-broker/plugin-sdk"
)

func session(v expr.Vetted, fields standIns) *expr.Session {
	s := v.Session()
	s.Open(fields)
	return s
}

func edit(t *testing.T, p *seks.Plan, l apply.Line) apply.Edited {
	t.Helper()
	r, _, err := apply.Edit(session(vetted(t, p), standIns{"api_key": key, "account": "a b&c=d"}), l)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func headers(text string) []request.Header {
	var list []request.Header
	for _, line := range strings.Split(text, "|") {
		if name, value, ok := strings.Cut(line, ": "); ok {
			list = append(list, request.Header{Name: name, Value: value})
		}
	}
	return list
}

func TestHeaderEdits(t *testing.T) {
	plan := func() *seks.Plan { return new(seks.Plan) }
	v := seks.Lit("v")
	tests := []struct {
		name string
		plan *seks.Plan
		in   string
		want string
	}{
		{"none", plan(), "A: 1|b: 2|A: 3", "A: 1|b: 2|A: 3"},
		{"set, in the place and spelling of the first", plan().SetHeader("x-a", v), "B: 1|X-A: 2|C: 3|x-a: 4|D: 5", "B: 1|X-A: v|C: 3|D: 5"},
		{"set, at the end where there is none", plan().SetHeader("x-a", v), "B: 1", "B: 1|x-a: v"},
		{"set, on nothing", plan().SetHeader("x-a", v), "", "x-a: v"},
		{"set twice: the last holds", plan().SetHeader("x-a", v).SetHeader("X-A", seks.Lit("w")), "B: 1", "B: 1|x-a: w"},
		{"add, beside those there are", plan().AddHeader("x-a", v).AddHeader("x-a", seks.Lit("w")), "X-A: 1|B: 2", "X-A: 1|B: 2|x-a: v|x-a: w"},
		{"remove every one", plan().RemoveHeader("x-a"), "X-A: 1|B: 2|x-a: 3", "B: 2"},
		{"remove none", plan().RemoveHeader("x-a"), "x-ab: 1|x: 2", "x-ab: 1|x: 2"},
		{"remove and set", plan().RemoveHeader("x-a").SetHeader("x-a", v), "x-a: 1|B: 2|x-a: 3", "B: 2|x-a: v"},
		{"add and set: one is left", plan().AddHeader("x-a", v).SetHeader("x-a", seks.Lit("w")), "B: 2", "B: 2|x-a: w"},
		{"set and remove", plan().SetHeader("x-a", v).RemoveHeader("x-a"), "B: 2|x-a: 1", "B: 2"},
		{"repeats of others stay", plan().SetHeader("x-a", v), "C: 1|c: 2|C: 1", "C: 1|c: 2|C: 1|x-a: v"},
		{"an empty value", plan().SetHeader("x-a", seks.Lit("")), "", "x-a: "},
		{"a field", plan().SetHeader("authorization", seks.Concat(seks.Lit("Bearer "), seks.Field("api_key"))), "A: 1", "A: 1|authorization: Bearer " + key},
		{"a tab and bytes above ASCII", plan().SetHeader("x-a", seks.Lit("a\tb\xff")), "", "x-a: a\tb\xff"},
	}
	for _, tt := range tests {
		in := headers(tt.in)
		got := edit(t, tt.plan, apply.Line{Path: "/", Headers: in})
		if text(got.Headers) != tt.want || got.Target != "/" {
			t.Errorf("%s: %q, %q, want %q", tt.name, text(got.Headers), got.Target, tt.want)
		}
		if text(in) != tt.in {
			t.Errorf("%s: the line's headers were changed to %q", tt.name, text(in))
		}
	}
}

// Two requests that share a line's memory do not see each other's headers.
func TestAddedHeadersAreNotShared(t *testing.T) {
	roomy := append(make([]request.Header, 0, 8), request.Header{Name: "A", Value: "1"})
	one := edit(t, new(seks.Plan).AddHeader("x-key", seks.Field("api_key")), apply.Line{Path: "/", Headers: roomy})
	two := edit(t, new(seks.Plan).AddHeader("x-b", seks.Lit("other")), apply.Line{Path: "/", Headers: roomy})
	if text(one.Headers) != "A: 1|x-key: "+key || text(two.Headers) != "A: 1|x-b: other" || roomy[:2][1].Value != "" {
		t.Errorf("%q and %q", text(one.Headers), text(two.Headers))
	}
}

func TestQueryEdits(t *testing.T) {
	plan := func() *seks.Plan { return new(seks.Plan) }
	v := seks.Lit("v")
	tests := []struct{ name, in, want string }{
		{"none", "a=1&b=%2f&a=+%20&c", "a=1&b=%2f&a=+%20&c"},
		{"set k", "a=%2F&k=1&b=+", "a=%2F&b=+&k=v"},
		{"set k", "", "k=v"},
		{"set k", "%6b=1&k&k=&K=2&kk=3&a=k", "K=2&kk=3&a=k&k=v"}, // names are compared decoded, in their case
		{"set k", "%zz=1&k%=2", "%zz=1&k%=2&k=v"},                // what can't be decoded is no k
		{"set k", "k=1;x=2&a", "a&k=v"},
		{"add k", "k=1&%6b=2", "k=1&%6b=2&k=v"},
		{"remove k", "k=1&a=%41&%6B=2", "a=%41"},
		{"remove k", "k=1", ""},
		{"remove a b", "a+b=1&a%20b=2&a%2Bb=3", "a%2Bb=3"},
		{"set a b", "a+b=1&x", "x&a+b=v"},
		{"set field", "", "k=a+b%26c%3Dd"}, // a value adds no parameter of its own
	}
	for _, tt := range tests {
		p := map[string]*seks.Plan{
			"none": plan(), "set k": plan().SetQuery("k", v), "add k": plan().AddQuery("k", v), "remove k": plan().RemoveQuery("k"),
			"remove a b": plan().RemoveQuery("a b"), "set a b": plan().SetQuery("a b", v), "set field": plan().SetQuery("k", seks.Field("account")),
		}[tt.name]
		want := "/p"
		if tt.want != "" {
			want += "?" + tt.want
		}
		if got := edit(t, p, apply.Line{Path: "/p", Query: tt.in}); got.Target != want {
			t.Errorf("%s on %q: %q, want %q", tt.name, tt.in, got.Target, want)
		}
	}
}

// Every parameter that no edit names keeps its bytes and its place, and the one
// that was set is read back as it was meant.
func TestQueryEditsKeepTheRest(t *testing.T) {
	p := vetted(t, new(seks.Plan).SetQuery("k", seks.Field("account")))
	rapid.Check(t, func(t *rapid.T) {
		pairs := rapid.SliceOf(rapid.StringMatching(`(%6[bB]|k|K|a|%zz)?(=[a-z%+;2]{0,4})?`)).Draw(t, "pairs")
		value := rapid.String().Draw(t, "value")
		got, _, err := apply.Edit(session(p, standIns{"account": value}), apply.Line{Path: "/", Query: strings.Join(pairs, "&")})
		if err != nil {
			t.Fatal(err)
		}
		_, query, _ := strings.Cut(got.Target, "?")
		var want []string
		for _, pair := range pairs {
			name, _, _ := strings.Cut(pair, "=")
			if pair != "" && name != "k" && !strings.EqualFold(name, "%6b") {
				want = append(want, pair)
			}
		}
		rest, set := query[:strings.LastIndex("&"+query, "&k=")], query[strings.LastIndex("&"+query, "&k=")+2:]
		if strings.TrimSuffix(rest, "&") != strings.Join(want, "&") {
			t.Fatalf("%q became %q", pairs, query)
		}
		if plain, err := url.QueryUnescape(set); err != nil || plain != value {
			t.Fatalf("%q was set and reads %q", value, plain)
		}
	})
}

// A value can end no header and begin no other.
func TestIllegalValues(t *testing.T) {
	for _, value := range []string{"a\r\nHost: evil", "a\nb", "a\rb", "a\x00b", "\x7f", "\x1b"} {
		for _, p := range []*seks.Plan{
			new(seks.Plan).SetHeader("x-key", seks.Field("api_key")),
			new(seks.Plan).AddHeader("x-key", seks.Concat(seks.Lit("v "), seks.Field("api_key"))),
			new(seks.Plan).SetHeader("x-a", seks.Lit(value)),
		} {
			r, derived, err := apply.Edit(session(vetted(t, p), standIns{"api_key": value}), apply.Line{Path: "/"})
			if err == nil || fault.From(err).Code != fault.PluginFailed || !strings.Contains(err.Error(), "line break or control byte") {
				t.Errorf("%q: %v", value, err)
			}
			if strings.Contains(fmt.Sprint(err), value) || derived != nil || strings.Contains(text(r.Headers), value) {
				t.Errorf("%q comes out with the error %v", value, err)
			}
		}
		// In a query it is percent-encoded, and so harms nothing.
		got := edit(t, new(seks.Plan).SetQuery("k", seks.Lit(value)), apply.Line{Path: "/"})
		if strings.ContainsAny(got.Target, "\r\n\x00\x7f\x1b") {
			t.Errorf("target %q", got.Target)
		}
	}
}

func TestEditsThatFail(t *testing.T) {
	big := strings.Repeat("x", 8000)
	eight := make([]seks.Expr, 8)
	for i := range eight {
		eight[i] = seks.Field("account")
	}
	huge := new(seks.Plan)
	for i := range 5 {
		huge.SetHeader(fmt.Sprint("x-", i), seks.Concat(eight...))
	}
	tests := []struct {
		name   string
		plan   *seks.Plan
		fields standIns
		want   string
	}{
		{"a value that is too long", new(seks.Plan).SetHeader("x", seks.Concat(eight...).Hex()), standIns{"account": big}, "at most 65536"},
		{"values that are too long together", huge, standIns{"account": big}, "more than 262144 bytes"},
	}
	for _, tt := range tests {
		_, _, err := apply.Edit(session(vetted(t, tt.plan), tt.fields), apply.Line{Path: "/"})
		f := fault.From(err)
		if err == nil || f.Code != fault.PluginFailed || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.name, err)
		}
		if !strings.Contains(f.Message, `"example"`) || strings.Contains(f.Message, tt.want) {
			t.Errorf("%s: the agent is told %q: the plugin's name, and no more", tt.name, f.Message)
		}
	}
}

// A credential without a field that a request needs is for the operator to mend,
// and who reads the error is told which field that is.
func TestAFieldThatTheCredentialLacks(t *testing.T) {
	_, _, err := apply.Edit(session(vetted(t, seks.Bearer("api_key")), standIns{"account": "a"}), apply.Line{Path: "/"})
	f := fault.From(err)
	if f.Code != fault.CredentialUnavailable || !strings.Contains(f.Message, `"api_key"`) || !strings.Contains(f.Message, "ask the operator to set it") {
		t.Errorf("%v", err)
	}
}
