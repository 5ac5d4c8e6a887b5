package scrub

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/needle"
)

// percent writes some of the bytes as %XX, or all.
func percent(r *rand.Rand, s string, all bool) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		switch {
		case !all && r.IntN(2) == 0:
			b.WriteByte(c)
		case r.IntN(2) == 0:
			fmt.Fprintf(&b, "%%%02x", c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func TestHeader(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 1))
	value := "p%41ss/w+rd&x=1;0123"
	s := set(key, value)
	basic := base64.StdEncoding.EncodeToString([]byte("user:" + key))
	for _, c := range []struct {
		in   string
		hits int
	}{
		{"", 0}, {"text/plain", 0}, {"100%", 0}, {"%", 0}, {"%4", 0}, {"%zz%4g", 0}, {"a%20b", 0}, {key[:50], 0},
		{key, 1}, {"Bearer " + key, 1}, {key + ", " + key, 2}, {"Basic " + basic, 1}, {value, 1},
		{"https://a.example/?key=" + url.QueryEscape(key) + "&x=%20", 1},
		{"https://a.example/?key=" + url.QueryEscape(basic), 1},
		{"https://a.example/" + percent(r, key, true), 1}, {percent(r, key, false), 1}, {percent(r, value, true) + "?" + key, 2},
		{percent(r, key, false) + " " + key + " " + percent(r, value, false) + "%", 3},
	} {
		got, hits := Header(s, []byte(c.in))
		if len(hits) != c.hits || len(got) != len(c.in) || len(hits) == 0 && string(got) != c.in {
			t.Errorf("%q: %q, %v, want %d", c.in, got, hits, c.hits)
		}
		once, _ := url.PathUnescape(string(got))
		for _, v := range []string{key, value} {
			if leaks(got, v) != "" || leaks([]byte(once), v) != "" {
				t.Errorf("%q: the secret is in %q", c.in, got)
			}
		}
		if Contains(s, []byte(c.in)) != (c.hits > 0) {
			t.Errorf("Contains(%q) is %v", c.in, c.hits == 0)
		}
	}
	if got, _ := Header(s, []byte("Location: /?k="+url.QueryEscape(key)+"&z=%20")); string(got) !=
		"Location: /?k="+maskOf("cred-0", len(url.QueryEscape(key)))+"&z=%20" {
		t.Errorf("more or less than the secret was masked: %q", got)
	}
	if got, hits := Header(nil, []byte("a%20"+key)); hits != nil || string(got) != "a%20"+key {
		t.Error("no needles, yet something was masked")
	}
}

// A hit tells where and in which form, and whose it is.
func TestHeaderTellsItsHits(t *testing.T) {
	_, hits := Header(set("another-secret-0123", key), []byte(hex.EncodeToString([]byte(key))+" "+key))
	want := []Hit{{0, needle.Hex, 1, "cred-1"}, {int64(2*len(key)) + 1, needle.Raw, 1, "cred-1"}}
	if !slices.Equal(hits, want) {
		t.Errorf("%v, want %v", hits, want)
	}
}

func TestHeaderLeavesItsInput(t *testing.T) {
	in := []byte("Bearer " + key)
	before := bytes.Clone(in)
	if out, _ := Header(set(key), in); !bytes.Equal(in, before) || bytes.Equal(out, in) {
		t.Error("the value was changed in place")
	}
	clean := []byte("nothing in here")
	if n := testing.AllocsPerRun(100, func() { Header(set0, clean) }); n != 0 {
		t.Errorf("a clean header costs %v allocations", n)
	}
}

var set0 = set(key)

func TestDroppedByDefault(t *testing.T) {
	for name, want := range map[string]bool{
		"Set-Cookie": true, "set-cookie": true, "SET-COOKIE2": true, "Alt-Svc": true, "Clear-Site-Data": true,
		"Strict-Transport-Security": true, "X-Seks-Error": true, "x-seks-request-id": true,
		"Content-Type": false, "Retry-After": false, "Link": false, "Location": false, "ETag": false, "X-Request-Id": false, "": false,
	} {
		if DroppedByDefault(name) != want {
			t.Errorf("%q: dropped is %v", name, !want)
		}
	}
}
