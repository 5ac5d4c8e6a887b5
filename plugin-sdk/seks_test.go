package seks

import (
	"bytes"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

func TestExpr(t *testing.T) {
	key := Concat(Lit("AWS4"), Field("secret"))
	for _, row := range []struct {
		expr Expr
		want string
	}{
		{Lit("a\n"), `"a\n"`},
		{Field("api_key"), "field:api_key"},
		{Concat(Lit("Bearer "), Field("api_key")), `"Bearer " field:api_key concat:2`},
		{Concat(Lit("user:"), Field("k")).Base64(), `"user:" field:k concat:2 base64`},
		{Lit("a").Base64URL(), `"a" base64url`},
		{Lit("a").Percent(), `"a" percent`},
		{Hash(SHA1, Lit("a")).Hex(), `"a" sha1 hex`},
		{HMAC(SHA256, HMAC(SHA256, key, Lit("20261123")), Lit("m")).Hex(),
			`"AWS4" field:secret concat:2 "20261123" hmac:sha256 "m" hmac:sha256 hex`},
		{HMAC(SHA512, key, Any()), `"AWS4" field:secret concat:2 any hmac:sha512`},
	} {
		if got := abi.Text(row.expr); got != row.want {
			t.Errorf("%s, want %s", got, row.want)
		}
	}
}

// Two values made from one must not write over each other.
func TestExprIsNeverChanged(t *testing.T) {
	base := make(Expr, 0, 64)
	base = append(base, Lit("a")...)
	hex, b64 := base.Hex(), base.Base64()
	if abi.Text(hex) != `"a" hex` || abi.Text(b64) != `"a" base64` || abi.Text(base) != `"a"` {
		t.Errorf("%s, %s, %s", abi.Text(hex), abi.Text(b64), abi.Text(base))
	}
}

func TestPlan(t *testing.T) {
	v := Lit("1")
	p := new(Plan).SetHeader("a", v).AddHeader("b", v).RemoveHeader("c").SetQuery("d", v).AddQuery("e", v).RemoveQuery("f").
		SetPath("/p").SetRawQuery("q=r").To("up").Act("x.list", Read, "/x").Inspect()
	want := `upstream up
set-header a   "1"
add-header b   "1"
remove-header c
set-query d   "1"
add-query e   "1"
remove-query f
set-path   "/p"
set-raw-query   "q=r"
act x.list read /x
inspect-answer
`
	if got := p.Text(); got != want {
		t.Errorf("%s\nwant:\n%s", got, want)
	}
	if got := Refuse("policy_denied", "no").Text(); got != "refuse policy_denied \"no\"\n" {
		t.Error(got)
	}
	if got := Bearer("k").Text(); got != "set-header authorization   \"Bearer \" field:k concat:2\n" {
		t.Error(got)
	}
}

func TestServe(t *testing.T) {
	defer func() { serving = nil }()
	plan := func(*View) *Plan { return new(Plan) }
	for name, p := range map[string]Provider{"neither": {}, "both": {Always: new(Plan), Plan: plan}} {
		if msg := panicOf(func() { Serve(p) }); !strings.Contains(msg, "either Always or Plan") {
			t.Errorf("%s: %q", name, msg)
		}
	}
	Serve(Provider{Plan: plan})
	if msg := panicOf(func() { Serve(Provider{Plan: plan}) }); !strings.Contains(msg, "called twice") {
		t.Errorf("twice: %q", msg)
	}
}

func panicOf(f func()) (msg string) {
	defer func() { msg, _ = recover().(string) }()
	f()
	return ""
}

// The trampoline, natively: what the host does with its exports.
func TestGuest(t *testing.T) {
	var kept []*View
	g := newGuest(Provider{
		Manifest: Manifest{Name: "x"},
		Plan: func(v *View) *Plan {
			kept = append(kept, v)
			return new(Plan).SetPath(v.Path)
		},
		Scrub: func(h *AnswerHead) *ScrubPlan {
			if h.Status == 500 {
				return nil
			}
			return &ScrubPlan{Drop: []string{h.Path}}
		},
	})
	give := func(b []byte) uint32 {
		copy(g.buffer(uint32(len(b))), b)
		return uint32(len(b))
	}
	if want := (&Manifest{Name: "x"}).Marshal(); !bytes.Equal(g.manifest(), want) {
		t.Error("another manifest")
	}
	long := "/" + strings.Repeat("b", 9000) // makes the buffer grow
	for _, path := range []string{"/a", long, "/c"} {
		out := g.plan(give((&View{Path: path}).Marshal()))
		if want := new(Plan).SetPath(path).Marshal(); !bytes.Equal(out, want) {
			t.Errorf("plan % x, want % x", out, want)
		}
	}
	if kept[0].Path != "/a" || kept[1].Path != long {
		t.Error("a view changed after its call")
	}
	if out := g.scrub(give((&AnswerHead{Status: 200, Path: "p"}).Marshal())); !bytes.Equal(out, (&ScrubPlan{Drop: []string{"p"}}).Marshal()) {
		t.Errorf("scrub % x", out)
	}
	if out := g.scrub(give((&AnswerHead{Status: 500}).Marshal())); len(out) != 0 {
		t.Errorf("scrub % x", out)
	}
	first := &g.buffer(100)[0]
	if &g.buffer(1)[0] != first {
		t.Error("the buffer moved though it was large enough")
	}
}

// The commonest plugin's call costs the guest nothing but the call.
func TestAlwaysIsReady(t *testing.T) {
	g := newGuest(Provider{Always: Bearer("k")})
	if !bytes.Equal(g.plan(0), Bearer("k").Marshal()) {
		t.Errorf("% x", g.plan(0))
	}
	if out := g.scrub(0); len(out) != 0 {
		t.Errorf("scrub % x", out)
	}
	if n := testing.AllocsPerRun(1000, func() { g.plan(0) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestGuestRefuses(t *testing.T) {
	g := newGuest(Provider{Plan: func(*View) *Plan { return nil }, Scrub: func(*AnswerHead) *ScrubPlan { return nil }})
	g.buffer(8)
	copy(g.input, "\x12\x05ab")
	for want, f := range map[string]func(){
		"larger buffer":             func() { g.buffer(abi.MaxView + 1) },
		"the view can't be read":    func() { g.plan(4) },
		"the answer's head can't":   func() { g.scrub(4) },
		"Plan returned nil":         func() { g.plan(0) },
		"more input than it asked":  func() { g.plan(5000) },
		"gave more input than it a": func() { g.scrub(1 << 31) },
	} {
		if msg := panicOf(f); !strings.Contains(msg, want) {
			t.Errorf("%q, want %q", msg, want)
		}
	}
}
