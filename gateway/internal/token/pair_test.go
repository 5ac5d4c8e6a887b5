package token

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/kv"
	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

func TestAPairIsKeptSealed(t *testing.T) {
	r := newRoom(t)
	want := basic
	want.Pair = true
	plain, rec := r.issue(t, want)
	secret := string(rec.Half().Reveal())
	if len(secret) != bodyDigits || strings.Contains(string(plain), secret) {
		t.Fatalf("the half is %q", secret)
	}
	if _, other := r.issue(t, want); string(other.Half().Reveal()) == secret {
		t.Error("two pairs have one secret")
	}
	rows := 0
	if err := r.kv.Scan(kv.Key("token"), func(k, v []byte) error {
		rows++
		if bytes.Contains(v, []byte(secret)) || bytes.Contains(k, []byte(secret)) {
			t.Error("the half is in the store as it is")
		}
		return nil
	}); err != nil || rows != 2 {
		t.Fatal(rows, err)
	}
	for name, s := range map[string]*Store{"first": r.Store, "cached": r.Store, "reopened": r.reopened()} {
		c, err := s.Find(plain, "openai")
		if err != nil || !c.record.Pair || string(c.record.half.Reveal()) != secret {
			t.Errorf("%s: %v", name, err)
		}
		if g, err := c.Prove(bearer()); err == nil || g.Valid() || fault.From(err).Code != fault.SignatureInvalid {
			t.Errorf("%s: a pair's name proves it: %v", name, err)
		}
		list, err := s.List()
		text, err2 := json.Marshal(list)
		if err != nil || err2 != nil || strings.Contains(string(text)+fmt.Sprintf("%+v %#v", list, list), secret) {
			t.Errorf("%s: a list shows the half: %v %v", name, err, err2)
		}
	}
	for _, text := range []string{`{"id":"tok_x","pair":true}`, `{"id":"tok_x","half":"aGFsZg=="}`} {
		if _, err := decode([]byte(text)); err == nil || !strings.Contains(err.Error(), "damaged") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// What a client signed stays as it was signed, for the plugin; what goes upstream
// has no trace of it.
func TestCutOfASignedRequest(t *testing.T) {
	id, other := string(newText("s3").Reveal()), string(newText("s3").Reveal())
	scope := "/20261123/us-east-1/s3/aws4_request"
	slots := []abi.Slot{{Kind: abi.SlotAWSSig4}}
	inHeader := func(v string) []request.Header {
		return []request.Header{{Name: "Authorization", Value: v}, {Name: "Accept-Encoding", Value: "x"}, {Name: "X-Amz-Date", Value: "d"}, {Name: "X-Api-Key", Value: "k"}}
	}
	header := "AWS4-HMAC-SHA256 Credential=" + id + scope + ",SignedHeaders=host,Signature=00"
	query := "/b/k?X-Amz-Algorithm=A&X-Amz-Credential=" + id + strings.ReplaceAll(scope, "/", "%2F") + "&X-Amz-Signature=00"
	tests := []struct {
		name, target          string
		headers               []request.Header
		token, shown, sent, q string // headers' names shown and sent; the query that is sent
		code                  fault.Code
	}{
		{"by header", "/b/k?acl", inHeader(header), id, "Authorization Accept-Encoding X-Amz-Date", "Accept-Encoding X-Amz-Date", "acl", ""},
		{"by query", query, inHeader("")[1:], id, "Accept-Encoding X-Amz-Date", "Accept-Encoding X-Amz-Date", "X-Amz-Algorithm=A&X-Amz-Signature=00", ""},
		{"by both", query, inHeader(header), id, "Authorization Accept-Encoding X-Amz-Date", "Accept-Encoding X-Amz-Date", "X-Amz-Algorithm=A&X-Amz-Signature=00", ""},
		{"another id in the query", query, inHeader(strings.ReplaceAll(header, id, other)), "", "", "", "", fault.BadRequest},
		{"another token in a key slot", "/b", append(inHeader(header), request.Header{Name: "X-Api-Key", Value: other}), "", "", "", "", fault.BadRequest},
		{"the id in the path too", "/" + id, inHeader(header), "", "", "", "", fault.BadRequest},
		{"the id in another header too", "/b", append(inHeader(header), request.Header{Name: "X-A", Value: id}), "", "", "", "", fault.BadRequest},
		{"the id under a name in lower case", strings.ToLower(query[:40]) + query[40:], nil, "", "", "", "", fault.BadRequest},
		{"an AWS key of its own", "/b", inHeader(strings.ReplaceAll(header, id, "AKIDEXAMPLE")), "AKIDEXAMPLE", "", "Accept-Encoding X-Amz-Date", "", ""},
		{"another scheme", "/b", inHeader("AWS4-ECDSA-P256-SHA256 Credential=" + id + scope), "", "", "Accept-Encoding X-Amz-Date", "", ""},
	}
	names := func(headers []request.Header) string {
		var list []string
		for _, h := range headers {
			list = append(list, h.Name)
		}
		return strings.Join(list, " ")
	}
	for _, tt := range tests {
		req, err := request.Parse(request.Raw{Method: "GET", Target: tt.target, Host: "h", Hosts: 1, Headers: tt.headers})
		if err != nil {
			t.Fatal(tt.name, err)
		}
		rest, err := Cut(slots, req)
		if tt.code != "" {
			if err == nil || fault.From(err).Code != tt.code {
				t.Errorf("%s: %v", tt.name, err)
			}
			continue
		}
		if err != nil || rest.Token != tt.token || names(rest.Headers) != tt.sent || rest.Query != tt.q {
			t.Errorf("%s: %v, token %q, headers %q, query %q", tt.name, err, rest.Token, names(rest.Headers), rest.Query)
		}
		if names(rest.Signed) != tt.shown || (rest.ID != "") != (tt.shown != "") || tt.shown != "" && rest.Target != tt.target {
			t.Errorf("%s: shown %q, target %q, id %q", tt.name, names(rest.Signed), rest.Target, rest.ID)
		}
	}
}
