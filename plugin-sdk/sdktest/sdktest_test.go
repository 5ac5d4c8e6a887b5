package sdktest

import (
	"strings"
	"testing"
	"time"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
)

func manifest() seks.Manifest {
	return seks.Manifest{
		Name:            "ex",
		Upstreams:       []seks.Upstream{{Name: "main", URL: "https://api.example.com/base"}, {Name: "up", URL: "https://up.example.com"}},
		VersionPrefixes: []string{"/v1", "/v2"},
		Fields: []seks.CredentialField{
			{Name: "key", Use: seks.Reveal, Sinks: []seks.Sink{{Kind: seks.SinkHeader, Name: "x-key"}, {Kind: seks.SinkQuery, Name: "key"}}},
			{Name: "secret", Use: seks.Sign},
		},
		TokenSlots: []seks.Slot{{Kind: seks.SlotHeader, Name: "x-key"}, {Kind: seks.SlotQuery, Name: "key"}},
		Headers:    []string{"x-date"},
	}
}

var fields = map[string]string{"key": "k&1", "secret": "key"}

const raw = "POST /api/ex/things?key=seks_1&a=b HTTP/1.1\r\nHost: broker\r\nX-Date: today\r\nX-Key: seks_2\r\nX-Other: 1\r\n\r\nbody\n"

func TestEval(t *testing.T) {
	for _, row := range []struct {
		name string
		plan *seks.Plan
		want string
	}{
		{"nothing changed", new(seks.Plan), `plan:

request:
POST /base/v1/things?a=b HTTP/1.1
Host: api.example.com
X-Date: today
X-Other: 1

body
`},
		{"headers", new(seks.Plan).SetHeader("x-key", seks.Field("key")).SetHeader("X-Other", seks.Lit("2")).RemoveHeader("x-date").
			AddHeader("x-other", seks.Lit("3")), `plan:
set-header x-key   field:key
set-header X-Other   "2"
remove-header x-date
add-header x-other   "3"

request:
POST /base/v1/things?a=b HTTP/1.1
Host: api.example.com
X-Other: 2
x-key: k&1
x-other: 3

body
`},
		{"query, upstream and path", new(seks.Plan).To("up").SetPath("/v9").SetQuery("key", seks.Field("key")).RemoveQuery("a").AddQuery("s", seks.Lit(" ")), `plan:
upstream up
set-path   "/v9"
set-query key   field:key
remove-query a
add-query s   " "

request:
POST /v9?key=k%261&s=+ HTTP/1.1
Host: up.example.com
X-Date: today
X-Other: 1

body
`},
		// RFC 2104's construction under the key "key"; the digest is the well-known one.
		{"a signature", new(seks.Plan).SetHeader("x-sig", seks.HMAC(seks.SHA256, seks.Field("secret"),
			seks.Lit("The quick brown fox jumps over the lazy dog")).Hex()).SetRawQuery(""), `plan:
set-header x-sig   field:secret "The quick brown fox jumps over the lazy dog" hmac:sha256 hex
set-raw-query   ""

request:
POST /base/v1/things HTTP/1.1
Host: api.example.com
X-Date: today
X-Other: 1
x-sig: f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8

body
`},
		{"a refusal", seks.Refuse("policy_denied", "not here"), "plan:\nrefuse policy_denied \"not here\"\n"},
	} {
		got, err := Eval(seks.Provider{Manifest: manifest(), Always: row.plan}, raw, fields)
		if err != nil || got != row.want {
			t.Errorf("%s: %v\n%s\nwant:\n%s", row.name, err, got, row.want)
		}
	}
}

func TestEvalRefuses(t *testing.T) {
	for _, row := range []struct {
		name string
		plan *seks.Plan
		want string
	}{
		{"no plan", nil, "there is no plan"},
		{"a header that is no sink", new(seks.Plan).SetHeader("x-leak", seks.Field("key")), "not one of the sinks"},
		{"a sink of another kind", new(seks.Plan).SetQuery("x-key", seks.Field("key")), "not one of the sinks"},
		{"a hash of a field outside its sinks", new(seks.Plan).SetHeader("x-leak", seks.Hash(seks.MD5, seks.Field("key"))), "not one of the sinks"},
		{"a field that isn't declared", new(seks.Plan).SetHeader("x-key", seks.Field("kee")), `field "kee" is not in the manifest`},
		{"an upstream that isn't declared", new(seks.Plan).To("elsewhere"), `upstream "elsewhere" is not in the manifest`},
		{"two values", new(seks.Plan).SetHeader("x", append(seks.Lit("a"), seks.Lit("b")...)), "leaves 2 values"},
		{"too few values", new(seks.Plan).SetHeader("x", seks.Expr("\x10\x02")), "takes 2 values, and 0 are there"},
		{"any outside a shape", new(seks.Plan).SetHeader("x", seks.Concat(seks.Lit(""), seks.Any())), "not one that sdktest runs"},
	} {
		_, err := Eval(seks.Provider{Manifest: manifest(), Always: row.plan}, raw, fields)
		if err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v, want %q", row.name, err, row.want)
		}
	}
	for _, bad := range []string{"", "GET / HTTP/1.0", "GET  HTTP/1.1", "GET / HTTP/1.1\nno colon"} {
		if _, err := Eval(seks.Provider{Manifest: manifest(), Always: new(seks.Plan)}, bad, nil); err == nil {
			t.Errorf("%q was taken for a request", bad)
		}
	}
}

// A plan sees what the host would show it: tokens cut out, the version prefix
// there, and only the headers that were asked for.
func TestView(t *testing.T) {
	var v *seks.View
	p := seks.Provider{Manifest: manifest(), Plan: func(view *seks.View) *seks.Plan { v = view; return new(seks.Plan) }}
	if _, err := Eval(p, raw, fields); err != nil {
		t.Fatal(err)
	}
	if v.Path != "/v1/things" || v.Query != "a=b" || v.Authority != "broker" || v.Mount != "/api/ex" || v.Target != "/api/ex/things?a=b" || v.Method != "POST" ||
		v.UpstreamAuthority != "api.example.com" || v.UpstreamBase != "/base" || len(v.Headers) != 1 || v.Headers[0].Name != "X-Date" {
		t.Errorf("%+v", v)
	}
	if _, err := Eval(p, strings.Replace(raw, "/things", "/v2/things", 1), fields); err != nil || v.Path != "/v2/things" {
		t.Errorf("%+v, %v", v, err)
	}
}

// A plugin that asks for the time is shown the same one each time, and no other is.
func TestTimes(t *testing.T) {
	m := manifest()
	plan := func(v *seks.View) *seks.Plan {
		return new(seks.Plan).SetHeader("x-time", seks.Lit(time.Unix(int64(v.Time), 0).UTC().Format(time.RFC3339)))
	}
	for needs, want := range map[bool]string{true: "x-time: 2026-01-31T12:00:00Z\n", false: "x-time: 1970-01-01T00:00:00Z\n"} {
		m.NeedsTime = needs
		if got, err := Eval(seks.Provider{Manifest: m, Plan: plan}, raw, fields); err != nil || !strings.Contains(got, want) {
			t.Errorf("%v: %v\n%s", needs, err, got)
		}
	}
}

func TestEvalAnswer(t *testing.T) {
	p := seks.Provider{Manifest: manifest(), Always: new(seks.Plan).Inspect(), Scrub: func(h *seks.AnswerHead) *seks.ScrubPlan {
		s := &seks.ScrubPlan{Mask: []string{"x-secret"}, Drop: []string{h.Method}, KeepCookies: []string{h.Path}}
		for _, header := range h.Headers {
			s.Rewrites = append(s.Rewrites, seks.Rewrite{Header: header.Name, From: h.Origin + header.Value, To: h.Public})
		}
		return s
	}}
	const answer = "HTTP/1.1 201 Created\r\nLocation: /x\r\n\r\nLink: in the body\n"
	const want = "drop POST\nmask x-secret\nrewrite Location \"https://api.example.com/x\" \"http://127.0.0.1:8080/api/ex\"\nkeep-cookie /base/v1/things\n"
	if got, err := EvalAnswer(p, raw, answer); err != nil || got != want {
		t.Errorf("%v\n%s", err, got)
	}
	for _, bad := range []string{"", "HTTP/1.1\n", "HTTP/1.1 OK 200\n", "HTTP/1.1 200\nno header\n"} {
		if got, err := EvalAnswer(p, raw, bad); err == nil {
			t.Errorf("%q gives %q", bad, got)
		}
	}
	p.Always = new(seks.Plan)
	if got, err := EvalAnswer(p, raw, answer); err != nil || got != "" {
		t.Errorf("with no wish to see answers: %q, %v", got, err)
	}
}

// The body is there where the manifest asks for it.
func TestBodyInView(t *testing.T) {
	for pattern, want := range map[string]bool{
		"/v1/things": true, "/{v}/things": true, "/v1/{rest...}": true, "/v1/thing": false, "/v1/{x}/y": false, "/v1/{x}:y": false, "/v1": false,
	} {
		m, shown := manifest(), false
		m.Bodies = []seks.BodyNeed{{Method: "POST", Path: pattern}}
		p := seks.Provider{Manifest: m, Plan: func(v *seks.View) *seks.Plan { shown = string(v.Body) == "body\n"; return new(seks.Plan) }}
		if _, err := Eval(p, raw, fields); err != nil || shown != want {
			t.Errorf("%s: %v, %v", pattern, shown, err)
		}
	}
}

// Body calls, with what lives between them: registers, digests and checks.
func TestBodies(t *testing.T) {
	body := func(next func(r *seks.BodyResult, piece []byte, last bool)) func() seks.Body {
		return func() seks.Body {
			return func(piece []byte, last bool) *seks.BodyResult {
				r := new(seks.BodyResult)
				next(r, piece, last)
				return r
			}
		}
	}
	const sum = "81fe8bfe87576c3ecb22426f8e57847382917acf" // SHA-1 of "abcd"
	for _, row := range []struct {
		name string
		next func(r *seks.BodyResult, piece []byte, last bool)
		want string // or a part of the error
	}{
		{"nothing", func(*seks.BodyResult, []byte, bool) {}, ""},
		{"slices and literals", func(r *seks.BodyResult, piece []byte, last bool) {
			r.Text([]byte("<")).Slice(0, len(piece)).Text([]byte(">"))
		}, "<ab><cd><>"},
		{"a digest at the end", func(r *seks.BodyResult, _ []byte, last bool) {
			if last {
				r.Value(seks.Digest(seks.SHA1).Hex())
			}
		}, sum},
		{"a register", func(r *seks.BodyResult, piece []byte, last bool) {
			if len(piece) > 0 && piece[0] == 'a' {
				r.Value(seks.Slice(0, 1).Store(3))
			} else if last {
				r.Value(seks.Concat(seks.Load(3), seks.Load(3)))
			}
		}, "aaa"},
		{"checks that hold", func(r *seks.BodyResult, piece []byte, last bool) {
			if last {
				r.CheckElse("signature_invalid", seks.Digest(seks.SHA1).Hex(), seks.Lit(sum)).Text([]byte("whole"))
			}
		}, "whole"},
		{"a check that does not", func(r *seks.BodyResult, piece []byte, last bool) {
			r.Slice(0, len(piece))
			if last {
				r.CheckElse("signature_expired", seks.Lit("a"), seks.Lit("b"))
			}
		}, `cut with "signature_expired" behind 4 bytes`},
		{"a slice too far", func(r *seks.BodyResult, piece []byte, _ bool) { r.Slice(1, len(piece)) }, "slice:1:2 reaches beyond the piece of 2 bytes"},
		{"a register without anything", func(r *seks.BodyResult, _ []byte, _ bool) { r.Value(seks.Load(4)) }, "nothing was stored in register 4"},
		{"a digest that was not asked for", func(r *seks.BodyResult, _ []byte, _ bool) { r.Value(seks.Digest(seks.MD5)) }, "no digest:md5 of the body"},
		{"a field that goes to headers only", func(r *seks.BodyResult, _ []byte, _ bool) { r.Value(seks.Field("key")) }, "not one of the sinks"},
	} {
		p := seks.Provider{Manifest: manifest(), RequestBody: body(row.next)}
		got, err := Body(p, fields, "abcd", 2, seks.SHA1)
		if err != nil {
			got = err.Error()
		}
		if err == nil && got != row.want || err != nil && (row.want == "" || !strings.Contains(got, row.want)) {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
	if _, err := AnswerBody(seks.Provider{}, "x", 1); err == nil || !strings.Contains(err.Error(), "has no RequestBody") {
		t.Error(err)
	}
}

// A plan's body: its framing is that of the host, and a length that isn't true is
// an error; a check decides before all.
func TestPlansOfBodies(t *testing.T) {
	p := seks.Provider{Manifest: manifest(), RequestBody: func() seks.Body {
		return func(piece []byte, last bool) *seks.BodyResult { return seks.Pass(piece).Text([]byte("+")) }
	}}
	for _, row := range []struct {
		name string
		plan *seks.Plan
		want string
	}{
		{"in chunks", new(seks.Plan).TransformBody(), "Transfer-Encoding: chunked\n\nbody\n++"},
		{"of a length", new(seks.Plan).TransformBody().Sized(7), "Content-Length: 7\n\nbody\n++"},
		{"of a wrong length", new(seks.Plan).TransformBody().Sized(8), "says that it gets 8 bytes, and it has 7"},
		{"hashed", new(seks.Plan).HashBody().SetHeader("x-sum", seks.Digest(seks.MD5).Hex()), "x-sum: ae6ba5b4c6eb1efd4a9fac3708046cbe"},
		{"a token's check", new(seks.Plan).Check(seks.HMAC(seks.SHA256, seks.Token(), seks.Lit("m")), seks.Lit("x")), "refused: signature_invalid"},
		{"one that holds", new(seks.Plan).Check(seks.Hash(seks.MD5, seks.Token()), seks.Hash(seks.MD5, seks.Lit(Token))), "request:\nPOST"},
	} {
		p.Always = row.plan
		got, err := Eval(p, raw, fields)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, row.want) {
			t.Errorf("%s: %s\nwant %q", row.name, got, row.want)
		}
	}
}
