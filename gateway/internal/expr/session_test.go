package expr

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// of is a plan of these fields.
func of(p *seks.Plan, fields ...abi.Field) *plan.Plan {
	return &plan.Plan{Manifest: manifest(fields...), Plan: p.Plan}
}

func everyField() []abi.Field { return append(revealFields(), awsFields()...) }

var everyValue = values{"account": "acct", "api_key": "key-of-the-api", "password": "p", "access_key_id": "AKID", "secret_access_key": "sk"}

func half(s string) secret.Bytes { return secret.New([]byte(s)) }

// begun is a session of a plan that was vetted, checked and opened.
func begun(t testing.TB, p *plan.Plan) *Session {
	t.Helper()
	v, err := Vet(p)
	if err != nil {
		t.Fatal(err)
	}
	s := v.Session()
	if err := s.Check(half("half")); err != nil {
		t.Fatal(err)
	}
	s.Open(everyValue)
	for i := range p.Edits {
		if _, err := s.Edit(i); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func value(e seks.Expr) abi.Segment { return abi.Segment{Kind: abi.SegmentValue, Bytes: e} }

func result(segments ...abi.Segment) *plan.Body {
	return &plan.Body{BodyResult: abi.BodyResult{Segments: segments}}
}

// signer signs what goes on with the signing key in register 0, as a plan does
// that signs the chunks of a body.
func signer() *seks.Plan {
	k := chain(lits("20130524", "us-east-1", "s3", "aws4_request")...).Store(0)
	return new(seks.Plan).SetHeader("x-sig", seks.HMAC(seks.SHA256, k, seks.Lit("AWS4-HMAC-SHA256\nseed")).Hex().Store(1))
}

// A register washes nothing, in no later edit and in no body call.
func TestRegistersDoNotWash(t *testing.T) {
	sign := func(key, message seks.Expr) seks.Expr { return seks.HMAC(seks.SHA256, key, message) }
	key, last := seks.Load(0), seks.Load(1)
	good := sign(key, seks.Concat(seks.Lit("AWS4-HMAC-SHA256\n"), last))
	tests := []struct {
		name  string
		value seks.Expr
		fine  bool // as a header and in the request's body; in the answer's never
	}{
		{"the signature made before", last, true},
		{"another signature with the key", good, true},
		{"that, stored and loaded", seks.Concat(good.Store(2), seks.Load(2)).Hex(), true},
		{"the key", key, false},
		{"the key in hex", key.Hex(), false},
		{"the key's hash", seks.Hash(seks.SHA256, key), false},
		{"the key, moved to another register", seks.Concat(key.Store(3)), false},
		{"a signature of another text", sign(key, seks.Lit("AWS5")), false},
		{"a text that begins in a register", sign(key, seks.Concat(last, seks.Lit("AWS4-HMAC-SHA256\n"))), false},
		{"one step more", sign(sign(key, seks.Lit("x")), seks.Lit("AWS4-HMAC-SHA256\n")), false},
		{"the key as a message", sign(seks.Lit("known"), key), false},
		{"the key signed with itself", sign(key, seks.Concat(seks.Lit("AWS4-HMAC-SHA256\n"), key)), false},
	}
	for _, tt := range tests {
		_, err := Vet(of(signer().SetHeader("x-any", tt.value), everyField()...))
		if tt.fine != (err == nil) {
			t.Errorf("%s, in a header: %v", tt.name, err)
		}
		out, err := begun(t, of(signer(), everyField()...)).RequestBody(result(value(tt.value)), nil, nil)
		if tt.fine != (err == nil) || err != nil && (fault.From(err).Code != fault.PluginFailed || len(out) > 0) {
			t.Errorf("%s, in a body: %q, %v", tt.name, out, err)
		}
		if out, err := begun(t, of(signer(), everyField()...)).ResponseBody(result(value(tt.value)), nil, nil); err == nil || len(out) > 0 {
			t.Errorf("%s reaches the agent: %q", tt.name, out)
		}
		check := &plan.Body{BodyResult: abi.BodyResult{Checks: []abi.Check{{A: tt.value, B: seks.Lit("guess")}}}}
		_, err = begun(t, of(signer(), everyField()...)).RequestBody(check, nil, nil)
		if want := map[bool]fault.Code{true: fault.SignatureInvalid, false: fault.PluginFailed}[tt.fine]; err == nil || fault.From(err).Code != want {
			t.Errorf("%s, in a check: %v, want %s", tt.name, err, want)
		}
	}
	reveals := new(seks.Plan).SetHeader("authorization", seks.Field("api_key").Hex().Store(4))
	for name, e := range map[string]seks.Expr{"loaded": seks.Load(4), "hashed": seks.Hash(seks.SHA256, seks.Load(4)), "moved": seks.Concat(seks.Load(4).Store(5), seks.Load(5))} {
		if _, err := Vet(of(reveals.SetHeader("x-other", e), everyField()...)); err == nil {
			t.Errorf("a reveal field gets to another header, %s", name)
		}
		reveals.Edits = reveals.Edits[:1]
		if _, err := begun(t, of(reveals, everyField()...)).RequestBody(result(value(e)), nil, nil); err == nil {
			t.Errorf("a reveal field gets into a body, %s", name)
		}
	}
	v, err := Vet(of(reveals.SetHeader("authorization", seks.Concat(seks.Lit("Bearer "), seks.Load(4))), everyField()...))
	if err != nil {
		t.Fatal(err)
	}
	s := v.Session()
	s.Open(everyValue)
	_, _ = s.Edit(0)
	if out, err := s.Edit(1); err != nil || len(out.Derived) != 1 || !strings.HasSuffix(string(out.Bytes), string(out.Derived[0])) {
		t.Errorf("what was loaded is not among the derived values: %q, %v", out.Derived, err)
	}
}

func TestTheTokensSecretIsOnlyCompared(t *testing.T) {
	mac := seks.HMAC(seks.SHA256, seks.Token(), seks.Lit("m")).Hex()
	for name, p := range map[string]*seks.Plan{
		"in a header":                     new(seks.Plan).SetHeader("x", seks.Token()),
		"as a signature":                  new(seks.Plan).SetHeader("x", mac),
		"in a path":                       {Plan: abi.Plan{Edits: []abi.Edit{{Kind: abi.SetPath, Value: seks.Token()}}}},
		"by a register":                   new(seks.Plan).Check(mac.Store(0), seks.Lit("x")).SetHeader("x", seks.Load(0)),
		"by a register, hashed":           new(seks.Plan).Check(mac.Store(0), seks.Lit("x")).SetHeader("x", seks.Hash(seks.SHA256, seks.Load(0))),
		"as what a credential signs":      new(seks.Plan).Check(mac.Store(0), seks.Lit("x")).SetHeader("x", chain(append(lits("d", "r", "s", "aws4_request"), seks.Concat(seks.Lit("AWS4-HMAC-SHA256\n"), seks.Load(0)))...)),
		"compared with itself":            new(seks.Plan).Check(seks.Token(), seks.Token()),
		"compared with itself, by a load": new(seks.Plan).Check(mac.Store(0), seks.Load(0)),
		"a field in a check":              new(seks.Plan).Check(seks.Field("api_key"), seks.Lit("x")),
		"a digest in a check":             new(seks.Plan).Check(seks.Digest(seks.MD5), seks.Lit("x")),
	} {
		if v, err := Vet(of(p, everyField()...)); err == nil || v.Valid() {
			t.Errorf("%s: it is let through", name)
		}
	}
	checked := new(seks.Plan).Check(seks.HMAC(seks.SHA256, seks.Token().Store(0), seks.Lit("m")).Hex(), seks.Lit("e88e4ec1b90ba84a0b8d6b8d8a0b9d7c"))
	v, err := Vet(of(checked, everyField()...))
	if err != nil || !v.Proves() {
		t.Fatal(err, v.Proves())
	}
	for name, h := range map[string]secret.Bytes{"another": half("x"), "none": {}} {
		if err := v.Session().Check(h); err == nil || fault.From(err).Code != fault.SignatureInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	s := v.Session()
	s.Open(everyValue)
	if _, err := s.RequestBody(result(), nil, nil); err == nil {
		t.Error("a body result is evaluated before the checks")
	}
	// A body call may check with it, and let none of it out.
	empty := of(new(seks.Plan).Check(seks.Lit("a"), seks.Lit("a")), everyField()...)
	sum := seks.HMAC(seks.SHA256, seks.Token(), seks.Slice(0, 3)).Hex()
	hold := func(want string) error {
		b := result(abi.Segment{Kind: abi.SegmentInput, Length: 3})
		b.Checks = []abi.Check{{A: sum, B: seks.Lit(want), Code: "signature_expired"}}
		_, err := begun(t, empty).RequestBody(b, []byte("abc"), nil)
		return err
	}
	if err := hold(fmt.Sprintf("%x", mac256("half", "abc"))); err != nil {
		t.Errorf("a check that holds: %v", err)
	}
	if err := hold(fmt.Sprintf("%x", mac256("hal", "abc"))); err == nil || fault.From(err).Code != fault.SignatureExpired {
		t.Errorf("a check that does not: %v", err)
	}
	for at, b := range map[string]func(*Session) error{
		"request": func(s *Session) error { _, err := s.RequestBody(result(value(sum)), []byte("abc"), nil); return err },
		"answer":  func(s *Session) error { _, err := s.ResponseBody(result(value(sum)), []byte("abc"), nil); return err },
	} {
		if err := b(begun(t, empty)); err == nil {
			t.Errorf("the token's secret gets into the %s's body", at)
		}
	}
}

func mac256(key, text string) []byte { return mac(abi.SHA256, []byte(key), []byte(text)) }

func TestBodiesAreBuiltOfSegments(t *testing.T) {
	p := new(seks.Plan).SetHeader("x", seks.Lit("stored").Store(0))
	p.BodyMode, p.Digests = abi.BodyTransform, 1<<abi.SHA256
	s := begun(t, of(p, everyField()...))
	out := []byte("before:")
	var err error
	for i, piece := range []string{"hello ", "world"} {
		out, err = s.RequestBody(result(
			abi.Segment{Kind: abi.SegmentInput, Offset: 1, Length: 3}, abi.Segment{Kind: abi.SegmentLiteral, Bytes: []byte("|")},
			value(seks.Concat(seks.Slice(0, 1), seks.Load(0), seks.Field("account"))), value(seks.Lit(fmt.Sprint(i)).Store(0)),
		), []byte(piece), out)
		if err != nil {
			t.Fatal(err)
		}
	}
	if want := "before:ell|hstoredacct0orl|w0acct1"; string(out) != want {
		t.Errorf("%q, want %q", out, want)
	}
	sum := sha256.Sum256([]byte("hello world"))
	if got, err := s.ResponseBody(result(value(seks.Digest(seks.SHA256))), []byte("answer"), nil); err != nil || string(got) != string(sum[:]) {
		t.Errorf("the digest is %x, %v: an answer is no part of it", got, err)
	}
	big := make([]byte, abi.MaxBodyInView)
	repeat := func(n int) (list []abi.Segment) {
		for range n {
			list = append(list, abi.Segment{Kind: abi.SegmentInput, Length: abi.MaxBodyInView})
		}
		return list
	}
	work := seks.Lit("")
	for range 60 {
		work = seks.Hash(seks.MD5, seks.Concat(work, seks.Slice(0, abi.MaxBodyInView-32)))
	}
	for name, tt := range map[string]struct {
		segments []abi.Segment
		want     string
	}{
		"a slice that begins outside": {[]abi.Segment{{Kind: abi.SegmentInput, Offset: abi.MaxBodyInView + 1}}, "outside the input"},
		"a slice that ends outside":   {[]abi.Segment{{Kind: abi.SegmentInput, Offset: 1, Length: abi.MaxBodyInView}}, "outside the input"},
		"a slice beyond all numbers":  {[]abi.Segment{{Kind: abi.SegmentInput, Offset: 2, Length: 1<<64 - 1}}, "outside the input"},
		"slice, in an expression":     {[]abi.Segment{value(seks.Slice(1, abi.MaxBodyInView))}, "outside the input"},
		"more than may come out":      {repeat(5), "more than 262144 bytes"},
		"more work than may be":       {[]abi.Segment{value(work)}, "work on more than 4194304 bytes"},
		"an empty register":           {[]abi.Segment{value(seks.Load(9))}, "before anything was stored"},
		"a digest that is not kept":   {[]abi.Segment{value(seks.Digest(seks.MD5))}, "digest:md5 is not known here"},
		"a field that is no sink":     {[]abi.Segment{value(seks.Field("api_key"))}, "not one of its sinks"},
		"a field that isn't there":    {[]abi.Segment{value(seks.Field("nope"))}, "not in the manifest"},
		"any":                         {[]abi.Segment{value(seks.Any())}, "may not stand in a request body"},
		"the token":                   {[]abi.Segment{value(seks.Token())}, "may not stand in a request body"},
		"a program that ends early":   {[]abi.Segment{value(seks.Expr{0x01, 9})}, "can't be read"},
		"a kind of later":             {[]abi.Segment{{Kind: 4}}, "segment kind 4"},
	} {
		s := begun(t, of(p, everyField()...))
		if out, err := s.RequestBody(result(tt.segments...), big, nil); err == nil || !strings.Contains(err.Error(), tt.want) || len(out) > 0 {
			t.Errorf("%s: %d bytes, %v, want %q", name, len(out), err, tt.want)
		}
		if _, err := s.RequestBody(result(), nil, nil); err == nil {
			t.Errorf("%s: the session goes on after its error", name)
		}
	}
}

func TestASessionDoesNothingByItself(t *testing.T) {
	for _, s := range []*Session{{}, Vetted{}.Session()} {
		if s.Valid() || s.Check(half("x")) == nil {
			t.Error("the zero session checks")
		}
		if _, err := s.Edit(0); err == nil {
			t.Error("the zero session evaluates")
		}
		if _, err := s.ResponseBody(result(), nil, nil); err == nil {
			t.Error("the zero session transforms")
		}
	}
	v, err := Vet(of(new(seks.Plan).Check(seks.Lit("a"), seks.Lit("a")).SetHeader("x", seks.Lit("1")), public))
	if err != nil {
		t.Fatal(err)
	}
	s := v.Session()
	if _, err := s.Edit(0); err == nil || !errors.Is(err, errUnchecked) {
		t.Errorf("an edit before the checks: %v", err)
	}
	s = v.Session()
	if holds, err := s.Rehearse(secret.Bytes{}); err != nil || fmt.Sprint(holds) != "[true]" {
		t.Error(holds, err)
	}
	if err := s.Check(secret.Bytes{}); err == nil {
		t.Error("a rehearsed session proves something")
	}
}
