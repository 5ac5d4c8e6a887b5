package scrub

import (
	"fmt"
	"io"
	"strings"
	"testing"
)

// An event leaves at its border, before the upstream has sent a byte more.
func TestEventLeavesAtOnce(t *testing.T) {
	for _, end := range []string{"\n\n", "\r\n\r\n", "\r\r", "\n\r\n", "\r\n\n", "\n\r"} {
		for _, o := range []Options{
			{ContentType: "text/event-stream"}, {ContentType: "Text/Event-Stream;charset=UTF-8"},
		} {
			o.Needles = set(key)
			upstream, send := io.Pipe()
			r := reader(t, upstream, o)
			for i := range 5 {
				event := fmt.Sprintf("event: delta\ndata: {\"n\":%d,\"key\":\"%s\"}%s", i, key, end)
				want := strings.ReplaceAll(event, key, maskOf("cred-0", len(key)))
				go func() { // in several writes, none of which the reader may wait behind
					for _, part := range []string{event[:7], event[7:50], event[50:]} {
						_, _ = io.WriteString(send, part)
					}
				}()
				got := make([]byte, len(event))
				if _, err := io.ReadFull(r, got); err != nil || string(got) != want {
					t.Fatalf("%q: %q, %v; want %q", end, got, err, want)
				}
			}
			_ = send.Close()
			if n, err := r.Read(make([]byte, 9)); n != 0 || err != io.EOF {
				t.Fatalf("%d, %v", n, err)
			}
		}
	}
}

func TestLineLeavesAtOnce(t *testing.T) {
	for _, ct := range []string{
		"application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines; charset=utf-8",
		"application/json-seq", "application/geo+json-seq", "application/stream+json", "APPLICATION/JSONL",
	} {
		upstream, send := io.Pipe()
		r := reader(t, upstream, Options{Needles: set(key), ContentType: ct})
		for range 3 {
			line := `{"key":"` + key + `"}` + "\n"
			go func() { _, _ = io.WriteString(send, line) }()
			got := make([]byte, len(line))
			if _, err := io.ReadFull(r, got); err != nil || string(got) != strings.ReplaceAll(line, key, maskOf("cred-0", len(key))) {
				t.Fatalf("%s: %q, %v", ct, got, err)
			}
		}
	}
}

// Behind the last border bytes stay back, though a line has ended.
func TestWhatStaysBack(t *testing.T) {
	for _, c := range []struct{ ct, body, gone string }{
		{"text/event-stream", "data: a\n\ndata: b\ndata: c\n", "data: a\n\n"},
		{"text/event-stream", "data: a\n\ndata: b\r\n", "data: a\n\n"},
		{"text/event-stream", "data: a\r\n\r", "data: a\r\n\r"},
		{"text/event-stream", ": ping\n\n: ping\n\nx", ": ping\n\n: ping\n\n"},
		{"application/x-ndjson", "{}\n{}\n{", "{}\n{}\n"},
	} {
		want := len(c.gone)
		upstream, send := io.Pipe()
		r := reader(t, upstream, Options{Needles: set(key), ContentType: c.ct})
		go func() {
			_, _ = io.WriteString(send, c.body)
			_, _ = io.WriteString(send, "x") // taken only when the reader has nothing more to give
			_ = send.Close()
		}()
		buf := make([]byte, 999)
		if n, err := r.Read(buf); string(buf[:n]) != c.gone || err != nil {
			t.Errorf("%q: %q went, %v", c.body, buf[:n], err)
		}
		if rest, err := io.ReadAll(r); string(rest) != c.body[want:]+"x" || err != nil {
			t.Errorf("%q: then %q, %v", c.body, rest, err)
		}
	}
}

// Borders are found for any split, by rules written a second time.
func TestBordersAtEverySplit(t *testing.T) {
	const alphabet = "\n\ra"
	for n := range 2187 { // all texts of seven
		var b []byte
		for range 7 {
			b = append(b, alphabet[n%3])
			n /= 3
		}
		text := string(b)
		for cut := range text {
			s := bordersOf("text/event-stream")
			first := s.last([]byte(text[:cut]))
			second := s.last([]byte(text[cut:]))
			if want := lastBlankLine(text[:cut]); first != want {
				t.Fatalf("%q: border at %d, want %d", text[:cut], first, want)
			}
			if want := max(lastBlankLine(text)-cut, 0); second != want {
				t.Fatalf("%q|%q: border at %d, want %d", text[:cut], text[cut:], second, want)
			}
			one := bordersOf("text/event-stream")
			for i := range cut { // what is remembered from single bytes is as good
				one.last([]byte{text[i]})
			}
			if got := one.last([]byte(text[cut:])); got != second {
				t.Fatalf("%q byte by byte, then %q: border at %d, want %d", text[:cut], text[cut:], got, second)
			}
		}
	}
}

// lastBlankLine reads forward: a line ends at CR, LF or CR LF, and an empty one
// ends an event.
func lastBlankLine(text string) (border int) {
	empty, blankCR, afterCR := true, false, false
	for i, c := range []byte(text) {
		switch {
		case c == '\n' && afterCR: // the second half of a line end
			if blankCR {
				border = i + 1
			}
			afterCR, blankCR = false, false
		case c == '\n', c == '\r':
			if empty {
				border = i + 1
			}
			afterCR, blankCR = c == '\r', c == '\r' && empty
			empty = true
		default:
			empty, afterCR, blankCR = false, false, false
		}
	}
	return border
}

// A secret that has line ends in it crosses borders, so there are none.
func TestSecretWithLines(t *testing.T) {
	value := "first line\n\nsecond line"
	for _, ct := range contentTypes {
		for cut := range len(value) {
			got := scrubbed(t, split("data: "+value+"\n\n", 6+cut), Options{Needles: set(value), ContentType: ct})
			if got != "data: "+maskOf("cred-0", len(value))+"\n\n" {
				t.Fatalf("%s, split at %d: %q", ct, cut, got)
			}
		}
	}
}
