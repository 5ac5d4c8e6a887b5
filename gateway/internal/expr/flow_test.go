package expr

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"github.com/seksbot/seks-broker/gateway/internal/plan"
	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// flowManifest has a field of each use, and a second one to sign with.
func flowManifest() *plan.Manifest {
	hm := func(k, m seks.Expr) seks.Expr { return seks.HMAC(seks.SHA256, k, m) }
	return manifest(
		abi.Field{Name: "pub", Use: abi.UsePublic},
		abi.Field{Name: "rev", Use: abi.UseReveal, Sinks: []abi.Sink{{Kind: abi.SinkHeader, Name: "sink"}}},
		abi.Field{Name: "sig", Use: abi.UseSign, SignShapes: [][]byte{
			hm(seks.Field("sig"), seks.Any()),
			hm(hm(seks.Concat(seks.Lit("V"), seks.Field("sig")), seks.Any()), seks.Concat(seks.Lit("T"), seks.Any())),
		}},
		abi.Field{Name: "two", Use: abi.UseSign, SignShapes: [][]byte{hm(seks.Field("two"), seks.Any())}},
	)
}

// anyExpr draws a program: mostly well formed, and often a signature or nearly
// one, since a program of random bytes says nothing.
func anyExpr(depth int) *rapid.Generator[seks.Expr] {
	return rapid.Custom(func(t *rapid.T) seks.Expr {
		leaf := depth == 0 || rapid.IntRange(0, 3).Draw(t, "leaf") == 0
		if leaf {
			return rapid.SampledFrom([]seks.Expr{
				seks.Lit("T"), seks.Lit("V"), seks.Lit("Tail"), seks.Lit(""), seks.Field("pub"), seks.Field("rev"), seks.Field("sig"), seks.Field("two"),
			}).Draw(t, "value")
		}
		sub := anyExpr(depth - 1)
		one := func() seks.Expr { return sub.Draw(t, "part") }
		hash := rapid.SampledFrom([]abi.Hash{abi.SHA256, abi.SHA256, abi.SHA1}).Draw(t, "hash")
		switch rapid.IntRange(0, 9).Draw(t, "op") {
		case 0:
			return one().Hex()
		case 1:
			return one().Base64()
		case 2:
			return one().Base64URL()
		case 3:
			return one().Percent()
		case 4:
			return seks.Hash(hash, one())
		case 5:
			return seks.Concat(one())
		case 6:
			return seks.Concat(one(), one())
		case 7:
			return seks.HMAC(hash, one(), one())
		case 8:
			return seks.HMAC(hash, seks.Field(rapid.SampledFrom([]string{"sig", "two", "rev"}).Draw(t, "key")), one())
		default:
			key := seks.Concat(seks.Lit("V"), seks.Field("sig"))
			return seks.HMAC(hash, seks.HMAC(hash, key, one()), seks.Concat(seks.Lit("T"), one()))
		}
	})
}

// blind evaluates an expression with every declared signature in it put at a
// constant: what is left is all that could let a secret through otherwise. It
// knows the two forms of signature by itself, not by room code.
func blind(n *node, fields values) []byte {
	var args [][]byte
	for _, a := range n.args {
		args = append(args, blind(a, fields))
	}
	switch {
	case n.Op == abi.OpLit:
		return n.Bytes
	case n.Op == abi.OpField:
		b, _ := fields.Field(string(n.Bytes))
		return b
	case signs(n):
		return []byte("signature")
	}
	return n.compute(args)
}

// signs: hmac(sig, ·), hmac(two, ·) or hmac(hmac("V" ‖ sig, ·), "T"… ‖ ·), all
// with SHA-256, where nothing in the place of a dot holds a key as it is.
func signs(n *node) bool {
	isField := func(n *node, name string) bool { return n.Op == abi.OpField && string(n.Bytes) == name }
	hmac := func(n *node) bool { return n.Op == abi.OpHMAC && n.Hash == abi.SHA256 }
	if !hmac(n) || bare(n.args[1]) {
		return false
	}
	key, message := n.args[0], n.args[1]
	if isField(key, "sig") || isField(key, "two") {
		return true
	}
	if !hmac(key) || bare(key.args[1]) {
		return false
	}
	inner := key.args[0]
	if message.Op == abi.OpConcat {
		message = message.args[0]
	}
	return inner.Op == abi.OpConcat && len(inner.args) == 2 && inner.args[0].Op == abi.OpLit && string(inner.args[0].Bytes) == "V" &&
		isField(inner.args[1], "sig") && message.Op == abi.OpLit && bytes.HasPrefix(message.Bytes, []byte("T"))
}

// bare: a key to sign with stands in n outside of any signature.
func bare(n *node) bool {
	if n.Op == abi.OpField {
		return string(n.Bytes) == "sig" || string(n.Bytes) == "two"
	}
	if signs(n) {
		return false
	}
	for _, a := range n.args {
		if bare(a) {
			return true
		}
	}
	return false
}

// No information flows: what may leave by a header that is no sink is the same
// for every value of the secrets, but for the declared signatures in it.
func TestNoFlowToWhatIsNoSink(t *testing.T) {
	m := flowManifest()
	accepted, signed := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		e := anyExpr(4).Draw(t, "expr")
		v, err := Vet(edit(m, abi.SetHeader, "elsewhere", e))
		if err != nil {
			return
		}
		accepted++
		one := values{"pub": "p", "rev": "reveal-1", "sig": "sign-1", "two": "two-1"}
		two := values{"pub": "p", "rev": "another reveal", "sig": "sign-2!", "two": "tw0"}
		a, err1 := first(v, one)
		b, err2 := first(v, two)
		if err1 != nil || err2 != nil {
			return // too long, which depends on lengths only
		}
		if len(a.Derived)+len(b.Derived) > 0 {
			t.Fatalf("%s: derived values of a secret, outside its sink", abi.Text(e))
		}
		if bytes.Equal(a.Bytes, b.Bytes) {
			return
		}
		signed++
		n, err := compile(e, inEdit)
		if err != nil {
			t.Fatal(err)
		}
		if x, y := blind(n, one), blind(n, two); !bytes.Equal(x, y) {
			t.Fatalf("%s lets a secret through:\n%q\n%q", abi.Text(e), x, y)
		}
	})
	if accepted == 0 || signed == 0 {
		t.Errorf("%d programs accepted, %d with a signature: the generator draws nothing of use", accepted, signed)
	}
}

// To its sink a reveal field may go, but never beside a key to sign with.
func TestNoSignKeyFlowsToASink(t *testing.T) {
	m := flowManifest()
	rapid.Check(t, func(t *rapid.T) {
		e := anyExpr(4).Draw(t, "expr")
		v, err := Vet(edit(m, abi.SetHeader, "sink", e))
		if err != nil {
			return
		}
		one := values{"pub": "p", "rev": "r", "sig": "sign-1", "two": "two-1"}
		two := values{"pub": "p", "rev": "r", "sig": "sign-2!", "two": "tw0"}
		if _, err := first(v, one); err != nil {
			return
		}
		n, err := compile(e, inEdit)
		if err != nil {
			t.Fatal(err)
		}
		if x, y := blind(n, one), blind(n, two); !bytes.Equal(x, y) {
			t.Fatalf("%s lets a key through:\n%q\n%q", abi.Text(e), x, y)
		}
	})
}

func TestLineNeverDependsOnAField(t *testing.T) {
	m := flowManifest()
	rapid.Check(t, func(t *rapid.T) {
		e := anyExpr(3).Draw(t, "expr")
		kind := rapid.SampledFrom([]abi.EditKind{abi.SetPath, abi.SetRawQuery}).Draw(t, "kind")
		v, err := Vet(edit(m, kind, "", e))
		if bytes.Contains([]byte(abi.Text(e)), []byte("field:")) != (err != nil) {
			t.Fatalf("%s: %v", abi.Text(e), err)
		}
		if err == nil {
			if _, _, err := v.Line("/", ""); err != nil {
				t.Fatal(err)
			}
		}
	})
}
