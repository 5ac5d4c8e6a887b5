package scrub

import (
	"slices"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/request"
)

func TestAcceptEncoding(t *testing.T) {
	for in, want := range map[string]string{
		"gzip":                              "gzip",
		"gzip, deflate":                     "gzip, deflate",
		"gzip,deflate":                      "gzip,deflate",
		" gzip ;q=0.5 ,\tx-gzip":            " gzip ;q=0.5 ,\tx-gzip",
		"GZip, Identity;q=0":                "GZip, Identity;q=0",
		"gzip,,deflate,":                    "gzip,,deflate,",
		"gzip, deflate, br, zstd":           "gzip, deflate, br, zstd",
		"gzip, compress, br":                "gzip, br",
		"br;q=1.0, gzip;q=0.8, *;q=0.1":     "br;q=1.0, gzip;q=0.8",
		"deflate;q=0.5, dcb,gzip ; q=1":     "deflate;q=0.5, gzip ; q=1",
		"dcz":                               "identity",
		"*":                                 "identity",
		"*;q=0":                             "identity",
		"":                                  "identity",
		" , ":                               "identity",
		"gzipped, brotli":                   "identity",
		"gzip br":                           "identity",
		"identity;q=0, dcb":                 "identity;q=0",
		"compress, x-gzip;q=0.1, x-deflate": "x-gzip;q=0.1",
	} {
		if got := AcceptEncoding(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestAcceptKeepsOtherHeaders(t *testing.T) {
	got := []request.Header{{Name: "Accept", Value: "br"}, {Name: "accept-ENCODING", Value: "*, gzip"}, {Name: "Accept-Encoding", Value: "lzma"}}
	Accept(got)
	want := []request.Header{{Name: "Accept", Value: "br"}, {Name: "accept-ENCODING", Value: "gzip"}, {Name: "Accept-Encoding", Value: "identity"}}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	Accept(nil)
}

// Whatever an upstream may choose from what is asked for, NewReader takes.
func FuzzAcceptEncoding(f *testing.F) {
	for _, s := range []string{"gzip, br;q=0.5", "*", ",;,", "x-gzip;q=\"a,br\""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, value string) {
		got := AcceptEncoding(value)
		if AcceptEncoding(got) != got {
			t.Fatalf("%q became %q, and that %q", value, got, AcceptEncoding(got))
		}
		left := 0
		for element := range strings.SplitSeq(got, ",") {
			name := codingOf(element)
			if name == "" {
				continue
			}
			left++
			if _, err := parseCodings(name); err != nil {
				t.Fatalf("%q asks for %q", value, name)
			}
		}
		if left == 0 {
			t.Fatalf("%q became %q, which lets the upstream choose", value, got)
		}
	})
}
