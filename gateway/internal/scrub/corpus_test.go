package scrub

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write SECURITY.md's table of forms anew")

// corpusCase is a line of testdata/corpus/cases.jsonl.
type corpusCase struct {
	Form, Place, Secret, Coding, Chunks, Type string
	Front, Text, Back                         []byte
}

func corpus(t *testing.T) (cases []corpusCase, secrets []string) {
	t.Helper()
	f, err := os.Open("testdata/corpus/cases.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	seen := map[string]bool{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var c corpusCase
		if err := json.Unmarshal(lines.Bytes(), &c); err != nil {
			t.Fatal(err)
		}
		if cases = append(cases, c); !seen[c.Secret] {
			seen[c.Secret], secrets = true, append(secrets, c.Secret)
		}
	}
	return cases, secrets
}

// chunked is body as an upstream sends it.
func chunked(r *rand.Rand, how, body string) io.Reader {
	switch how {
	case "bytes":
		return oneByOne(body)
	case "random":
		return randomly(r, body)
	case "halves":
		return split(body, len(body)/2)
	}
	return split(body)
}

// kept is the longest stretch of text that stands in out at its own place.
func kept(out, text string) (longest int) {
	run := 0
	for i := range text {
		if run++; out[i] != text[i] {
			run = 0
		}
		longest = max(longest, run)
	}
	return longest
}

// Every case of a corpus that was made without any code of ours is caught: of its
// writing of the secret nothing is left, and of what is around it everything. What
// came out is also written to $SCRUBBED, and what went in beside it, for a scanner of
// another make to look at (leaks.sh).
func TestCorpus(t *testing.T) {
	cases, secrets := corpus(t)
	if len(cases) < 2000 {
		t.Fatalf("%d cases", len(cases))
	}
	s := set(secrets...)
	r := rand.New(rand.NewPCG(7, 7))
	var all, before bytes.Buffer
	caught := map[string]int{}
	for i, c := range cases {
		front, text, back := string(c.Front), string(c.Text), string(c.Back)
		body := front + text + back
		if c.Coding != "" {
			body = encode(c.Coding, body)
		}
		var forms []string
		o := Options{Needles: s, ContentType: c.Type, Coding: c.Coding, OnHit: func(h Hit) { forms = append(forms, h.Form.String()) }}
		out := scrubbed(t, chunked(r, c.Chunks, body), o)
		if len(out) != len(front)+len(text)+len(back) || out[:len(front)] != front || out[len(out)-len(back):] != back {
			t.Fatalf("case %d, %s: what is around was changed: %q", i, c.Form, out)
		}
		out = out[len(front):]
		// Text in front, and characters with bits of other bytes, stay.
		if n := kept(out, text); len(forms) == 0 || n > len(text)/3 && n > 30 {
			t.Errorf("case %d, %s in %s, %s, %s: %q came out as %q", i, c.Form, c.Place, c.Coding, c.Chunks, text, out)
			continue
		}
		if form := leaks([]byte(out), c.Secret); form != "" {
			t.Errorf("case %d, %s: the secret can be had from %q as %s", i, c.Form, out, form)
		}
		caught[c.Form]++
		fmt.Fprintf(&all, "%s\n", out)
		fmt.Fprintf(&before, "%s\n", text)
	}
	checkTable(t, cases, caught)
	if path := os.Getenv("SCRUBBED"); path != "" {
		if err := errors.Join(os.WriteFile(path, all.Bytes(), 0o600), os.WriteFile(path+".before", before.Bytes(), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
}

const tableBegin, tableEnd = "<!-- What is caught: made by TestCorpus -update. -->\n", "<!-- end -->\n"

// checkTable holds SECURITY.md's table against what was caught.
func checkTable(t *testing.T, cases []corpusCase, caught map[string]int) {
	t.Helper()
	var b strings.Builder
	b.WriteString("| form | cases | caught |\n|---|---|---|\n")
	total := map[string]int{}
	var order []string
	for _, c := range cases {
		if total[c.Form]++; total[c.Form] == 1 {
			order = append(order, c.Form)
		}
	}
	for _, form := range order {
		fmt.Fprintf(&b, "| %s | %d | %d |\n", strings.ReplaceAll(form, "|", "\\|"), total[form], caught[form])
	}
	path := filepath.Join("..", "..", "..", "SECURITY.md")
	doc, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(doc), tableBegin)
	table, after, ok2 := strings.Cut(rest, tableEnd)
	if !ok || !ok2 {
		t.Fatal("SECURITY.md has no place for the table")
	}
	if table == b.String() {
		return
	}
	if !*update {
		t.Error("SECURITY.md's table is not what was caught: run this test with -update")
		return
	}
	if err := os.WriteFile(path, []byte(before+tableBegin+b.String()+tableEnd+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Bodies of all kinds that hold no secret leave as they came, whatever they are
// full of.
func TestInnocentCorpus(t *testing.T) {
	_, secrets := corpus(t)
	s := set(secrets...)
	r := rand.New(rand.NewPCG(8, 8))
	n := 0
	check := func(name, contentType, body string) {
		t.Helper()
		n++
		for _, coding := range []string{"", codings[n%len(codings)]} {
			sent := body
			if coding != "" {
				sent = encode(coding, body)
			}
			o := Options{Needles: s, ContentType: contentType, Coding: header(coding), OnHit: func(h Hit) { t.Errorf("%s: a hit, %+v", name, h) }}
			if got := scrubbed(t, chunked(r, []string{"whole", "random", "halves"}[n%3], sent), o); got != body {
				t.Errorf("%s was changed", name)
			}
		}
	}
	for i := range 60 {
		text := prose(r, 200+r.IntN(4000))
		blob := randomBytes(r, 100+r.IntN(5000))
		near := secrets[i%len(secrets)]
		near = near[:len(near)-1] + "!" + near[1:]
		doc, _ := json.Marshal(map[string]any{"text": text, "blob": []byte(blob), "n": r.IntN(99), "html": "<b>" + text[:50] + "</b>"})
		check("json", "application/json", string(doc))
		check("json in json", "application/json", quotedJSON(string(doc)))
		check("events", "text/event-stream", "data: "+string(doc)+"\n\n: ping\n\ndata: "+quotedJSON(text)+"\n\n")
		check("html", "text/html", "<p>"+strings.ReplaceAll(text, " ", "&nbsp;")+"&#169; &amp;c. <a href=\"/?q=%C3%A4%20b\">")
		check("binary", "application/octet-stream", blob)
		check("base64", "text/plain", base64.StdEncoding.EncodeToString([]byte(blob)))
		check("base64 of text", "text/plain", base64.StdEncoding.EncodeToString([]byte(text)))
		check("hex", "text/plain", hex.EncodeToString([]byte(text)))
		check("near misses", "text/plain", near+base64.StdEncoding.EncodeToString([]byte(near))+hex.EncodeToString([]byte(near)))
		check("archive", "application/gzip", encode("gzip", text))
		check("image", "image/png", picture(r))
	}
	files, _ := filepath.Glob("../*/*.go") // real text, of some size
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte("EXAMPLEKEY")) {
			continue
		}
		check(f, "text/plain", string(text))
	}
	if n < 500 {
		t.Errorf("only %d bodies", n)
	}
}

func quotedJSON(s string) string {
	b, _ := json.Marshal(s) // a string always can be
	return string(b)
}

func prose(r *rand.Rand, n int) string {
	var b strings.Builder
	for b.Len() < n {
		b.WriteString(strings.ToLower(letters(r, 1+r.IntN(11))))
		b.WriteString([]string{" ", " ", " ", ", ", ".\n", "\n\n", "\t", "-", "/", " \"q\" ", "é", "\\"}[r.IntN(12)])
	}
	return b.String()
}

func picture(r *rand.Rand) string {
	m := image.NewRGBA(image.Rect(0, 0, 40, 40))
	for i := range 1600 {
		m.Set(i%40, i/40, color.RGBA{byte(r.Uint32()), byte(i), 7, 255})
	}
	var b bytes.Buffer
	_ = png.Encode(&b, m) // a bytes.Buffer always writes
	return b.String()
}
