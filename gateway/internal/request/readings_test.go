package request

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestReadings(t *testing.T) {
	cases := map[string][]string{
		"/v1/models":   {"/v1/models"},
		"/a%2Fb":       {"/a%2Fb", "/a/b"},
		"/a%252fb":     {"/a%252fb", "/a%2fb", "/a/b"},
		"/a%25252fb":   {"/a%25252fb", "/a%252fb", "/a%2fb", "/a/b"},
		"/a%2525252fb": {"/a%2525252fb", "/a%25252fb", "/a%252fb", "/a%2fb"}, // three, no more
		"//a///b/":     {"//a///b/", "/a/b/"},
		"/a;x=1/b":     {"/a;x=1/b", "/a/b"},
		"/a/;x/b":      {"/a/;x/b", "/a//b", "/a/b"},
		"/a%3Bx%2Fb":   {"/a%3Bx%2Fb", "/a;x/b", "/a/b"},
		"/a;x%2fb":     {"/a;x%2fb", "/a", "/a;x/b", "/a/b"},
		"/a%20b;x%2fc": {"/a%20b;x%2fc", "/a%20b", "/a b;x/c", "/a b/c", "/a b"},
		"/a%2f/b":      {"/a%2f/b", "/a//b", "/a/b"},
		"/100%25":      {"/100%25", "/100%"},
		"/%41":         {"/%41", "/A"},
		"":             {""},
		"/a%":          {"/a%"},
		"/bucket//a;b%20c//d%2Fe": {"/bucket//a;b%20c//d%2Fe", "/bucket//a//d%2Fe", "/bucket/a;b%20c/d%2Fe", "/bucket/a/d%2Fe",
			"/bucket//a;b c//d/e", "/bucket//a//d/e", "/bucket/a;b c/d/e", "/bucket/a/d/e"},
	}
	for path, want := range cases {
		got := Readings(path)
		if len(got) == 0 || got[0] != path {
			t.Errorf("%s: the first is %v", path, got)
			continue
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%s:\n got %q\nwant %q", path, got, want)
		}
	}
}

func TestTooManyReadingsAreNone(t *testing.T) {
	if got := Readings("/" + strings.Repeat("a//%25253b;b%25252f/", 3)); len(got) != 0 {
		t.Errorf("%d readings", len(got))
	}
}

func TestPlainReadingsAllocateNothing(t *testing.T) {
	path := strings.Repeat("/v1/chat", 4)
	total := 0
	if n := testing.AllocsPerRun(100, func() {
		for _, r := range Readings(path) {
			total += len(r)
		}
	}); n != 0 || total == 0 {
		t.Errorf("%v allocations", n)
	}
}

// pathOf draws from the bytes that make paths ambiguous.
func pathOf(t *rapid.T) string {
	parts := rapid.SliceOfN(rapid.SampledFrom([]string{
		"/", "//", ";", "%2f", "%252F", "%25", "%3b", "a", "b", "..", ".", "%2e", "%252e", "%25252e", "%5c", "\\", "%00", "%", "%c0%ae", "=", "é",
	}), 0, 8).Draw(t, "parts")
	return "/" + strings.Join(parts, "")
}

func TestReadingsAreClosed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := pathOf(t)
		got := Readings(p)
		if len(got) == 0 {
			return
		}
		if got[0] != p || len(got) > MaxReadings {
			t.Fatalf("%d readings, the first %q", len(got), got[0])
		}
		for i, r := range got {
			if slices.Contains(got[:i], r) {
				t.Fatalf("%q twice", r)
			}
			if !slices.Contains(got, merge(r)) || !slices.Contains(got, cut(r)) {
				t.Fatalf("%q: merging or cutting %q makes another", p, r)
			}
		}
		once := decode(p)
		for _, want := range []string{once, decode(once), decode(decode(once)), decode(cut(p)), merge(cut(once))} {
			if !slices.Contains(got, want) {
				t.Fatalf("%q isn't among the readings of %q", want, p)
			}
		}
	})
}
