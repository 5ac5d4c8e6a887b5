package upstream

import (
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"testing"
)

func same(_ *testing.T, s string) string { return s }

func decode(f func(string) ([]byte, error)) func(*testing.T, string) string {
	return func(t *testing.T, s string) string {
		b, err := f(s)
		if err != nil {
			t.Errorf("%v: %q", err, s)
		}
		return string(b)
	}
}

func inflate(open func(io.Reader) (io.Reader, error)) func(*testing.T, string) string {
	return decode(func(s string) ([]byte, error) {
		r, err := open(strings.NewReader(s))
		if err != nil {
			return nil, err
		}
		return io.ReadAll(r)
	})
}

func TestEveryEchoHasTheKeyInItsForm(t *testing.T) {
	_, url := start(t, Options{})
	for form, c := range map[string]struct {
		status int
		where  func(*http.Response, string) string // the place, "" the body
		undo   func(*testing.T, string) string
	}{
		"body":        {200, nil, same},
		"header":      {200, func(r *http.Response, _ string) string { return r.Header.Get("X-Echo") }, same},
		"base64":      {200, nil, decode(base64.StdEncoding.DecodeString)},
		"base64url":   {200, nil, decode(base64.RawURLEncoding.DecodeString)},
		"hex":         {200, nil, decode(hex.DecodeString)},
		"HEX":         {200, nil, func(t *testing.T, s string) string { return decode(hex.DecodeString)(t, strings.ToLower(s)) }},
		"gzip":        {200, nil, inflate(func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) })},
		"deflate":     {200, nil, inflate(func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) })},
		"sse":         {200, nil, same},
		"split":       {200, nil, same},
		"location":    {302, func(r *http.Response, _ string) string { return r.Header.Get("Location") }, same},
		"status-text": {200, func(r *http.Response, _ string) string { return r.Status }, same},
		"error":       {500, nil, same},
	} {
		answer := do(t, "GET", url+"/v1/echo/"+form+"?lead=2", "")
		body := bodyOf(t, answer)
		place := body
		if c.where != nil {
			place = c.where(answer, body)
			if strings.Contains(body, key) {
				t.Errorf("%s: the body has the key too: %q", form, body)
			}
		}
		got := c.undo(t, place)
		if got != place && strings.Contains(place, key) {
			t.Errorf("%s: the key is plain in %q", form, place)
		}
		if answer.StatusCode != c.status || !strings.Contains(got, "xx"+key) {
			t.Errorf("%s: %d %q", form, answer.StatusCode, got)
		}
		if coding := answer.Header.Get("Content-Encoding"); (form == "gzip" || form == "deflate") != (coding == form) {
			t.Errorf("%s: Content-Encoding %q", form, coding)
		}
	}
}

func TestLeadIsBounded(t *testing.T) {
	_, url := start(t, Options{})
	for _, lead := range []string{"-5", "x", "99999999999999999999"} {
		if got := bodyOf(t, do(t, "GET", url+"/v1/echo/body?lead="+lead, "")); len(got) > maxLead+100 {
			t.Errorf("lead %s gives %d bytes", lead, len(got))
		}
	}
}
