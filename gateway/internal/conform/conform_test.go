package conform

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

//go:embed testdata/fickle.wasm
var fickle []byte

// What a fickle guest does with the two answers that it has for a call.
const (
	firstOnly = iota
	inTurn
	byLength
	traps
	leaks
)

// briefly is how long the check of limits takes in a test.
const briefly = 100 * time.Millisecond

// guest is what a module under test says: two answers for each call, and how it
// chooses between them.
type guest struct {
	manifests, plans, scrubs [2][]byte
	modes                    [3]uint32
}

// good is a guest with nothing to find fault with.
func good(change func(m *abi.Manifest, g *guest)) guest {
	m := &abi.Manifest{
		Name: "fickle", Version: "1.0.0", Title: "A guest",
		Upstreams:       []abi.Upstream{{Name: "main", URL: "https://api.example.com"}},
		VersionPrefixes: []string{"/v1"},
		Fields: []abi.Field{{Name: "api_key", Use: abi.UseReveal, Main: true, Help: "a key",
			Sinks: []abi.Sink{{Kind: abi.SinkHeader, Name: "authorization"}}}},
		TokenSlots: []abi.Slot{{Kind: abi.SlotHeader, Name: "authorization", Scheme: "Bearer"}},
		ErrorShape: abi.ErrorShape{ContentType: "application/json", Body: `{"error":"{{message}}"}`},
		Operations: []abi.Operation{{Name: "models.list", Class: abi.ClassRead, Method: "GET", Path: "/v1/models/{id}"}},
	}
	g := guest{}
	g.plans[0] = setHeader("authorization", "k").Marshal()
	g.plans[1] = setHeader("authorization", "other").Marshal()
	g.scrubs[1] = (&abi.ScrubPlan{Drop: []string{"x"}}).Marshal()
	if change != nil {
		change(m, &g)
	}
	g.manifests[0] = m.Marshal()
	if g.manifests[1] == nil {
		g.manifests[1] = g.manifests[0]
	}
	return g
}

func setHeader(name, value string) *abi.Plan {
	program := abi.AppendConcat(abi.AppendField(abi.AppendLit(nil, value), "api_key"), 2)
	return &abi.Plan{Edits: []abi.Edit{{Kind: abi.SetHeader, Name: name, Value: program}}}
}

// module puts the guest's answers into the template, as a data section behind it.
func (g guest) module() []byte {
	const answers = 0x1000
	var table, text []byte
	for _, two := range [][2][]byte{g.manifests, g.plans, g.scrubs} {
		for _, a := range two {
			table = binary.LittleEndian.AppendUint64(table, uint64(answers+len(text))<<32|uint64(len(a)))
			text = append(text, a...)
		}
	}
	table = append(table, make([]byte, 0x10)...) // up to 0x140
	for _, mode := range g.modes {
		table = binary.LittleEndian.AppendUint32(table, mode)
	}
	data := append([]byte{2}, segment("\x80\x02", table)...) // 0x100
	data = append(data, segment("\x80\x20", text)...)        // 0x1000
	out := append(bytes.Clone(fickle), 11)
	return append(binary.AppendUvarint(out, uint64(len(data))), data...)
}

// segment is an active data segment at an address, in signed LEB128.
func segment(address string, content []byte) []byte {
	b := append([]byte("\x00\x41"+address+"\x0b"), binary.AppendUvarint(nil, uint64(len(content)))...)
	return append(b, content...)
}

func TestAGoodGuestPasses(t *testing.T) {
	results := check(context.Background(), good(nil).module(), nil, briefly)
	if len(results) != 14 {
		t.Errorf("%d checks", len(results))
	}
	for _, r := range results {
		if !r.OK || r.Says == "" || len(r.Advice) > 0 {
			t.Errorf("%+v", r)
		}
	}
}

// A field that signs with a private key gets one to stand in for it.
func TestPlansMaySignWithPrivateKeys(t *testing.T) {
	for _, op := range []abi.Op{abi.OpRSA, abi.OpECDSA, abi.OpEd25519} {
		signed := func(message []byte) []byte {
			return abi.AppendOp(append(abi.AppendField(nil, "key"), message...), op)
		}
		g := good(func(m *abi.Manifest, g *guest) {
			m.Fields = append(m.Fields, abi.Field{Name: "key", Use: abi.UseSign, Help: "a key", SignShapes: [][]byte{signed(abi.AppendOp(nil, abi.OpAny))}})
			p := setHeader("authorization", "k")
			p.Edits = append(p.Edits, abi.Edit{Kind: abi.SetHeader, Name: "x-signature", Value: abi.AppendOp(signed(abi.AppendLit(nil, "m")), abi.OpHex)})
			g.plans[0] = p.Marshal()
		})
		for _, r := range check(context.Background(), g.module(), nil, briefly) {
			if !r.OK || len(r.Advice) > 0 {
				t.Errorf("%x: %+v", op, r)
			}
		}
	}
}

// Each fault is found by its own check, and said so that an author can mend it.
func TestFaultsAreFound(t *testing.T) {
	for _, c := range []struct {
		name, check, says string
		change            func(m *abi.Manifest, g *guest)
	}{
		{"another manifest each time", "manifest", "make it of constants alone", func(m *abi.Manifest, g *guest) {
			m.Version = "2"
			g.manifests[1] = m.Marshal()
			m.Version = "1"
			g.modes[0] = inTurn
		}},
		{"a DELETE that reads", "catalogue", "make it write", func(m *abi.Manifest, _ *guest) { m.Operations[0].Method = "DELETE" }},
		{"a path with no prefix", "catalogue", "no request gets this path", func(m *abi.Manifest, _ *guest) { m.Operations[0].Path = "/models" }},
		{"an error that is no JSON", "errors", "not what its content type says", func(m *abi.Manifest, _ *guest) { m.ErrorShape.Body = `{"error":{{message}}}` }},
		{"an error with no reason", "errors", "shows no message", func(m *abi.Manifest, _ *guest) { m.ErrorShape.Body = `{"error":"{{code}}"}` }},
		{"an error with a typing mistake", "errors", "{{mesage}}, which stands for nothing", func(m *abi.Manifest, _ *guest) { m.ErrorShape.Body = `{"error":"{{mesage}}"}` }},
		{"a header that the host sets", "plans", "the host sets it itself", func(_ *abi.Manifest, g *guest) { g.plans[0] = setHeader("Host", "x").Marshal() }},
		{"a header with a line break", "plans", "line break", func(_ *abi.Manifest, g *guest) { g.plans[0] = setHeader("authorization", "x\r\n").Marshal() }},
		{"a secret that goes elsewhere", "plans", "not one of its sinks", func(_ *abi.Manifest, g *guest) { g.plans[0] = setHeader("x-other", "x").Marshal() }},
		{"a plan that is none", "plans", "can't be read", func(_ *abi.Manifest, g *guest) { g.plans[0] = []byte{0x0a} }},
		{"a trap", "plans", "it trapped", func(_ *abi.Manifest, g *guest) { g.modes[1] = traps }},
		{"another plan each time", "determinism", `"k" field:api_key concat:2`, func(_ *abi.Manifest, g *guest) { g.modes[1] = inTurn }},
		{"a plan by the length of what it reads", "encodings", "unknown fields: the plan was another", func(_ *abi.Manifest, g *guest) { g.modes[1] = byLength }},
		{"a trap on an answer", "scrub", "an answer with nothing in it: it trapped", func(_ *abi.Manifest, g *guest) { g.modes[2] = traps }},
		{"another scrub plan each time", "scrub", "was another", func(_ *abi.Manifest, g *guest) { g.modes[2] = inTurn }},
		{"a scrub plan by length", "scrub", "was another", func(_ *abi.Manifest, g *guest) { g.modes[2] = byLength }},
		{"memory that only grows", "limits", "its memory grew by", func(_ *abi.Manifest, g *guest) { g.modes[1] = leaks }},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := good(c.change)
			for _, r := range check(context.Background(), g.module(), nil, briefly) {
				if r.Check == c.check && (r.OK || !strings.Contains(r.Says, c.says)) {
					t.Errorf("%v: %s", r.OK, r.Says)
				}
				// What comes before it is not to blame; what comes behind may fail too.
				if r.Check == c.check {
					return
				}
				if !r.OK {
					t.Errorf("%s fails: %s", r.Check, r.Says)
				}
			}
			t.Errorf("no check %s", c.check)
		})
	}
}

// A module that can't be opened is judged by what is wrong with it alone, part
// by part.
func TestModulesThatCantBeOpened(t *testing.T) {
	for name, want := range map[string]string{
		"start_section": "module", "imports_socket": "imports", "imports_env": "imports", "missing_export": "exports",
		"wrong_signature": "exports", "unknown_version": "exports", "trap_init": "start", "bad_manifest": "manifest",
	} {
		module, err := os.ReadFile("../../../plugin-sdk/testdata/guests/" + name + ".wasm")
		if err != nil {
			t.Fatal(err)
		}
		results := Check(context.Background(), module, nil)
		if len(results) != 1 || results[0].OK || results[0].Check != want || results[0].Says == "" {
			t.Errorf("%s: %+v", name, results)
		}
	}
	if r := Check(context.Background(), []byte("text"), nil); len(r) != 1 || r[0].Check != "module" {
		t.Errorf("%+v", r)
	}
}

// What is asked of an operator and never used is said, though it fails nothing.
func TestAdvice(t *testing.T) {
	g := good(func(m *abi.Manifest, g *guest) {
		m.Fields[0].Sinks = append(m.Fields[0].Sinks, abi.Sink{Kind: abi.SinkQuery, Name: "key"})
		m.Fields = append(m.Fields, abi.Field{Name: "spare", Use: abi.UsePublic})
		m.Operations, m.ErrorShape, m.Title, m.Fields[0].Help = nil, abi.ErrorShape{}, "", ""
	})
	var all []string
	for _, r := range check(context.Background(), g.module(), nil, briefly) {
		if !r.OK {
			t.Errorf("%+v", r)
		}
		all = append(all, r.Advice...)
	}
	for _, want := range []string{"no title", "has no help", "no operations", "no error shape", "the query parameter key", "the field spare"} {
		if !strings.Contains(strings.Join(all, "\n"), want) {
			t.Errorf("nothing is said of %q: %q", want, all)
		}
	}
}

// The other ways to write a view say the same to the codec, and are others.
func TestRewritingsSayTheSame(t *testing.T) {
	m, err := plan.ParseManifest(good(func(m *abi.Manifest, _ *guest) {
		m.Headers, m.NeedsTime = []string{"x-a", "x-b"}, true
	}).manifests[0], "")
	if err != nil {
		t.Fatal(err)
	}
	s := newSamples(m)
	changed := map[string]bool{}
	for _, v := range append(s.views(50), &abi.View{}) {
		raw := v.Marshal()
		for _, how := range rewritings {
			written := how.write(raw, viewHeaders)
			var again abi.View
			if err := again.Unmarshal(bytes.Clone(written)); err != nil {
				t.Fatalf("with %s: %v", how.with, err)
			}
			if !bytes.Equal(again.Marshal(), raw) {
				t.Errorf("with %s, % x says another thing than % x", how.with, written, raw)
			}
			changed[how.with] = changed[how.with] || !bytes.Equal(written, raw)
		}
	}
	for _, h := range s.heads() {
		raw := h.head.Marshal()
		for i, written := range others(raw) {
			var again abi.AnswerHead
			if err := again.Unmarshal(bytes.Clone(written)); err != nil || !bytes.Equal(again.Marshal(), raw) {
				t.Errorf("a head with %s: %v", rewritings[i].with, err)
			}
		}
	}
	for _, how := range rewritings {
		if !changed[how.with] {
			t.Errorf("nothing is written with %s", how.with)
		}
	}
}

func TestFickleIsBuiltFromItsSource(t *testing.T) {
	tool, err := exec.LookPath("wat2wasm")
	if err != nil {
		t.Skip("no wat2wasm here (Debian: wabt)")
	}
	out := filepath.Join(t.TempDir(), "out.wasm")
	if text, err := exec.Command(tool, "testdata/fickle.wat", "-o", out).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if made, err := os.ReadFile(out); err != nil || !bytes.Equal(made, fickle) {
		t.Errorf("fickle.wasm is another than fickle.wat says: run wat2wasm again (%v)", err)
	}
}
