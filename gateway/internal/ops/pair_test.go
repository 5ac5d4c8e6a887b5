package ops

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/plugin"
	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/puppet"
	"github.com/seksbot/seks-broker/plugin-sdk/sigv4"
)

// Where an API's clients sign, a token is a pair, shown once; and only the plugin
// knows whether they do.
func TestATokenForClientsThatSignIsAPair(t *testing.T) {
	c := configured(t, providers+"[providers.s3]\n")
	module := puppet.Of(&seks.Manifest{
		Name: "s3", Version: "1", Upstreams: []seks.Upstream{{Name: "main", URL: "https://s3.example.com"}},
		Fields:     []seks.CredentialField{{Name: "secret_access_key", Use: seks.Sign, Main: true, SignShapes: [][]byte{sigv4.Shape("secret_access_key")}}},
		TokenSlots: []seks.Slot{{Kind: seks.SlotAWSSig4}},
	}, &new(seks.Plan).Plan).Module()
	write(t, filepath.Join(c.PluginsDir, "s3.wasm"), module)
	b := opened(t, c, plugin.Digest(guest(t, "ok")), plugin.Digest(module))
	must(t, b, "credential/set", stored)
	must(t, b, "credential/set", strings.NewReplacer(`"c1"`, `"s3"`, `"ok"`, `"s3"`).Replace(stored))

	var pair, bearer TokenIssued
	text := must(t, b, "token/issue", `{"agent":"a","credential":"s3"}`, `"access_key_id":"seks_s3_`, `"secret_access_key":"`)
	if err := json.Unmarshal([]byte(text), &pair); err != nil || pair.AccessKeyID != pair.Token || len(pair.SecretAccessKey) < 40 {
		t.Fatalf("%s %v", text, err)
	}
	signed := must(t, b, "s3/presign", `{"token_id":"`+pair.ID+`","method":"PUT","bucket":"b","key":"k","expires":60000000000,"size":5,"endpoint":"https://broker.example/api/s3"}`,
		`"url":"https://broker.example/api/s3/b/k?`, "X-Amz-Credential="+pair.AccessKeyID+"%2F", `X-Amz-SignedHeaders=content-length%3Bhost`)
	if strings.Contains(signed, pair.SecretAccessKey) {
		t.Errorf("a URL shows the secret half: %s", signed)
	}
	text = must(t, b, "token/issue", `{"agent":"a","credential":"c1"}`)
	if err := json.Unmarshal([]byte(text), &bearer); err != nil || strings.Contains(text, "access_key") {
		t.Errorf("a bearer token has a secret half: %s", text)
	}
	for name, in := range map[string]string{"token/show": `{"id":"` + pair.ID + `"}`, "token/list": "", "token/revoke": `{"id":"` + pair.ID + `"}`} {
		if out := must(t, b, name, in); strings.Contains(out, pair.SecretAccessKey) {
			t.Errorf("%s shows the secret half: %s", name, out)
		}
	}
}
