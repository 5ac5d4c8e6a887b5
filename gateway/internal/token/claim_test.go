package token

import (
	"reflect"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
)

func TestZeroValuesDeny(t *testing.T) {
	if g, err := (Claim{}).Prove(bearer()); err == nil || g.Valid() || fault.From(err).Code != fault.TokenInvalid {
		t.Errorf("%v", err)
	}
	if (Claim{}).Tenant()+(Claim{}).Agent()+(Claim{}).TokenID() != "" {
		t.Error("a zero Claim names somebody")
	}
	var g Grant
	if g.Valid() || g.Tenant()+g.Agent()+g.TokenID()+g.Provider()+g.Credential() != "" || !reflect.DeepEqual(g.Rules(), Rules{}) {
		t.Error("a zero Grant grants")
	}
}
