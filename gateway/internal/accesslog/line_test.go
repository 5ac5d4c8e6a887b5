package accesslog

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/seksbot/seks-broker/gateway/internal/exchange"
)

var update = flag.Bool("update", false, "write the golden files anew")

// full is an exchange with a value in every field.
func full() *exchange.Exchange {
	return &exchange.Exchange{
		Start: time.Date(2026, 11, 23, 20, 0, 0, 1234567, time.FixedZone("CET", 3600)),
		ID:    "req_01", Tenant: "default", Agent: "writer", TokenID: "tok_7", Provider: "openai",
		Credential: "openai-main", CredentialVersion: 3, Operation: "chat.completions",
		Method: "POST", Path: "/v1/chat/completions", QueryKeys: []string{"a", "b c"},
		Status: 403, Error: "policy_denied", Decision: exchange.Denied, Reason: `no rule allows "POST"`,
		ClientIP: "127.0.0.1", UserAgent: "OpenAI/Go 3.96.0", BytesIn: 17, BytesOut: 1 << 40,
		UpstreamHost: "api.openai.com", Upstream: 12345678 * time.Nanosecond, Total: 1001 * time.Millisecond, Scrubbed: 2,
		Hits:    []exchange.Hit{{Place: "body", Form: "percent(base64)", Offset: 1 << 33}, {Place: "header", Form: "raw"}},
		Needles: 7, Born: 1, Shapes: []exchange.Sighting{{Name: "a key", Count: 3}},
	}
}

// keys is the contract of DESIGN §7, by hand; hash is the writer's.
var keys = strings.Fields(`time id tenant agent token_id provider credential credential_version operation
	method path query_keys status error decision reason client_ip user_agent bytes_in bytes_out upstream_host
	upstream_ms total_ms scrubbed`)

// further are keys that a line has only where they say something.
var further = strings.Fields(`hits needles born shapes`)

func TestGoldenLines(t *testing.T) {
	hostile := full()
	hostile.Path = "/v1/\x1b[2J\u202e\u2066\u200b\u0085\u2028\"\\\xff\x00\x7f\U000e0041é😀"
	hostile.UserAgent = strings.Repeat("u", maxText-1) + "é and more"
	hostile.QueryKeys = nil
	var got []byte
	c := newChain(genesis)
	for _, x := range []*exchange.Exchange{{}, full(), hostile} {
		got = c.appendSealed(got, appendLine(nil, x))
	}
	golden := filepath.Join("testdata", "lines.jsonl")
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("lines changed (go test -update writes them anew):\n%s\nwant\n%s", got, want)
	}
}

func TestLineHasEveryKeyInOrder(t *testing.T) {
	for _, x := range []*exchange.Exchange{{}, full()} {
		d := json.NewDecoder(bytes.NewReader(appendLine(nil, x)))
		if _, err := d.Token(); err != nil {
			t.Fatal(err)
		}
		var got []string
		for d.More() {
			key, err := d.Token()
			if err != nil {
				t.Fatal(err)
			}
			var value any
			if err := d.Decode(&value); err != nil {
				t.Fatal(err)
			}
			got = append(got, key.(string))
		}
		want := keys
		if x.Scrubbed > 0 {
			want = slices.Concat(keys, further)
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("keys\n%v, want\n%v", got, want)
		}
	}
}

func TestTextIsCutAndSaysSo(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{strings.Repeat("a", maxText), strings.Repeat("a", maxText)},
		{strings.Repeat("a", maxText+1), strings.Repeat("a", maxText) + "…[+1 bytes]"},
		{strings.Repeat("a", maxText-1) + "é", strings.Repeat("a", maxText-1) + "…[+2 bytes]"},
		{strings.Repeat("a", maxText-3) + "😀x", strings.Repeat("a", maxText-3) + "…[+5 bytes]"},
		{strings.Repeat("\x80", maxText+4), strings.Repeat("\ufffd", maxText) + "…[+4 bytes]"},
	} {
		if got := string(appendText(nil, c.in, maxText)); got != `"`+c.want+`"` {
			t.Errorf("…%s, want …%s", tailOf(got), tailOf(c.want))
		}
	}
	many := make([]string, maxQueryKeys+5)
	long := []string{"a", strings.Repeat("b", maxText), "c"}
	for _, c := range []struct {
		in   []string
		n    int
		last string
	}{
		{many, maxQueryKeys + 1, "…[+5 keys]"},
		{long, 2, "…[+2 keys]"},
	} {
		var got []string
		if err := json.Unmarshal(appendKeys(nil, c.in), &got); err != nil || len(got) != c.n || got[len(got)-1] != c.last {
			t.Errorf("%d keys, %v, last %q; want %d, %q", len(got), err, got[len(got)-1], c.n, c.last)
		}
	}
}

func tailOf(s string) string { return s[max(0, len(s)-24):] }

func TestWorstLineFitsAFrame(t *testing.T) {
	bad := strings.Repeat("\x01", maxPath*2)
	x := &exchange.Exchange{ID: bad, Tenant: bad, Agent: bad, TokenID: bad, Provider: bad, Credential: bad, Operation: bad,
		Method: bad, Path: bad, Error: bad, Decision: bad, Reason: bad, ClientIP: bad, UserAgent: bad, UpstreamHost: bad}
	for range maxText {
		x.QueryKeys = append(x.QueryKeys, "\x01")
	}
	if n := len(appendLine(nil, x)); n > 256<<10 {
		t.Errorf("the longest line has %d bytes", n)
	}
}

func TestMillis(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0.000", -time.Second: "0.000", 999: "0.000", time.Microsecond: "0.001", 1234567: "1.234", time.Hour: "3600000.000",
	} {
		if got := string(appendMillis(nil, d)); got != want {
			t.Errorf("%v is %s, want %s", d, got, want)
		}
	}
}

func FuzzLine(f *testing.F) {
	for _, s := range []string{"", "plain", "\x1b]0;x\x07", "\u202e\u2069\u061c", "\xed\xa0\x80", "\xff\xfe", "😀\U000e0001", `"\/`, "a\r\nb", "\u0085\u2028"} {
		f.Add(s, int64(len(s)))
	}
	f.Fuzz(func(t *testing.T, s string, n int64) {
		x := &exchange.Exchange{Start: time.Unix(n%(1<<32), 0), Path: s, UserAgent: s, QueryKeys: []string{s, s}, Reason: s, BytesIn: n, Total: time.Duration(n)}
		line := appendLine(nil, x)
		checkTerminalSafe(t, line)
		var got struct {
			Path      string
			QueryKeys []string `json:"query_keys"`
			BytesIn   int64    `json:"bytes_in"`
			TotalMS   float64  `json:"total_ms"`
		}
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		want := jsonsIdeaOf(t, s)
		if len(s) <= maxText/2 && (got.Path != want || got.QueryKeys[1] != want) {
			t.Errorf("%q came back as %q", want, got.Path)
		}
		if got.BytesIn != n || got.TotalMS < 0 {
			t.Errorf("numbers %d %f, want %d", got.BytesIn, got.TotalMS, n)
		}
	})
}

func jsonsIdeaOf(t *testing.T, s string) (out string) {
	b, err := json.Marshal(s)
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func checkTerminalSafe(t *testing.T, line []byte) {
	t.Helper()
	if !utf8.Valid(line) {
		t.Errorf("not UTF-8: %q", line)
	}
	for _, r := range string(line) {
		if !strconv.IsPrint(r) {
			t.Errorf("%U is in the line %q", r, line)
		}
	}
}
