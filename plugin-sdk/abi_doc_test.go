package seks_test

import (
	"bytes"
	"encoding/hex"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// The worked bytes of ABI.md are what the codec writes for what their words say.
func TestWorkedBytes(t *testing.T) {
	view := &seks.View{
		Method: "GET", Scheme: "http", Target: "/api/ok/models?limit=2", Authority: "127.0.0.1:8080", Mount: "/api/ok",
		Path: "/v1/models", Query: "limit=2", Headers: []seks.Header{{Name: "X-Date", Value: "7"}}, UpstreamAuthority: "api.example.com",
	}
	blocks := hexBlocks(t)
	for name, want := range map[string][]byte{
		"manifest": okManifest().Marshal(), "view": view.Marshal(), "plan": seks.Bearer("api_key").Marshal(),
	} {
		if !bytes.Equal(blocks[name], want) {
			t.Errorf("%s: ABI.md has\n% x\nthe codec writes\n% x", name, blocks[name], want)
		}
	}
	if text := seks.Bearer("api_key").Text(); !strings.Contains(readABI(t), "`"+strings.TrimSpace(text)+"`") {
		t.Errorf("ABI.md has other words for the plan than %s", text)
	}
}

// The tables of section 4 are the schema's messages, field by field; abi's own
// test holds the schema to the Go types.
func TestMessageTablesMatchSchema(t *testing.T) {
	schema, err := os.ReadFile("seks.proto")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile(`(?ms)^message (\w+) \{\n(.*?)^\}`)
	field := regexp.MustCompile(`(?m)^  ((?:repeated )?\w+) (\w+) = (\d+);$`)
	row := regexp.MustCompile("(?m)^\\| (\\d+) \\| `(\\w+)` \\| ([\\w ]+) \\|")
	doc := readABI(t)
	messages := block.FindAllStringSubmatch(string(schema), -1)
	if len(messages) < 20 {
		t.Fatalf("the schema has %d messages", len(messages))
	}
	for _, m := range messages {
		_, section, ok := strings.Cut(doc, "\n### "+m[1]+"\n")
		if !ok {
			t.Errorf("ABI.md has no section for %s", m[1])
			continue
		}
		section, _, _ = strings.Cut(section, "\n##")
		var want, got []string
		for _, f := range field.FindAllStringSubmatch(m[2], -1) {
			want = append(want, f[3]+" "+f[2]+" "+f[1])
		}
		for _, r := range row.FindAllStringSubmatch(section, -1) {
			got = append(got, r[1]+" "+r[2]+" "+r[3])
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: ABI.md has\n%s\nthe schema\n%s", m[1], strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// The limits and the operations' table are the code's.
func TestLimitsAndOperationsInDoc(t *testing.T) {
	doc := readABI(t)
	for name, value := range map[string]int{
		"MaxManifest": abi.MaxManifest, "MaxPlan": abi.MaxPlan, "MaxView": abi.MaxView, "MaxBodyInView": abi.MaxBodyInView,
		"MaxEntries": abi.MaxEntries, "MaxEdits": abi.MaxEdits, "MaxOperations": abi.MaxOperations, "MaxProgram": abi.MaxProgram,
		"MaxOps": abi.MaxOps, "MaxStack": abi.MaxStack, "MaxValue": abi.MaxValue, "MaxRegisters": abi.MaxRegisters,
		"MaxChecks": abi.MaxChecks, "MaxWork": abi.MaxWork, "MaxSignatures": abi.MaxSignatures, "MaxBodyOutput": abi.MaxBodyOutput,
		"MaxParameters": abi.MaxParameters, "MaxRunning": abi.MaxRunning, "MaxContext": abi.MaxContext, "MaxHints": abi.MaxHints,
	} {
		if !strings.Contains(doc, "| `"+name+"` | "+strconv.Itoa(value)+" |") {
			t.Errorf("ABI.md does not say that %s is %d", name, value)
		}
	}
	rows := regexp.MustCompile("(?m)^\\| ([0-9a-f]{2}) \\| .* \\| `(.+)` \\|$").FindAllStringSubmatch(doc, -1)
	listed := map[byte]string{}
	for _, r := range rows {
		op, err := strconv.ParseUint(r[1], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		listed[byte(op)] = r[2]
	}
	known := 0
	for op := range 256 {
		// The operands that make the text forms of the table.
		for _, operand := range []string{"", "\x07Bearer ", "\x07api_key", "\x00\x40", "\x02", "\x03", "\x00", "\x00\x03"} {
			program := string([]byte{byte(op)}) + operand
			if _, rest, err := abi.Next([]byte(program)); err != nil || len(rest) > 0 {
				continue
			}
			if abi.Text([]byte(program)) == listed[byte(op)] {
				known++
				break
			}
		}
		if _, _, err := abi.Next([]byte{byte(op), 1, 1}); (err == nil) != (listed[byte(op)] != "") {
			t.Errorf("operation %02x: in the table: %q, in the code: %v", op, listed[byte(op)], err)
		}
	}
	if known != len(rows) {
		t.Errorf("%d of the %d text forms in the table are the code's", known, len(rows))
	}
	for _, export := range []string{abi.ExportBuffer, abi.ExportManifest, abi.ExportPlan, abi.ExportScrub, abi.ExportConfigure, abi.ExportRequestBody, abi.ExportResponseBody} {
		if !strings.Contains(doc, "| `"+export+"` |") {
			t.Errorf("ABI.md does not list %s", export)
		}
	}
}

// allowedImports reads the list of WASI calls out of ABI.md.
func allowedImports(t *testing.T) map[string]bool {
	_, rest, ok := strings.Cut(readABI(t), "<!-- imports -->\n```\n")
	list, _, ok2 := strings.Cut(rest, "```")
	if !ok || !ok2 {
		t.Fatal("ABI.md has no list of imports")
	}
	allowed := map[string]bool{}
	for _, name := range strings.Fields(list) {
		allowed[name] = true
	}
	return allowed
}

func readABI(t *testing.T) string {
	b, err := os.ReadFile("ABI.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// hexBlocks reads the worked bytes out of ABI.md: fenced blocks after a comment
// with their name, hex to the left of "#", words to the right.
func hexBlocks(t *testing.T) map[string][]byte {
	blocks := map[string][]byte{}
	for _, part := range strings.Split(readABI(t), "<!-- bytes: ")[1:] {
		name, rest, ok := strings.Cut(part, " -->\n```\n")
		text, _, ok2 := strings.Cut(rest, "\n```")
		if !ok || !ok2 {
			t.Fatalf("block %.20q has no fence", part)
		}
		var digits strings.Builder
		for _, line := range strings.Split(text, "\n") {
			left, _, _ := strings.Cut(line, "#")
			digits.WriteString(strings.Join(strings.Fields(left), ""))
		}
		b, err := hex.DecodeString(digits.String())
		if err != nil {
			t.Fatalf("block %s: %v", name, err)
		}
		blocks[name] = b
	}
	return blocks
}
