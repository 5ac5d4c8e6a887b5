package expr

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"

	"github.com/seksbot/seks-broker/gateway/internal/plan"
	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// stateful draws a program that may use two registers, most often nearly as a
// signature would.
func stateful(t *rapid.T) seks.Expr {
	e := anyExpr(2).Draw(t, "expr")
	reg := rapid.IntRange(0, 1).Draw(t, "register")
	sign := func(k, m seks.Expr) seks.Expr { return seks.HMAC(seks.SHA256, k, m) }
	inner := sign(seks.Concat(seks.Lit("V"), seks.Field("sig")), e)
	tail := seks.Concat(seks.Lit("T"), e)
	switch rapid.IntRange(0, 11).Draw(t, "form") {
	case 0:
		return seks.Load(reg)
	case 1:
		return seks.Concat(seks.Load(reg).Hex(), e)
	case 2:
		return seks.Hash(seks.SHA256, seks.Load(reg))
	case 3:
		return sign(seks.Load(reg), tail)
	case 4:
		return sign(seks.Load(reg).Store(1-reg), tail)
	case 5:
		return sign(inner.Store(reg), tail)
	case 6:
		return sign(inner.Store(reg), tail).Store(1 - reg)
	case 7:
		return sign(seks.Field("two").Store(reg), e)
	case 8:
		return sign(seks.Load(reg), seks.Load(1-reg))
	case 9:
		return sign(sign(seks.Concat(seks.Lit("V"), seks.Load(reg)), e), tail)
	case 10:
		return e.Store(reg)
	}
	return e
}

// unfold is a program's tree with every register put back to what was stored.
func unfold(n *node, registers *[abi.MaxRegisters]*node) *node {
	if n.Op == abi.OpLoad {
		return registers[n.N]
	}
	out := &node{Instr: n.Instr}
	for _, a := range n.args {
		out.args = append(out.args, unfold(a, registers))
	}
	if n.Op == abi.OpStore {
		registers[n.N] = out.args[0]
		return out.args[0]
	}
	return out
}

// No plan, and no sequence of body results behind it, lets a secret or a key on
// the way to a signature out: what leaves is the same for every value of the
// secrets, but for the declared signatures in it.
func TestNoFlowThroughRegisters(t *testing.T) {
	m := flowManifest()
	taken, loaded, signed := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		p := &plan.Plan{Manifest: m}
		var all []seks.Expr
		for range rapid.IntRange(1, 4).Draw(t, "edits") {
			e := stateful(t)
			p.Edits = append(p.Edits, abi.Edit{Kind: abi.SetHeader, Name: "elsewhere", Value: e})
			if _, err := Vet(p); err != nil { // what is refused ends a plan: go on without it
				p.Edits = p.Edits[:len(p.Edits)-1]
				continue
			}
			all = append(all, e)
		}
		var results []*plan.Body
		for range rapid.IntRange(0, 3).Draw(t, "results") {
			e := stateful(t)
			results = append(results, result(value(e)))
			if _, err := sequence(p, results, "r1", "s1", "t1"); err != nil {
				results = results[:len(results)-1]
				continue
			}
			all = append(all, e)
		}
		a, err1 := sequence(p, results, "r1", "s1", "t1")
		b, err2 := sequence(p, results, "another", "sign-2!", "tw0")
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		var ra, rb [abi.MaxRegisters]*node
		for i, e := range all {
			taken++
			if bytes.IndexByte(e, byte(abi.OpLoad)) >= 0 {
				loaded++
			}
			n, err := compile(e, inRequest)
			if err != nil {
				t.Fatal(err)
			}
			n, other := unfold(n, &ra), unfold(n, &rb)
			if bytes.Equal(a[i], b[i]) {
				continue
			}
			signed++
			x, y := blind(n, secrets("r1", "s1", "t1")), blind(other, secrets("another", "sign-2!", "tw0"))
			if !bytes.Equal(x, y) {
				t.Fatalf("program %d of %d, %s, lets a secret through:\n%q\n%q", i, len(all), abi.Text(e), x, y)
			}
		}
	})
	if loaded == 0 || signed == 0 {
		t.Errorf("%d programs taken, %d with a register, %d that sign: the generator draws nothing of use", taken, loaded, signed)
	}
}

func secrets(rev, sig, two string) values {
	return values{"pub": "p", "rev": rev, "sig": sig, "two": two}
}

// sequence runs a plan and the body results behind it, and gives what leaves.
func sequence(p *plan.Plan, results []*plan.Body, rev, sig, two string) (left [][]byte, err error) {
	v, err := Vet(p)
	if err != nil {
		return nil, err
	}
	s := v.Session()
	s.Open(secrets(rev, sig, two))
	for i := range p.Edits {
		out, err := s.Edit(i)
		if err != nil {
			return nil, err
		}
		left = append(left, bytes.Clone(out.Bytes))
	}
	for _, r := range results {
		out, err := s.RequestBody(r, nil, nil)
		if err != nil {
			return nil, err
		}
		left = append(left, out)
	}
	return left, nil
}

// Whatever a guest makes of a plan's programs and of body results behind it: it
// ends, within bounds, and no secret comes out, to the agent no signature either.
func FuzzSession(f *testing.F) {
	key := seks.HMAC(seks.SHA256, seks.Concat(seks.Lit("V"), seks.Field("sig")), seks.Lit("d"))
	f.Add([]byte(seks.HMAC(seks.SHA256, key.Store(0), seks.Lit("T"))), []byte(seks.HMAC(seks.SHA256, seks.Load(0), seks.Lit("Tx"))), []byte(seks.Load(0)), []byte("input"))
	f.Add([]byte(seks.Lit("a").Store(1)), []byte(seks.Concat(seks.Slice(0, 2), seks.Load(1))), []byte(seks.Digest(seks.SHA256)), []byte("xyz"))
	f.Add([]byte(seks.Field("pub")), []byte(seks.HMAC(seks.SHA256, seks.Token(), seks.Lit("m"))), []byte(seks.Field("rev")), []byte{})
	f.Add([]byte(seks.Lit("a")), []byte(seks.RSA(seks.Lit("-----BEGIN PRIVATE KEY-----MC4=-----END PRIVATE KEY-----"), seks.Lit("m"))), []byte(seks.Lit("b")), []byte{})
	held := map[string]string{"rev": "9XqTzWvLkRb4", "sig": "Jm7PdYcNfHs2", "two": "Ga5EwUoKtVx8"}
	fields := values{"pub": "public", "rev": held["rev"], "sig": held["sig"], "two": held["two"]}
	const half0 = "Hn3VbXcRtYq8"
	f.Fuzz(func(t *testing.T, program, segment, answer, input []byte) {
		p := &plan.Plan{Manifest: flowManifest(), Plan: abi.Plan{
			Edits:    []abi.Edit{{Kind: abi.SetHeader, Name: "elsewhere", Value: program}},
			Checks:   []abi.Check{{A: seks.HMAC(seks.SHA256, seks.Token().Store(5), seks.Lit("m")), B: []byte(seks.Lit(string(mac256(half0, "m"))))}},
			BodyMode: abi.BodyTransform, Digests: 1 << abi.SHA256,
		}}
		v, err := Vet(p)
		if err != nil || len(program) == 0 {
			return
		}
		s := v.Session()
		if err := s.Check(half(half0)); err != nil {
			t.Fatal(err)
		}
		s.Open(fields)
		var left []byte
		if out, err := s.Edit(0); err == nil {
			left = append(left, out.Bytes...)
		}
		if out, err := s.RequestBody(result(value(segment)), input, nil); err == nil {
			left = append(left, out...)
		}
		out, err := s.ResponseBody(result(value(answer)), input, nil)
		if err == nil {
			left = append(left, out...)
		}
		if len(out) > abi.MaxBodyOutput {
			t.Fatalf("%d bytes", len(out))
		}
		for name, text := range held {
			if bytes.Contains(left, []byte(text)) && !bytes.Contains(input, []byte(text)) && !bytes.Contains(program, []byte(text)) && !bytes.Contains(segment, []byte(text)) {
				t.Fatalf("%s came out", name)
			}
		}
		if bytes.Contains(left, []byte(half0)) {
			t.Fatal("the token's secret came out")
		}
	})
}
