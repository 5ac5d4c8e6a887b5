package pipeline_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"testing"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
	"github.com/seksbot/seks-broker/plugin-sdk/puppet"
)

// A check over the body's digest is held once the body was read, and before
// anything is sent.
func TestChecksOverTheBodyComeFirst(t *testing.T) {
	sum := sha256.Sum256([]byte("the body"))
	p := seks.Bearer("api_key").HashBody().Check(seks.Digest(seks.SHA256).Hex(), seks.Lit(hex.EncodeToString(sum[:]))).
		SetHeader("x-digest", seks.Digest(seks.SHA256).Hex())
	var got, digest string
	r := open(t, func(_ http.ResponseWriter, req *http.Request) {
		b, _ := io.ReadAll(req.Body)
		got, digest = string(b), req.Header.Get("X-Digest")
	}, map[string]guest{"first": {plan: &p.Plan}})
	reply := r.Serve(r.post("first", "/x", "the body"))
	if text, err := read(t, reply); err != nil || reply.Status != 200 || got != "the body" || digest != hex.EncodeToString(sum[:]) {
		t.Errorf("%d %s %v: %q %s", reply.Status, text, err, got, digest)
	}
	before := r.reached.Load()
	for body, code := range map[string]string{"the other": "signature_invalid", strings.Repeat("x", abi.MaxBodyHashed+1): "body_too_large"} {
		for _, length := range []int{len(body), -1} {
			in := r.post("first", "/x", body)
			in.Length = length
			if reply := r.Serve(in); one(reply, "X-Seks-Error") != code {
				t.Errorf("%.10s, length %d: %d %s", body, length, reply.Status, one(reply, "X-Seks-Error"))
			}
		}
	}
	long := r.post("first", "/x", "")
	long.Body, long.Length = untouched{t}, abi.MaxBodyHashed+1
	if reply := r.Serve(long); one(reply, "X-Seks-Error") != "body_too_large" {
		t.Errorf("%d", reply.Status)
	}
	if r.reached.Load() != before {
		t.Error("a request that is not proven was sent")
	}
	r.idle()
}

// The context of a plan is the input of the first call, and no part of the body.
func TestBodyContext(t *testing.T) {
	var got []byte
	var length int64
	r := open(t, func(_ http.ResponseWriter, req *http.Request) {
		got, _ = io.ReadAll(req.Body)
		length = req.ContentLength
	}, map[string]guest{
		"with": transforms(puppet.Upper, nil, func(p *abi.Plan) { p.BodyContext, p.BodySize = []byte("context:"), 200<<10+9 }),
	})
	body := strings.Repeat("x", 200<<10)
	for _, in := range []int{len(body), -1} {
		request := r.post("with", "/x", body)
		request.Length = in
		reply := r.Serve(request)
		if text, err := read(t, reply); err != nil || reply.Status != 200 || string(got) != "CONTEXT:"+strings.ToUpper(body) || length != 200<<10+8 {
			t.Errorf("%d %s %v, %d bytes with length %d: %.20s", reply.Status, text, err, len(got), length, got)
		}
	}
	if _, err := read(t, r.Serve(r.get("with", "/x"))); err != nil || len(got) != 0 {
		t.Errorf("a request without a body got %q", got)
	}
	r.idle()
}

// What a plugin says to a request that shows no token stands in its refusal.
func TestHintsStandInTheRefusal(t *testing.T) {
	hints := func(m *abi.Manifest) {
		m.Hints = []abi.Hint{{Kind: abi.HintHeader, Name: "authorization", Prefix: "AWS ", Message: "sign with version 4"}}
	}
	r := open(t, func(http.ResponseWriter, *http.Request) { t.Error("it was sent") }, map[string]guest{"hints": {manifest: hints, plan: bearer()}})
	for header, says := range map[string]string{"Authorization: AWS id:signature": "sign with version 4", "X-Other: AWS id:signature": "seks_"} {
		reply := r.Serve(incoming("GET", "/api/hints/x", header))
		if text, _ := read(t, reply); reply.Status != 401 || !strings.Contains(text, says) || one(reply, "X-Seks-Error") != "token_missing" {
			t.Errorf("%s: %d %s", header, reply.Status, text)
		}
	}
	in := incoming("GET", "/api/hints/x", "X-Id: "+r.tokens["hints"], "Authorization: AWS id:signature") // a token where none is taken
	if reply := r.Serve(in); reply.Status != 400 || one(reply, "X-Seks-Error") != "bad_request" {
		t.Errorf("misplaced: %d", reply.Status)
	} else if text, _ := read(t, reply); !strings.Contains(text, "sign with version 4") {
		t.Errorf("misplaced: %s", text)
	}
	r.idle()
}
