package credential_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/accesslog"
	"github.com/seksbot/seks-broker/gateway/internal/credential"
	"github.com/seksbot/seks-broker/gateway/internal/exchange"
	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/limit"
	"github.com/seksbot/seks-broker/gateway/internal/needle"
	"github.com/seksbot/seks-broker/gateway/internal/policy"
)

// Each of the three proofs is asked for, and each must be good still.
func TestOpenWithoutAuthority(t *testing.T) {
	h := newHouse(t)
	h.set("main", key)
	permit, lease, slot := h.permit("default", "main", "openai", host), h.lease(), h.slot()
	released := h.lease()
	released.Release()
	used := h.slot()
	used.Release()
	tests := []struct {
		name   string
		permit policy.Permit
		lease  limit.Lease
		slot   accesslog.Slot
	}{
		{"nothing", policy.Permit{}, limit.Lease{}, accesslog.Slot{}},
		{"no permit", policy.Permit{}, lease, slot},
		{"no lease", permit, limit.Lease{}, slot},
		{"no slot", permit, lease, accesslog.Slot{}},
		{"a lease that was released", permit, released, slot},
		{"a slot that was used", permit, lease, used},
	}
	for _, tt := range tests {
		c, err := h.store.Open(tt.permit, tt.lease, tt.slot)
		refused(t, tt.name, c, err, "without authority")
	}
	if c, err := h.store.Open(permit, lease, slot); err != nil || !c.Valid() {
		t.Errorf("with all three: %v", err)
	}
}

// Where lines must be on disk before a credential is used, a slot opens one only
// after its line of intent is.
func TestOpenWaitsForTheIntent(t *testing.T) {
	h := newHouse(t)
	h.set("main", key)
	log, err := accesslog.Open(accesslog.Config{Dir: t.TempDir(), Sync: true})
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	slot, err := log.Reserve()
	if err != nil {
		t.Fatal(err)
	}
	defer slot.Release()
	permit, lease := h.permit("default", "main", "openai", host), h.lease()
	c, err := h.store.Open(permit, lease, slot)
	refused(t, "before", c, err, "without authority")
	if err := slot.Intend(&exchange.Exchange{ID: "req_1"}); err != nil {
		t.Fatal(err)
	}
	if c, err := h.store.Open(permit, lease, slot); err != nil || !c.Valid() {
		t.Errorf("after: %v", err)
	}
}

func refused(t *testing.T, name string, c credential.Credential, err error, why string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: it opened", name)
		return
	}
	f := fault.From(err)
	if f.Code != fault.CredentialUnavailable || !strings.Contains(err.Error(), why) {
		t.Errorf("%s: %v, want credential_unavailable and %q", name, err, why)
	}
	if strings.Contains(f.Message, why) || strings.Contains(f.Message, host) {
		t.Errorf("%s: the agent is told %q", name, f.Message)
	}
	if _, ok := c.Field("api_key"); ok || c.Valid() || c.Name() != "" || c.Version() != 0 || c.Needles() != nil {
		t.Errorf("%s: something came with the error", name)
	}
}

// A credential goes to the hosts that it was set for, for the provider that it
// was set for, and to its own tenant.
func TestOpenBindsHostProviderAndTenant(t *testing.T) {
	h := newHouse(t)
	h.set("main", key)
	tests := []struct{ name, tenant, credential, provider, host, why string }{
		{"another host", "default", "main", "openai", "evil.example.com", "may not go to evil.example.com"},
		{"another port", "default", "main", "openai", host + ":8443", "may not go to"},
		{"a host above", "default", "main", "openai", "example.com", "may not go to"},
		{"in capitals", "default", "main", "openai", strings.ToUpper(host), "may not go to"},
		{"another provider", "default", "main", "github", host, "is for provider openai, the token for github"},
		{"another tenant", "other", "main", "openai", host, "no credential of that name"},
		{"another name", "default", "mai", "openai", host, "no credential of that name"},
	}
	for _, tt := range tests {
		c, err := h.store.Open(h.permit(tt.tenant, tt.credential, tt.provider, tt.host), h.lease(), h.slot())
		refused(t, tt.name, c, err, tt.why)
	}
	if _, err := h.store.Rebind("default", "main", []string{"eu.example.com", host + ":8443"}); err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{"eu.example.com", host + ":8443"} {
		if c, err := h.store.Open(h.permit("default", "main", "openai", to), h.lease(), h.slot()); err != nil || !c.Valid() {
			t.Errorf("rebound to %s: %v", to, err)
		}
	}
	if _, err := h.store.Rebind("default", "main", nil); err != nil {
		t.Fatal(err)
	}
	c, err := h.store.Open(h.permit("default", "main", "openai", host), h.lease(), h.slot())
	refused(t, "bound to nothing", c, err, "may not go to")
}

func TestOpenedCredential(t *testing.T) {
	h := newHouse(t)
	h.set("main", key)
	c, err := h.store.Open(h.permit("default", "main", "openai", host), h.lease(), h.slot())
	if err != nil {
		t.Fatal(err)
	}
	account, ok := c.Field("account")
	if !ok || string(account) != "acct-22" || c.Version() != 1 || c.Name() != "main" {
		t.Errorf("%q %v %d %q", account, ok, c.Version(), c.Name())
	}
	if _, ok := c.Field("none"); ok {
		t.Error("a field that it has not")
	}
	if hits := c.Needles().Find([]byte("x "+key+" y "+string(account)), 0, needle.Whole, nil); len(hits) != 1 || c.Needles().Name(hits[0].Needle) != "main" {
		t.Errorf("%d hits: the secret field is a needle, the public one is none", len(hits))
	}
	text, _ := json.Marshal(c)
	if printed := fmt.Sprintf("%v %+v %#v %s", c, c, c, text); hides(t, []byte(printed)) != "" {
		t.Errorf("a print shows the key: %s", printed)
	}
	again, err := h.store.Open(h.permit("default", "main", "openai", host), h.lease(), h.slot())
	if err != nil || again.Needles() != c.Needles() {
		t.Error("requests with one version share what is open")
	}
	if _, err := h.store.Rotate("default", "main", fields(key+"-2")); err != nil {
		t.Fatal(err)
	}
	if v, _ := c.Field("api_key"); string(v) != key {
		t.Errorf("a request under way lost its key to a rotation: %q", v)
	}
	var zero credential.Credential
	if _, ok := zero.Field("api_key"); ok || zero.Valid() || zero.Name() != "" || zero.Needles() != nil {
		t.Error("the zero Credential has something")
	}
}
