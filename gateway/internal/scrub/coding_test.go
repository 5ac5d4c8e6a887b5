package scrub

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
)

// flusher is what every encoder here is.
type flusher interface {
	io.WriteCloser
	Flush() error
}

func encoder(coding string, w io.Writer) flusher {
	switch coding {
	case "gzip", "x-gzip":
		return gzip.NewWriter(w)
	case "deflate":
		return zlib.NewWriter(w)
	case "raw deflate":
		f, _ := flate.NewWriter(w, flate.BestSpeed) // the level is a legal one
		return f
	case "br":
		return brotli.NewWriterLevel(w, 5)
	case "zstd":
		z, _ := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20)) // the options are legal
		return z
	}
	panic(coding)
}

func encode(coding, body string) string {
	var b bytes.Buffer
	w := encoder(coding, &b)
	_, _ = io.WriteString(w, body)
	_ = w.Close()
	return b.String()
}

// header is the Content-Encoding of a coding of these tests.
func header(coding string) string { return strings.TrimPrefix(coding, "raw ") }

var codings = []string{"gzip", "x-gzip", "deflate", "raw deflate", "br", "zstd"}

func TestEveryFormInEveryCoding(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	for _, coding := range codings {
		for _, s := range spell(r, key) {
			front, back := `{"a":"`+letters(r, 3000), `"}`
			body := front + s.text + back
			start, end := len(front)+s.start, len(front)+s.end
			want := body[:start] + maskOf("cred-0", end-start) + body[end:]
			coded := encode(coding, body)
			for name, upstream := range map[string]io.Reader{
				"whole": split(coded), "in two": split(coded, r.IntN(len(coded))), "a byte at a time": oneByOne(coded),
			} {
				o := Options{Needles: set(key), Coding: header(coding)}
				if got := scrubbed(t, upstream, o); got != want {
					t.Fatalf("%s, %s, %s:\n got %q\nwant %q", coding, s.name, name, got, want)
				}
			}
		}
	}
}

func TestCodingsOverOneAnother(t *testing.T) {
	body := "a " + key + " b"
	want := "a " + maskOf("cred-0", len(key)) + " b"
	for _, c := range []struct {
		header string
		inner  string
		outer  string
	}{
		{"gzip, gzip", "gzip", "gzip"}, {"gzip,deflate", "gzip", "deflate"}, {"deflate , GZIP", "raw deflate", "gzip"},
		{"identity, deflate, identity, x-gzip,", "deflate", "gzip"},
	} {
		coded := encode(c.outer, encode(c.inner, body))
		if got := scrubbed(t, oneByOne(coded), Options{Needles: set(key), Coding: c.header}); got != want {
			t.Errorf("%s: %q", c.header, got)
		}
	}
}

func TestGzipOfSeveralMembers(t *testing.T) {
	coded := encode("gzip", "a "+key[:20]) + encode("gzip", "") + encode("gzip", key[20:]+" b")
	for i := range len(coded) {
		got := scrubbed(t, split(coded, i), Options{Needles: set(key), Coding: "gzip"})
		if got != "a "+maskOf("cred-0", len(key))+" b" {
			t.Fatalf("split at %d: %q", i, got)
		}
	}
}

func TestCodingHeader(t *testing.T) {
	for value, want := range map[string]struct{ decodes, refused bool }{
		"": {}, "identity": {}, " identity , ": {}, "gzip": {decodes: true}, "X-GZip": {decodes: true},
		"\tDeflate ": {decodes: true}, "gzip, gzip": {decodes: true}, "br": {decodes: true}, "ZSTD": {decodes: true},
		"gzip, br": {decodes: true}, "compress": {refused: true}, "br, dcb": {refused: true}, "aws-chunked": {refused: true}, "gzip;q=1": {refused: true},
		"gzip, gzip, gzip": {refused: true}, "identity, gzip, deflate, gzip": {refused: true},
	} {
		if got := Decodes(value); got != want.decodes {
			t.Errorf("Decodes(%q) = %v", value, got)
		}
		_, err := NewReader(strings.NewReader(""), Options{Coding: value})
		var f *fault.Fault
		if refused := errors.As(err, &f) && f.Code == fault.UpstreamProtocol; refused != want.refused || err != nil != want.refused {
			t.Errorf("NewReader with %q: %v", value, err)
		}
	}
	if _, err := NewReader(strings.NewReader(""), Options{Coding: key}); err == nil || strings.Contains(err.Error(), key) {
		t.Errorf("the error repeats what the upstream sent: %v", err)
	}
}

func TestEmptyBodyInACoding(t *testing.T) {
	for _, coding := range []string{"gzip", "deflate", "gzip, deflate", "br", "zstd"} {
		if got := scrubbed(t, strings.NewReader(""), Options{Needles: set(key), Coding: coding}); got != "" {
			t.Errorf("%s: %q", coding, got)
		}
	}
}

// A flushed event leaves before the upstream has sent a byte more.
func TestCodedEventLeavesAtOnce(t *testing.T) {
	plain := func(coding string) func(io.Writer) func(string) {
		return func(w io.Writer) func(string) {
			e := encoder(coding, w)
			return func(event string) { _, _ = io.WriteString(e, event); _ = e.Flush() }
		}
	}
	for _, c := range []struct {
		name, header string
		sender       func(io.Writer) func(event string)
	}{
		{"gzip", "gzip", plain("gzip")},
		{"zlib", "deflate", plain("deflate")},
		{"raw deflate", "deflate", plain("raw deflate")},
		{"br", "br", plain("br")},
		{"zstd", "zstd", plain("zstd")},
		{"a member an event", "gzip", func(w io.Writer) func(string) {
			return func(event string) { _, _ = io.WriteString(w, encode("gzip", event)) }
		}},
		{"gzip over gzip", "gzip, gzip", func(w io.Writer) func(string) {
			outer := encoder("gzip", w)
			inner := encoder("gzip", outer)
			return func(event string) { _, _ = io.WriteString(inner, event); _ = inner.Flush(); _ = outer.Flush() }
		}},
	} {
		upstream, pipe := io.Pipe()
		send := c.sender(pipe)
		r := reader(t, upstream, Options{Needles: set(key), ContentType: "text/event-stream", Coding: c.header})
		for i := range 5 {
			event := fmt.Sprintf("data: {\"n\":%d,\"key\":\"%s\"}\n\n", i, key)
			sent := make(chan struct{})
			go func() { send(event); close(sent) }()
			got := make([]byte, len(event))
			if _, err := io.ReadFull(r, got); err != nil || string(got) != strings.ReplaceAll(event, key, maskOf("cred-0", len(key))) {
				t.Fatalf("%s: %q, %v", c.name, got, err)
			}
			<-sent
		}
		_ = r.Close()
	}
}

// A coded body that is broken ends in an error, and its tail goes nowhere.
func TestBrokenCodingFailsClosed(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	body := letters(r, 3000) + key
	for _, coding := range codings {
		coded := encode(coding, body)
		flipped := []byte(coded)
		flipped[len(flipped)-3] ^= 0x55 // in the checksum or size, or in what is compressed
		broken := map[string]string{"garbage after": coded + "x", "zeros after": coded + "\x00\x00", "another coding": "{" + body}
		if coding != "raw deflate" && coding != "br" { // which have none
			broken["a wrong checksum"] = string(flipped)
		}
		for i := 1; i < len(coded); i += 1 + i/50 {
			broken[fmt.Sprint("cut at ", i)] = coded[:i]
		}
		for name, b := range broken {
			for _, upstream := range []*pieces{split(b), split(b, len(b)/2)} {
				out, err := io.ReadAll(reader(t, upstream, Options{Needles: set(key), Coding: header(coding)}))
				if f := fault.From(err); err == nil || f.Code != fault.UpstreamProtocol {
					t.Errorf("%s, %s: %v", coding, name, err)
				}
				if len(out) > len(body)-minTail || !strings.HasPrefix(body, string(out)) {
					t.Errorf("%s, %s: %d bytes came out", coding, name, len(out))
				}
			}
		}
	}
}

// The upstream's own error stays what it is: no fault of the coding.
func TestUpstreamErrorInACoding(t *testing.T) {
	broken := errors.New("connection reset")
	for _, coding := range codings {
		coded := encode(coding, strings.Repeat("text ", 1000))
		p := split(coded[:len(coded)/2])
		p.err = broken
		_, err := io.ReadAll(reader(t, p, Options{Needles: set(key), Coding: header(coding)}))
		if !errors.Is(err, broken) || fault.From(err).Code == fault.UpstreamProtocol {
			t.Errorf("%s: %v", coding, err)
		}
	}
}

// zeros is a body of n zero bytes.
type zeros struct{ n int64 }

func (z *zeros) Read(p []byte) (int, error) {
	if z.n <= 0 {
		return 0, io.EOF
	}
	n := min(int64(len(p)), z.n)
	clear(p[:n])
	z.n -= n
	return int(n), nil
}

func TestBomb(t *testing.T) {
	var once, twice bytes.Buffer
	w, _ := gzip.NewWriterLevel(&once, gzip.BestCompression) // the level is a legal one
	_, _ = io.Copy(w, &zeros{2 * freeSize})
	_ = w.Close()
	w, _ = gzip.NewWriterLevel(&twice, gzip.BestCompression)
	_, _ = w.Write(once.Bytes())
	_ = w.Close()
	bombs := map[string][]byte{"gzip": once.Bytes(), "gzip, gzip": twice.Bytes()}
	for _, coding := range []string{"br", "zstd"} {
		var b bytes.Buffer
		w := encoder(coding, &b)
		_, _ = io.Copy(w, &zeros{2 * freeSize})
		_ = w.Close()
		bombs[coding] = b.Bytes()
	}
	bombs["gzip, zstd"] = []byte(encode("zstd", once.String()))
	for coding, coded := range bombs {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		n, err := io.Copy(io.Discard, reader(t, bytes.NewReader(coded), Options{Needles: set(key), Coding: coding}))
		runtime.ReadMemStats(&after)
		if !errors.Is(err, errRatio) || fault.From(err).Code != fault.UpstreamProtocol || n > freeSize {
			t.Errorf("%s: %d bytes of %d came out, %v", coding, n, len(coded), err)
		}
		if grew := after.TotalAlloc - before.TotalAlloc; grew > 8<<20 { // a window of Brotli
			t.Errorf("%s: %d bytes were allocated", coding, grew)
		}
	}
}

// Data that compresses very well is no bomb.
func TestRepetitiveBodyPasses(t *testing.T) {
	line := `{"level":"info","msg":"heartbeat","ok":true}` + "\n"
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	n := 0
	for ; n < freeSize+(8<<20); n += len(line) {
		_, _ = io.WriteString(w, line)
	}
	_ = w.Close()
	got, err := io.Copy(io.Discard, reader(t, &b, Options{Needles: set(key), Coding: "gzip"}))
	if err != nil || got != int64(n) {
		t.Errorf("%d bytes of %d, %v", got, n, err)
	}
}
