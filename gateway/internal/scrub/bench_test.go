package scrub

import (
	"bytes"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
)

func BenchmarkReader(b *testing.B) {
	r := rand.New(rand.NewPCG(4, 1))
	secret := "sk-" + letters(r, 48)
	var json, events strings.Builder
	for json.Len() < 1<<20 {
		json.WriteString(`{"id":"` + letters(r, 24) + `","content":"` + letters(r, 200) + `"},`)
	}
	for events.Len() < 1<<20 {
		events.WriteString(`data: {"id":"` + letters(r, 24) + `","delta":"` + letters(r, 20) + "\"}\n\n")
	}
	for _, c := range []struct{ name, body, ct, coding string }{
		{"json", json.String(), "application/json", ""},
		{"sse", events.String(), "text/event-stream", ""},
		{"nearmiss", strings.Repeat(secret[:50]+"?", 20560), "application/json", ""},
		{"gzip", json.String(), "application/json", "gzip"},
	} {
		b.Run(c.name, func(b *testing.B) {
			o := Options{Needles: set(secret), ContentType: c.ct, Coding: c.coding}
			coded := []byte(c.body)
			if c.coding != "" {
				coded = []byte(encode(c.coding, c.body))
			}
			upstream := bytes.NewReader(nil)
			buf := make([]byte, 32<<10)
			b.SetBytes(int64(len(c.body)))
			b.ReportAllocs()
			for b.Loop() {
				upstream.Reset(coded)
				s := reader(b, upstream, o)
				for {
					if _, err := s.Read(buf); err == io.EOF {
						break
					} else if err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
