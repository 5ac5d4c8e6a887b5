package token

import (
	"errors"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestRules(t *testing.T) {
	cases := []struct {
		rule, method, path string
		want               bool
	}{
		{"GET /v1/models", "GET", "/v1/models", true},
		{"GET /v1/models", "get", "/v1/models", false},
		{"GET /v1/models", "HEAD", "/v1/models", false},
		{"GET /v1/models", "GET", "/v1/models/", false},
		{"GET /v1/models", "GET", "/v1/modelsx", false},
		{"GET /v1/models", "GET", "/V1/models", false},
		{"GET /v1/models*", "GET", "/v1/models/gpt/x", true},
		{"GET /v1/*/files", "GET", "/v1/a/b/files", true},
		{"GET /v1/*/files", "GET", "/v1/files", false},
		{"* /v1/*", "DELETE", "/v1/", true},
		{"* /*", "M-SEARCH", "/", true},
		{"POST /v1/chat/*", "POST", "/v2/chat/x", false},
		{"GET /a*b*c", "GET", "/abbc", true},
		{"GET /a*b*c", "GET", "/acb", false},
		{"GET /a*a", "GET", "/a", false},
		{"GET /**", "GET", "/x", true},
		{"GET /%2F", "GET", "/%2f", false},
	}
	for _, c := range cases {
		r, err := ParseRule(c.rule)
		if err != nil {
			t.Errorf("%s: %v", c.rule, err)
			continue
		}
		if r.Matches(c.method, c.path) != c.want {
			t.Errorf("%q on %s %s: want %v", c.rule, c.method, c.path, c.want)
		}
	}
	if (Rule{}).Matches("", "") || (Rule{}).Matches("*", "") {
		t.Error("the zero Rule matches")
	}
}

func TestBadRulesAreRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                                  "begin with a method",
		"/v1/models":                        "begin with a method",
		"get /v1":                           "begin with a method",
		"GET,POST /v1":                      "begin with a method",
		"-GET /v1":                          "begin with a method",
		" GET /v1":                          "begin with a method",
		"GET":                               `begins with "/"`,
		"GET v1":                            `begins with "/"`,
		"GET  /v1":                          `begins with "/"`,
		"GET *":                             `begins with "/"`,
		"GET https://x/":                    `begins with "/"`,
		"GET /v1 ":                          "space or control",
		"GET /v1?x=1":                       "against the path alone",
		"GET /v1#x":                         "against the path alone",
		"GET /v1\n":                         "space or control",
		`GET /v1\x`:                         "against the path alone",
		"GET /v1/../x":                      "never match",
		"GET /.":                            "never match",
		"GET /" + strings.Repeat("x", 1024): "more than 1024",
	} {
		if _, err := ParseRule(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestParsingAndMatchingDoNotAllocate(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() {
		r, _ := ParseRule("GET /v1/*/files/*.json")
		if !r.Matches("GET", "/v1/a/b/files/x.json") {
			t.Fatal("no match")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// reference is the same glob by another way. Bytes become the runes of Latin-1,
// so that regexp counts bytes.
func reference(pattern, s string) bool {
	latin := func(s string) string {
		r := make([]rune, len(s))
		for i := range len(s) {
			r[i] = rune(s[i])
		}
		return string(r)
	}
	pieces := strings.Split(pattern, "*")
	for i, p := range pieces {
		pieces[i] = regexp.QuoteMeta(latin(p))
	}
	return regexp.MustCompile(`(?s)\A` + strings.Join(pieces, ".*") + `\z`).MatchString(latin(s))
}

func TestGlobIsTheReference(t *testing.T) {
	letters := func(most int, runes ...rune) *rapid.Generator[string] {
		return rapid.StringOfN(rapid.RuneFrom(runes), 0, most, -1)
	}
	rapid.Check(t, func(t *rapid.T) {
		pattern, s := letters(8, 'a', 'b', '*').Draw(t, "pattern"), letters(8, 'a', 'b').Draw(t, "s")
		if got, want := MatchGlob(pattern, s), reference(pattern, s); got != want {
			t.Fatalf("%q on %q: %v, the reference says %v", pattern, s, got, want)
		}
	})
}

func FuzzMatchGlob(f *testing.F) {
	for _, seed := range [][2]string{
		{"", ""}, {"*", ""}, {"a*", "a"}, {"*a", "aba"}, {"a*a", "a"}, {"*a*a*", "a"}, {"ab*ba", "aba"}, {"*ab*ab*", "abab"}, {"*aab", "aaab"},
		{"a**b", "ab"}, {"a*b*c", "abbcbc"}, {"\xff*", "\xff\xfe"}, {"a.c", "abc"}, {"*\n*", "a\nb"}, {"/v1/*/x", "/v1//x"},
	} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, pattern, s string) {
		if len(pattern)+len(s) > 512 {
			return
		}
		if got, want := MatchGlob(pattern, s), reference(pattern, s); got != want {
			t.Errorf("%q on %q: %v, the reference says %v", pattern, s, got, want)
		}
	})
}

func FuzzParseRule(f *testing.F) {
	for _, seed := range []string{"GET /v1/models", "* /*", "GET /..", "PUT /a b", "\xff /", "GET /\x80"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseRule(text)
		if err != nil {
			return
		}
		method, path, _ := strings.Cut(text, " ")
		if !r.Matches(method, strings.ReplaceAll(path, "*", "")) || method != "*" && r.Matches("", path) || r.Matches(method, "x"+path) {
			t.Errorf("%q does not match itself, or matches too much", text)
		}
	})
}

// Patterns that take a backtracking matcher for ever.
func TestGlobIsLinear(t *testing.T) {
	pattern := strings.Repeat("*a", 500) + "*b"
	s := strings.Repeat("a", 1<<16)
	start := time.Now()
	if MatchGlob(pattern, s) || MatchGlob(strings.Repeat("a*", 500)+"b", s) {
		t.Error("matched")
	}
	if took := time.Since(start); took > 5*time.Second { // it is some microseconds; backtracking would outlast us all
		t.Errorf("took %s", took)
	}
}

func TestRates(t *testing.T) {
	good := map[string]Rate{
		"": {}, "1/s": {1, time.Second}, "60/m": {60, time.Minute}, "1000000/h": {1_000_000, time.Hour},
	}
	for text, want := range good {
		r, err := ParseRate(text)
		if err != nil || r != want || r.String() != text || r.check() != nil {
			t.Errorf("%q: %v %v", text, r, err)
		}
		var back Rate
		if b, err := r.MarshalText(); err != nil || back.UnmarshalText(b) != nil || back != r {
			t.Errorf("%q does not come back from its text", text)
		}
	}
	for _, text := range []string{"0/m", "-1/m", "+1/m", "60", "60/", "60/d", "/m", "1.5/s", "60/M", "60/m ", "1000001/s", "99999999999999999999/s", "1/s/s"} {
		if r, err := ParseRate(text); !errors.Is(err, errRate) {
			t.Errorf("%q: %v %v", text, r, err)
		}
	}
	for _, r := range []Rate{{N: 1}, {Per: time.Second}, {-1, time.Second}, {1, -time.Second}, {5, time.Millisecond}, {maxRate + 1, time.Hour}} {
		if r.check() == nil {
			t.Errorf("%v passed", r)
		}
	}
}

func TestRulesAreCheckedTogether(t *testing.T) {
	r := Rules{
		Allow: []string{"GET /ok", "bad-allow"}, Deny: []string{"GET bad-deny"}, Ops: []string{"s3:Get*", "", "a b"},
		From: []netip.Prefix{{}, netip.MustParsePrefix("::ffff:10.0.0.0/104")}, Rate: Rate{N: -1},
	}
	err := r.check()
	if err == nil {
		t.Fatal("passed")
	}
	for _, want := range []string{"bad-allow", "bad-deny", `""`, "a b", "invalid Prefix", "::ffff:", "a rate is written"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not in: %v", want, err)
		}
	}
	ok := Rules{From: []netip.Prefix{netip.MustParsePrefix("10.1.2.3/8")}}
	given := ok.From
	if err := ok.check(); err != nil || ok.From[0].String() != "10.0.0.0/8" || given[0].String() != "10.1.2.3/8" {
		t.Errorf("%v %v %v", ok.From, given, err)
	}
	many := Rules{Ops: make([]string, maxRules+1)}
	for i := range many.Ops {
		many.Ops[i] = "x"
	}
	if err := many.check(); err == nil || !strings.Contains(err.Error(), "257") {
		t.Errorf("%v", err)
	}
}
