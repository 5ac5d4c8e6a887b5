package request

import (
	"slices"
	"strings"
	"testing"
)

func FuzzParse(f *testing.F) {
	f.Add("GET", "/api/openai/v1/models?a=b", host, "authorization", "Bearer x")
	f.Add("POST", "/a/%252e%252e/b", host, "X_Api_Key", "x")
	f.Add("PUT", "http://127.0.0.1:8080/a;x//b%2f", host, "Connection", "close, x")
	f.Add("GET", "/%e0%80%af/%25c0%25ae", "[::1]:1", "Host", "[::1]:1")
	f.Add("GET", "/a%25252f;b//%3b%5c", "a.b", "Content-Length", "1")
	f.Fuzz(func(t *testing.T, method, target, host, name, value string) {
		headers := []Header{{name, value}, {"x-api-key", "k"}}
		r, err := Parse(Raw{Method: method, Target: target, Host: host, Hosts: 1, Headers: headers})
		if err != nil {
			return
		}
		if !r.Valid() || r.Path() == "" || r.Path()[0] != '/' {
			t.Fatalf("accepted as %+v", r)
		}
		if !strings.HasSuffix(target, r.Path()+"?"+r.Query()) && !strings.HasSuffix(target, r.Path()) && r.Path() != "/" {
			t.Fatalf("%q became %q ? %q", target, r.Path(), r.Query())
		}
		if strings.ContainsAny(r.Authority()+r.Query()+value, "\r\n\x00") {
			t.Fatal("a line break or a NUL passed")
		}
		readings := Readings(r.Path())
		if len(readings) == 0 || len(readings) > MaxReadings || readings[0] != r.Path() {
			t.Fatalf("readings %q", readings)
		}
		for _, reading := range readings {
			if strings.ContainsAny(reading, "\x00\r\n\\") {
				t.Fatalf("a reading is %q", reading)
			}
			for s := range strings.SplitSeq(reading, "/") {
				if s == "." || s == ".." {
					t.Fatalf("a reading is %q", reading)
				}
			}
		}
		for _, h := range Stripped(r.Headers()) {
			if HopByHop(h.Name) || !slices.Contains(headers, h) {
				t.Fatalf("%q was not stripped", h.Name)
			}
		}
	})
}
