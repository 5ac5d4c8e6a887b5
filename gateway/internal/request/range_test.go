package request

import (
	"testing"
)

func TestWantsBytes(t *testing.T) {
	for _, c := range []struct {
		in            []string
		want          Range
		single, wants bool
		wide          string
	}{
		{[]string{"bytes=0-0"}, Range{0, 0}, true, true, "bytes=0-10"},
		{[]string{"bytes=100-199"}, Range{100, 199}, true, true, "bytes=90-209"},
		{[]string{"bytes=5-"}, Range{5, -1}, true, true, "bytes=0-"},
		{[]string{"bytes=50-"}, Range{50, -1}, true, true, "bytes=40-"},
		{[]string{"bytes=-7"}, Range{-1, 7}, true, true, "bytes=-17"},
		{nil, Range{}, false, false, ""},
		{[]string{"items=0-9"}, Range{}, false, false, ""}, {[]string{"id ..; max=10"}, Range{}, false, false, ""},
		{[]string{"bytes=0-1,5-6"}, Range{}, false, true, ""}, {[]string{"bytes=0-1", "bytes=0-1"}, Range{}, false, true, ""},
		{[]string{"bytes=0-1", "items=3"}, Range{0, 1}, true, true, "bytes=0-11"},
		{[]string{"bytes=3-2"}, Range{}, false, true, ""}, {[]string{"bytes=-"}, Range{}, false, true, ""}, {[]string{"bytes=-0"}, Range{-1, 0}, true, true, "bytes=-0"},
		{[]string{"bytes=+1-2"}, Range{}, false, true, ""}, {[]string{"bytes=0 -1"}, Range{}, false, true, ""}, {[]string{"bytes= 0-1"}, Range{}, false, true, ""},
		{[]string{"BYTES=0-1"}, Range{}, false, true, ""}, {[]string{"bytes 0-1"}, Range{}, false, true, ""}, {[]string{"byte=0-1"}, Range{}, false, true, ""},
		{[]string{"bytes=0x1-2"}, Range{}, false, true, ""}, {[]string{"bytes=0-99999999999999999999"}, Range{}, false, true, ""}, {[]string{"bytes=--1"}, Range{}, false, true, ""},
	} {
		var headers []Header
		for _, v := range c.in {
			headers = append(headers, Header{Name: "rAnge", Value: v})
		}
		r, single, wants := WantsBytes(headers)
		if single != c.single || wants != c.wants || single && r != c.want {
			t.Errorf("%q: %v %v %v", c.in, r, single, wants)
		}
		if single && (r.String() != c.in[0] || r.Widened(10).String() != c.wide) {
			t.Errorf("%q: %s, widened %s, want %s", c.in, r, r.Widened(10), c.wide)
		}
	}
}

func TestContentRange(t *testing.T) {
	for in, want := range map[string]ContentRange{"bytes 0-0/1": {0, 0, 1}, "bytes 5-9/*": {5, 9, -1}, "Bytes 5-9/10": {5, 9, 10}} {
		if got, ok := ParseContentRange(in); !ok || got != want || got.String()[6:] != in[6:] {
			t.Errorf("%s: %v %v %s", in, got, ok, got)
		}
	}
	for _, in := range []string{"", "bytes", "bytes */10", "bytes 0-9", "bytes 0-9/9", "bytes 9-0/10", "bytes -9/10", "bytes 0-/10", "bytes 0-9/", "bytes 0-9/x", "items 0-9/10", "bytes 0-9/10, bytes 0-9/10", "bytes  0-9/10", "bytes 0-99999999999999999999/*"} {
		if got, ok := ParseContentRange(in); ok {
			t.Errorf("%q: %v", in, got)
		}
	}
	if got := (ContentRange{First: 7, Last: 6, Total: 7}).String(); got != "bytes */7" {
		t.Error(got)
	}
}

// What is read of a Range header is what is written, and nothing panics.
func FuzzRange(f *testing.F) {
	for _, s := range []string{"bytes=0-1", "bytes=-5", "bytes=7-", "bytes=0-1,2-3", "bytes 0-5/10", "bytes */7", "items=1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if r, single, _ := WantsBytes([]Header{{Name: "Range", Value: value}}); single {
			again, ok := parseRange(r.String())
			if wide := r.Widened(2048); !ok || again != r || wide.Last >= 0 && wide.First > wide.Last {
				t.Errorf("%q: %v, again %v, wide %v", value, r, again, wide)
			}
		}
		if c, ok := ParseContentRange(value); ok {
			if again, ok := ParseContentRange(c.String()); !ok || again != c {
				t.Errorf("%q: %v, again %v", value, c, again)
			}
		}
	})
}
