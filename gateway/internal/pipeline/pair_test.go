package pipeline_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/credential"
	"github.com/seksbot/seks-broker/gateway/internal/pipeline"
	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
	"github.com/seksbot/seks-broker/gateway/internal/token"
	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// signing is the module of the SDK's test plugin that checks and makes SigV4
// signatures.
var signing = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "seks-sigv4-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "sigv4.wasm")
	c := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", path, "./plugin-sdk/testdata/sigv4")
	c.Dir, c.Env = "../../..", append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=")
	if text, err := c.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, text)
	}
	return os.ReadFile(path)
})

const (
	realID   = "AKIAIOSFODNN7EXAMPLE"
	realKey  = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
	otherKey = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKE2"
	noBody   = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
	signedAt = "20130524T000000Z"
)

// mine is SigV4 by itself: what a client sends for a plain request of GET.
func mine(id, key, host, path string) string {
	canonical := "GET\n" + path + "\n\nhost:" + host + "\nrange:bytes=0-9\nx-amz-content-sha256:" + noBody + "\nx-amz-date:" + signedAt +
		"\n\nhost;range;x-amz-content-sha256;x-amz-date\n" + noBody
	digest := sha256.Sum256([]byte(canonical))
	mac := func(key []byte, text string) []byte {
		m := hmac.New(sha256.New, key)
		m.Write([]byte(text))
		return m.Sum(nil)
	}
	k := []byte("AWS4" + key)
	for _, step := range []string{"20130524", "us-east-1", "s3", "aws4_request",
		"AWS4-HMAC-SHA256\n" + signedAt + "\n20130524/us-east-1/s3/aws4_request\n" + hex.EncodeToString(digest[:])} {
		k = mac(k, step)
	}
	return "AWS4-HMAC-SHA256 Credential=" + id + "/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=" + hex.EncodeToString(k)
}

// pair is a token of a client that signs.
type pair struct{ id, secret, tokenID string }

func (r *rooms) pair(provider string) pair {
	r.t.Helper()
	plain, rec, err := r.Tokens.Issue(token.Record{Tenant: "default", Agent: "signer", Provider: provider, Credential: provider + "-key", Pair: true})
	r.check(err)
	return pair{string(plain.Reveal()), string(rec.Half().Reveal()), rec.ID}
}

func awsFields(key string) map[string]credential.Field {
	return map[string]credential.Field{
		"access_key_id": {Value: secret.New([]byte(realID)), Public: true}, "secret_access_key": {Value: secret.New([]byte(key))},
	}
}

// signed is a GET that a client signed, for the provider "signed".
func signed(authorization, path string) pipeline.Incoming {
	return incoming("GET", "/api/signed"+path, "Authorization: "+authorization, "Range: bytes=0-9", "X-Amz-Date: "+signedAt, "X-Amz-Content-Sha256: "+noBody)
}

// untouched is a body that must not be read.
type untouched struct{ t *testing.T }

func (u untouched) Read([]byte) (int, error) {
	u.t.Error("the body of a request that is not proven was read")
	return 0, io.EOF
}

func TestAPairIsProvenByItsSignature(t *testing.T) {
	module, err := signing()
	if err != nil {
		t.Fatal(err)
	}
	var got http.Header
	var host string
	r := open(t, func(_ http.ResponseWriter, req *http.Request) { got, host = req.Header, req.Host }, map[string]guest{"signed": {module: module}})
	_, err = r.Credentials.Rotate("default", "signed-key", awsFields(realKey))
	r.check(err)
	a, b := r.pair("signed"), r.pair("signed")
	const path = "/bucket/a%20key"
	good := mine(a.id, a.secret, "broker", "/api/signed"+path)

	serve := func(in pipeline.Incoming, status int, code string) {
		t.Helper()
		before := r.reached.Load()
		if status != 200 {
			in.Body, in.Length = untouched{t}, 5
		}
		reply := r.Serve(in)
		text, _ := read(t, reply)
		if reply.Status != status || strings.Join(header(reply, "X-Seks-Error"), "") != code {
			t.Errorf("%d %v: %s, want %d %s", reply.Status, header(reply, "X-Seks-Error"), text, status, code)
		}
		if (r.reached.Load() > before) != (status == 200) {
			t.Errorf("%d, and %d requests went upstream", status, r.reached.Load()-before)
		}
		for _, s := range []string{a.secret, b.secret, realKey} {
			if strings.Contains(text, s) || strings.Contains(fmt.Sprint(got), s) {
				t.Error("a secret was sent")
			}
		}
	}
	for range 2 { // the second time by the plan that was kept
		serve(signed(good, path), 200, "")
		if want := strings.ReplaceAll(mine(realID, realKey, host, path), ",S", ", S"); got.Get("Authorization") != want {
			t.Errorf("upstream got\n%s\nwant\n%s", got.Get("Authorization"), want)
		}
		if strings.Contains(fmt.Sprint(got), a.id) {
			t.Errorf("the proxy token went upstream: %v", got)
		}
	}
	// A plan is kept with its check, and that is held anew for each request.
	bad := good[:len(good)-1] + map[bool]string{true: "1", false: "0"}[good[len(good)-1] == '0']
	for name, authorization := range map[string]string{
		"a signature that is wrong":             bad,
		"another pair's secret":                 mine(a.id, b.secret, "broker", "/api/signed"+path),
		"the real key":                          mine(a.id, realKey, "broker", "/api/signed"+path),
		"no secret":                             mine(a.id, "", "broker", "/api/signed"+path),
		"signed for another path":               mine(a.id, a.secret, "broker", "/api/signed/bucket/other"),
		"signed for another host":               mine(a.id, a.secret, "s3.amazonaws.com", "/api/signed"+path),
		"another's signature under its own id":  strings.Replace(mine(b.id, b.secret, "broker", "/api/signed"+path), b.id, a.id, 1),
		"nothing but the id, and no signature ": "AWS4-HMAC-SHA256 Credential=" + a.id + "/20130524/us-east-1/s3/aws4_request",
	} {
		t.Run(name, func(t *testing.T) { serve(signed(authorization, path), 403, "signature_invalid") })
	}
	serve(signed("Bearer "+a.id, path), 401, "token_missing") // this API has no such slot
	serve(signed(mine("AKIDEXAMPLE", a.secret, "broker", "/api/signed"+path), path), 401, "token_invalid")
	two := signed(good, path+"?X-Amz-Credential="+b.id+"%2F20130524%2Fus-east-1%2Fs3%2Faws4_request")
	serve(two, 400, "bad_request")
	elsewhere := signed(good, path)
	elsewhere.Headers = append(elsewhere.Headers, request.Header{Name: "X-Amz-Meta-A", Value: a.id})
	serve(elsewhere, 400, "bad_request")

	// A bearer token is no access key, even where it is sent as one.
	serve(signed(mine(r.tokens["signed"], "", "broker", "/api/signed"+path), path), 401, "token_invalid")

	_, err = r.Credentials.Rotate("default", "signed-key", awsFields(otherKey))
	r.check(err)
	serve(signed(good, path), 200, "")
	if want := strings.ReplaceAll(mine(realID, otherKey, host, path), ",S", ", S"); got.Get("Authorization") != want {
		t.Errorf("after a rotation upstream got\n%s\nwant\n%s", got.Get("Authorization"), want)
	}
	r.check(r.Tokens.Revoke(a.tokenID))
	serve(signed(good, path), 401, "token_revoked")
	r.idle()
	for _, l := range r.lines() {
		if text := fmt.Sprintf("%+v", l); strings.Contains(text, a.secret) || strings.Contains(text, good[len(good)-64:]) {
			t.Errorf("the log has a secret or a signature: %s", text)
		}
	}
}

// A plan for a pair that checks nothing, or nothing of the token's secret, is
// refused: the name of a pair is public.
func TestAPairIsNotProvenWithoutACheck(t *testing.T) {
	slots := func(m *abi.Manifest) { m.TokenSlots = append(m.TokenSlots, abi.Slot{Kind: abi.SlotAWSSig4}) }
	checks := new(seks.Plan).Check(seks.Lit("a"), seks.Lit("a")).SetHeader("x-a", seks.Lit("1"))
	fails := new(seks.Plan).CheckElse("signature_expired", seks.Lit("a"), seks.Lit("b"))
	r := open(t, func(http.ResponseWriter, *http.Request) {}, map[string]guest{
		"none": {manifest: slots, plan: bearer()}, "other": {manifest: slots, plan: &checks.Plan}, "late": {manifest: slots, plan: &fails.Plan},
	})
	for _, name := range []string{"none", "other"} {
		p := r.pair(name)
		for _, how := range []string{"Bearer " + p.id, "AWS4-HMAC-SHA256 Credential=" + p.id + "/x, Signature=0"} {
			reply := r.Serve(incoming("GET", "/api/"+name+"/things/1", "Authorization: "+how))
			if text, _ := read(t, reply); reply.Status != 403 || !strings.Contains(text, "signature_invalid") || !strings.Contains(text, "secret half") {
				t.Errorf("%s by %.20s: %d %s", name, how, reply.Status, text)
			}
		}
		// A bearer token proves itself, and the check that holds does no harm.
		if reply := r.Serve(r.get(name, "/things/1")); reply.Status != 200 {
			t.Errorf("%s, with a bearer token: %d", name, reply.Status)
		} else {
			_, _ = read(t, reply)
		}
	}
	// A check that does not hold refuses a bearer token's request too, by its code.
	reply := r.Serve(r.get("late", "/things/1"))
	if text, _ := read(t, reply); reply.Status != 403 || !strings.Contains(text, "signature_expired") {
		t.Errorf("%d %s", reply.Status, text)
	}
	if n := r.reached.Load(); n != 2 {
		t.Errorf("%d requests went upstream, want 2", n)
	}
}
