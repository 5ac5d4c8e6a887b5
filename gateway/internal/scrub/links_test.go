package scrub

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

const (
	linked = `{"url": "https://api.example.com/repos/1", "upload_url" :` + "\n" + `"https://uploads.example.com/v3/assets{?name}",
"html_url":"https://example.com/1","body":"see https://api.example.com/x, or \"url\":\"https://api.example.com/y\"",
"list":["https://api.example.com/z"],"other":"https://api.example.com/z","curl":"https://api.example.com/z",
"nested":[{"url":"https://api.example.com.evil.example/","issues_url":"https:\/\/api.example.com\/i"},{"url":"https://api.example.com"}]}`
	relinked = `{"url": "http://127.0.0.1:8080/api/x/repos/1", "upload_url" :` + "\n" + `"http://127.0.0.1:8080/api/x/assets{?name}",
"html_url":"https://example.com/1","body":"see https://api.example.com/x, or \"url\":\"https://api.example.com/y\"",
"list":["https://api.example.com/z"],"other":"https://api.example.com/z","curl":"https://api.example.com/z",
"nested":[{"url":"https://api.example.com.evil.example/","issues_url":"http://127.0.0.1:8080/api/x/i"},{"url":"https://api.example.com"}]}`
)

func links(body io.Reader) *Links {
	return NewLinks(body, []string{"url", "*_url"}, []string{"https://api.example.com", "https://uploads.example.com/v3"}, "http://127.0.0.1:8080/api/x")
}

// Links become the broker's and nothing else does, wherever a read ends.
func TestLinks(t *testing.T) {
	for i := range len(linked) {
		got, err := io.ReadAll(links(io.MultiReader(strings.NewReader(linked[:i]), strings.NewReader(linked[i:]))))
		if err != nil || string(got) != relinked {
			t.Fatalf("split at %d: %v\n%s\nwant\n%s", i, err, got, relinked)
		}
	}
	got, err := io.ReadAll(links(iotest.OneByteReader(strings.NewReader(linked))))
	if err != nil || string(got) != relinked {
		t.Errorf("byte by byte: %v\n%s", err, got)
	}
}

const (
	element   = `<R><Location>https://api.example.com/b/k</Location><location>https://api.example.com/b</location><Location a="b">https://api.example.com/</Location><Key>&lt;Location&gt;https://api.example.com/</Key><Location>https://api.example.com.evil/</Location><Location> https://api.example.com/</Location></R>`
	reelement = `<R><Location>http://127.0.0.1:8080/api/x&amp;y/b/k</Location><location>https://api.example.com/b</location><Location a="b">https://api.example.com/</Location><Key>&lt;Location&gt;https://api.example.com/</Key><Location>https://api.example.com.evil/</Location><Location> https://api.example.com/</Location></R>`
)

func xmlLinks(body io.Reader) *Links {
	return NewXMLLinks(body, []string{"Location"}, []string{"https://api.example.com"}, "http://127.0.0.1:8080/api/x&y")
}

func TestXMLLinks(t *testing.T) {
	for i := range len(element) {
		got, err := io.ReadAll(xmlLinks(io.MultiReader(strings.NewReader(element[:i]), strings.NewReader(element[i:]))))
		if err != nil || string(got) != reelement {
			t.Fatalf("split at %d: %v\n%s\nwant\n%s", i, err, got, reelement)
		}
	}
}

// However a body comes, it comes out the same.
func FuzzXMLLinks(f *testing.F) {
	f.Add([]byte(element), 7)
	f.Fuzz(func(t *testing.T, body []byte, size int) {
		if size < 1 || size > 1<<16 {
			size = 1
		}
		got, err := io.ReadAll(xmlLinks(&inPieces{body, size}))
		if err != nil {
			t.Fatal(err)
		}
		want := bytes.ReplaceAll(body, []byte("<Location>https://api.example.com/"), []byte("<Location>http://127.0.0.1:8080/api/x&amp;y/"))
		if !bytes.Equal(got, want) {
			t.Fatalf("%q comes out as %q in pieces of %d", body, got, size)
		}
	})
}

// An answer that breaks off ends with its error, after all that had come.
func TestLinksThatBreakOff(t *testing.T) {
	broken := errors.New("broken")
	got, err := io.ReadAll(links(io.MultiReader(strings.NewReader(linked[:20]), iotest.ErrReader(broken))))
	if !errors.Is(err, broken) || string(got) != linked[:20] {
		t.Errorf("%q, %v", got, err)
	}
}

func TestLinksNeedLittleMemory(t *testing.T) {
	l := links(io.LimitReader(&repeated{text: []byte(linked)}, 8<<20))
	if _, err := io.Copy(io.Discard, l); err != nil || cap(l.seen)+cap(l.out) > 512<<10 {
		t.Errorf("%v; %d bytes are held", err, cap(l.seen)+cap(l.out))
	}
}

type repeated struct {
	text []byte
	at   int
}

func (r *repeated) Read(p []byte) (int, error) {
	n := copy(p, r.text[r.at:])
	r.at = (r.at + n) % len(r.text)
	return n, nil
}

// A JSON document stays one, with the same members; all but links is as it was.
func FuzzLinks(f *testing.F) {
	f.Add([]byte(linked), 7)
	f.Add([]byte(`{"a\"url":"https://api.example.com/"}`), 1)
	f.Add([]byte(`["url","https://api.example.com/",{"url":["https://api.example.com/"]}]`), 3)
	f.Fuzz(func(t *testing.T, body []byte, size int) {
		if size < 1 || size > 1<<16 {
			size = 1
		}
		got, err := io.ReadAll(links(&inPieces{body, size}))
		if err != nil {
			t.Fatal(err)
		}
		whole, err := io.ReadAll(links(bytes.NewReader(body)))
		if err != nil || !bytes.Equal(got, whole) {
			t.Fatalf("%q comes out as %q in pieces of %d, and as %q whole", body, got, size, whole)
		}
		var before, after any
		if json.Unmarshal(body, &before) != nil {
			return
		}
		if err := json.Unmarshal(got, &after); err != nil {
			t.Fatalf("%q became %q: %v", body, got, err)
		}
		if !reflect.DeepEqual(unlink(before), unlink(after)) {
			t.Fatalf("%q became %q", body, got)
		}
	})
}

type inPieces struct {
	rest []byte
	size int
}

func (p *inPieces) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), p.size)], p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// unlink takes the links out of what JSON says.
func unlink(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if text, ok := member.(string); ok && (strings.HasSuffix(name, "url")) {
				for _, base := range []string{"https://api.example.com/", "https://uploads.example.com/v3/", "http://127.0.0.1:8080/api/x/"} {
					text = strings.TrimPrefix(text, base)
				}
				v[name] = text
				continue
			}
			v[name] = unlink(member)
		}
	case []any:
		for i := range v {
			v[i] = unlink(v[i])
		}
	}
	return v
}
