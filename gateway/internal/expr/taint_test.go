package expr

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

func revealFields() []abi.Field {
	return []abi.Field{
		public,
		{Name: "api_key", Use: abi.UseReveal, Sinks: []abi.Sink{
			{Kind: abi.SinkHeader, Name: "authorization"}, {Kind: abi.SinkQuery, Name: "key"},
		}},
		{Name: "password", Use: abi.UseReveal, Sinks: []abi.Sink{{Kind: abi.SinkHeader, Name: "x-password"}, {Kind: abi.SinkHeader, Name: "authorization"}}},
	}
}

// forms are ways to dress a value up, none of which makes it another's.
var forms = map[string]func(seks.Expr) seks.Expr{
	"plain":     func(e seks.Expr) seks.Expr { return e },
	"concat":    func(e seks.Expr) seks.Expr { return seks.Concat(seks.Lit("Bearer "), e, seks.Lit("!")) },
	"hex":       seks.Expr.Hex,
	"base64":    seks.Expr.Base64,
	"base64url": seks.Expr.Base64URL,
	"percent":   seks.Expr.Percent,
	"md5":       func(e seks.Expr) seks.Expr { return seks.Hash(seks.MD5, e) },
	"sha256":    func(e seks.Expr) seks.Expr { return seks.Hash(seks.SHA256, e) },
	"hmac key":  func(e seks.Expr) seks.Expr { return seks.HMAC(seks.SHA256, e, seks.Lit("m")) },
	"hmac text": func(e seks.Expr) seks.Expr { return seks.HMAC(seks.SHA256, seks.Lit("k"), e) },
	"nested": func(e seks.Expr) seks.Expr {
		return seks.Concat(seks.Lit("a"), seks.Hash(seks.SHA512, seks.Concat(seks.Lit("b"), e.Hex()).Base64()).Base64URL())
	},
}

func TestSinks(t *testing.T) {
	tests := []struct {
		kind  abi.EditKind
		name  string
		takes []string // fields
	}{
		{abi.SetHeader, "authorization", []string{"account", "api_key", "password"}},
		{abi.SetHeader, "Authorization", []string{"account", "api_key", "password"}},
		{abi.AddHeader, "authorization", []string{"account", "api_key", "password"}},
		{abi.SetHeader, "x-password", []string{"account", "password"}},
		{abi.SetHeader, "x-api-key", []string{"account"}},
		{abi.SetHeader, "authorization2", []string{"account"}},
		{abi.SetHeader, "key", []string{"account"}}, // a query sink is no header
		{abi.SetQuery, "key", []string{"account", "api_key"}},
		{abi.AddQuery, "key", []string{"account", "api_key"}},
		{abi.SetQuery, "Key", []string{"account"}}, // parameters have a case
		{abi.SetQuery, "authorization", []string{"account"}},
		{abi.SetQuery, "apikey", []string{"account"}},
		{abi.SetPath, "", nil},
		{abi.SetRawQuery, "", nil},
	}
	m := manifest(revealFields()...)
	for _, tt := range tests {
		for _, field := range []string{"account", "api_key", "password"} {
			for form, dress := range forms {
				_, err := Vet(edit(m, tt.kind, tt.name, dress(seks.Field(field))))
				want := slices.Contains(tt.takes, field)
				if want != (err == nil) {
					t.Errorf("%s as %s into %d %q: %v, want permitted = %v", field, form, tt.kind, tt.name, err, want)
				}
			}
		}
		// Both at once: where one may not go, neither does.
		both := seks.Concat(seks.Field("api_key"), seks.Lit(":"), seks.Field("password")).Base64()
		_, err := Vet(edit(m, tt.kind, tt.name, both))
		if want := slices.Contains(tt.takes, "api_key") && slices.Contains(tt.takes, "password"); want != (err == nil) {
			t.Errorf("two fields into %d %q: %v, want permitted = %v", tt.kind, tt.name, err, want)
		}
		if _, err := Vet(edit(m, tt.kind, tt.name, seks.Lit("plain").Hex())); err != nil {
			t.Errorf("no field into %d %q: %v", tt.kind, tt.name, err)
		}
	}
}

func TestOneBadEditSpoilsThePlan(t *testing.T) {
	p := edit(manifest(revealFields()...), abi.SetHeader, "authorization", seks.Field("api_key"))
	p.Edits = append(p.Edits, abi.Edit{Kind: abi.SetHeader, Name: "x", Value: seks.Field("api_key")})
	if v, err := Vet(p); err == nil || v.Valid() {
		t.Errorf("%v, %v", v.Valid(), err)
	}
}

func TestUnknownFieldIsRefused(t *testing.T) {
	for name, e := range map[string]seks.Expr{
		"alone": seks.Field("other"), "inside": seks.Concat(seks.Lit("a"), seks.Field("other").Hex()),
		"a name that begins alike": seks.Field("api_ke"), "in capitals": seks.Field("API_KEY"),
	} {
		_, err := Vet(edit(manifest(revealFields()...), abi.SetHeader, "authorization", e))
		if err == nil || !strings.Contains(err.Error(), "not in the manifest") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestRevealStandsInASignature(t *testing.T) {
	fields := append(revealFields(), awsFields()...)
	signed := chain(append(lits("d", "r", "s", "aws4_request"), seks.Concat(seks.Lit("AWS4-HMAC-SHA256\n"), seks.Field("api_key")))...)
	v, err := Vet(edit(manifest(fields...), abi.SetHeader, "x-any", signed.Hex()))
	if err != nil {
		t.Fatalf("under a signature it may stand in the message: %v", err)
	}
	out, err := first(v, values{"api_key": "k", "secret_access_key": "s"})
	if err != nil || len(out.Derived) != 0 {
		t.Errorf("%d values to scrub, %v; a signature gives nothing away", len(out.Derived), err)
	}
}

// Two fields that sign: each has its own shape, and none vouches for the other.
func TestTwoSignFields(t *testing.T) {
	a, b := seks.Field("a"), seks.Field("b")
	hm := func(k, m seks.Expr) seks.Expr { return seks.HMAC(seks.SHA256, k, m) }
	tests := []struct {
		name   string
		shapes map[string][]seks.Expr
		value  seks.Expr
		fine   bool
	}{
		{"each by itself", map[string][]seks.Expr{"a": {hm(a, seks.Any())}, "b": {hm(b, seks.Any())}}, seks.Concat(hm(a, seks.Lit("1")), hm(b, seks.Lit("2"))), true},
		{"any holds no other sign field", map[string][]seks.Expr{"a": {hm(a, seks.Any())}, "b": {hm(b, seks.Any())}}, hm(a, b), false},
		{"not even hashed", map[string][]seks.Expr{"a": {hm(a, seks.Any())}, "b": {hm(b, seks.Any())}}, hm(a, seks.Hash(seks.SHA256, b)), false},
		{"but its signature", map[string][]seks.Expr{"a": {hm(a, seks.Any())}, "b": {hm(b, seks.Any())}}, hm(a, hm(b, seks.Lit("x"))), true},
		{"one speaks for both", map[string][]seks.Expr{"a": {hm(a, b)}, "b": {hm(b, seks.Any())}}, hm(a, b), false},
		{"both speak for both", map[string][]seks.Expr{"a": {hm(seks.Concat(a, b), seks.Any())}, "b": {hm(seks.Concat(a, b), seks.Any())}}, hm(seks.Concat(a, b), seks.Lit("x")), true},
		{"the other one's shape", map[string][]seks.Expr{"a": {hm(a, seks.Any())}, "b": {hm(a, seks.Any())}}, hm(b, seks.Lit("x")), false},
		{"one of several shapes", map[string][]seks.Expr{"a": {hm(a, seks.Lit("no")), hm(a, seks.Any())}, "b": {hm(b, seks.Any())}}, hm(a, seks.Lit("x")), true},
	}
	for _, tt := range tests {
		var fields []abi.Field
		for _, name := range []string{"a", "b"} {
			f := abi.Field{Name: name, Use: abi.UseSign}
			for _, s := range tt.shapes[name] {
				f.SignShapes = append(f.SignShapes, s)
			}
			fields = append(fields, f)
		}
		if _, err := Vet(edit(manifest(fields...), abi.SetHeader, "x", tt.value)); tt.fine != (err == nil) {
			t.Errorf("%s: %v, want fine = %v", tt.name, err, tt.fine)
		}
	}
}

func TestShapesThatAreNone(t *testing.T) {
	key := seks.Field("k")
	tests := []struct {
		name  string
		shape seks.Expr
		value seks.Expr // what would match it
	}{
		{"any", seks.Any(), key},
		{"the field itself", key, key},
		{"its hash", seks.Hash(seks.SHA256, key), seks.Hash(seks.SHA256, key)},
		{"hex of an HMAC", seks.HMAC(seks.SHA256, key, seks.Any()).Hex(), seks.HMAC(seks.SHA256, key, seks.Lit("x")).Hex()},
		{"the field as the message", seks.HMAC(seks.SHA256, seks.Lit("known"), key), seks.HMAC(seks.SHA256, seks.Lit("known"), key)},
		{"any as the key", seks.HMAC(seks.SHA256, seks.Any(), seks.Any()), seks.HMAC(seks.SHA256, key, seks.Lit("x"))},
		{"another field as the key", seks.HMAC(seks.SHA256, seks.Field("other"), key), seks.HMAC(seks.SHA256, seks.Field("other"), key)},
		{"no program", seks.Expr{0xff}, seks.HMAC(seks.SHA256, key, seks.Lit("x"))},
		{"two values", append(seks.HMAC(seks.SHA256, key, seks.Any()), seks.Lit("x")...), seks.HMAC(seks.SHA256, key, seks.Lit("x"))},
	}
	for _, tt := range tests {
		m := manifest(abi.Field{Name: "k", Use: abi.UseSign, SignShapes: [][]byte{tt.shape}}, abi.Field{Name: "other", Use: abi.UsePublic})
		if err := CheckShapes(m); err == nil || !strings.Contains(err.Error(), "field k: a signature shape:") {
			t.Errorf("%s: CheckShapes says %v", tt.name, err)
		}
		if _, err := Vet(edit(m, abi.SetHeader, "x", tt.value)); err == nil {
			t.Errorf("%s: lets the field out", tt.name)
		}
	}
	if err := CheckShapes(manifest(awsFields()...)); err != nil {
		t.Errorf("SigV4: %v", err)
	}
	// A use that nobody declared is held as a sign field without a shape.
	if _, err := Vet(edit(manifest(abi.Field{Name: "k"}), abi.SetHeader, "x", key)); err == nil {
		t.Error("a field without a use gets out")
	}
}

// What leaves in another spelling than the field's own is what the scrubber must
// be told.
func TestDerived(t *testing.T) {
	key, pass := seks.Field("api_key"), seks.Field("password")
	in := values{"account": "me", "api_key": "k/y +", "password": "p:w"}
	b64 := base64.StdEncoding.EncodeToString
	tests := []struct {
		name  string
		kind  abi.EditKind
		to    string
		value seks.Expr
		want  []string
	}{
		{"bearer", abi.SetHeader, "authorization", seks.Concat(seks.Lit("Bearer "), key), nil},
		{"a public field, encoded", abi.SetHeader, "authorization", seks.Field("account").Base64(), nil},
		{"the pair of Basic", abi.SetHeader, "authorization", seks.Concat(seks.Lit("Basic "), seks.Concat(seks.Field("account"), seks.Lit(":"), pass).Base64()),
			[]string{b64([]byte("me:p:w"))}},
		{"two fields", abi.SetHeader, "authorization", seks.Concat(key.Hex(), pass.Base64()), []string{"6b2f79202b", b64([]byte("p:w"))}},
		{"every step", abi.SetHeader, "authorization", key.Hex().Base64(), []string{"6b2f79202b", b64([]byte("6b2f79202b"))}},
		{"in a query", abi.SetQuery, "key", key, []string{"k%2Fy+%2B"}},
		{"in a query, with something before it", abi.AddQuery, "key", seks.Concat(seks.Lit("a b"), key), []string{"k%2Fy+%2B"}},
		{"in a query, encoded", abi.SetQuery, "key", key.Base64(), []string{"k%2Fy+%2B", "ay95ICs=", "ay95ICs%3D"}},
	}
	for _, tt := range tests {
		v, err := Vet(edit(manifest(revealFields()...), tt.kind, tt.to, tt.value))
		if err != nil {
			t.Fatal(tt.name, err)
		}
		out, err := first(v, in)
		var got []string
		for _, d := range out.Derived {
			got = append(got, string(d))
		}
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: derived %q, want %q (%v)", tt.name, got, tt.want, err)
		}
	}
}

// A guest can nest signatures as deep as the stack, and a manifest can declare
// many shapes. Neither may make vetting slow: it is the host's own time.
func TestVettingIsQuick(t *testing.T) {
	k := seks.Field("k")
	nested := seks.Expr(k)
	for range 60 { // hmac(hmac(… ‖ k, x) ‖ k, x)
		nested = seks.HMAC(seks.SHA256, seks.Concat(nested, k), seks.Lit(""))
	}
	inMessages := seks.Lit("x")
	for range 30 {
		inMessages = seks.HMAC(seks.SHA256, k, inMessages)
	}
	nearly := seks.Expr(k) // matches each shape below but at its very end
	for range 80 {
		nearly = seks.HMAC(seks.SHA256, nearly, seks.Lit(""))
	}
	shapes := [][]byte{
		seks.HMAC(seks.SHA256, seks.Concat(seks.Any(), k), seks.Any()),
		seks.HMAC(seks.SHA256, k, seks.Any()),
	}
	for i := range 500 {
		shape := seks.Concat(seks.Lit(fmt.Sprint(i)), k)
		for range 80 {
			shape = seks.HMAC(seks.SHA256, shape, seks.Lit(""))
		}
		shapes = append(shapes, shape)
	}
	m := manifest(abi.Field{Name: "k", Use: abi.UseSign, SignShapes: shapes})
	p := edit(m, abi.SetHeader, "x", nested)
	for range abi.MaxEdits / 2 {
		p.Edits = append(p.Edits, abi.Edit{Kind: abi.SetHeader, Name: "x", Value: inMessages}, abi.Edit{Kind: abi.SetHeader, Name: "x", Value: nearly})
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = Vet(p)
		// One edit alone, so that none before it is refused.
		for _, e := range []seks.Expr{nested, inMessages, nearly} {
			_, _ = Vet(edit(m, abi.SetHeader, "x", e))
		}
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second): // it takes some 20 ms
		t.Fatal("vetting does not come to an end")
	}
	if _, err := Vet(edit(m, abi.SetHeader, "x", inMessages)); err != nil {
		t.Errorf("signatures of signatures: %v", err)
	}
}
