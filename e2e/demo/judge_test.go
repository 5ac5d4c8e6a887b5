package main

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"
)

// The demonstration fails where a secret is in a view that it does not belong
// to, in any form, shown or not; and where it is missing from its own.
func TestJudge(t *testing.T) {
	const key, token = "sk-proj-0123456789abcdefghij", "seks_openai_0123456789abcdefghij"
	base64Key := base64.StdEncoding.EncodeToString([]byte("x" + key + "yz"))
	for name, c := range map[string]struct {
		add  [4]string // to what is good, in each view
		says string    // "": all is well
	}{
		"all is well":          {},
		"the key at the agent": {[4]string{2: key}, "real key is in view 3 (raw)"},
		"... in base64":        {[4]string{2: base64Key}, "real key is in view 3 (base64 at alignment 1)"},
		"... in hex":           {[4]string{2: strings.ToUpper(hex.EncodeToString([]byte(key)))}, "real key is in view 3 (hex)"},
		"the key in the log":   {[4]string{3: key}, "real key is in view 4 (raw)"},
		"the agent sends it":   {[4]string{0: key}, "real key is in view 1 (raw)"},
		"the token at the API": {[4]string{1: token}, "proxy token is in view 2 (raw)"},
		"the token in the log": {[4]string{3: token}, "proxy token is in view 4 (raw)"},
	} {
		for _, hidden := range []bool{false, true} {
			x := trip{key: key, token: token}
			x.views[agentSent].shown, x.views[apiSaw].shown = token, key
			for i := range x.views {
				x.views[i].all = x.views[i].shown + c.add[i]
				if !hidden {
					x.views[i].shown += c.add[i]
				}
			}
			if err := x.judge(); (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
				t.Errorf("%s: %v, want %q", name, err, c.says)
			}
		}
	}
	if err := (trip{key: key, token: token}).judge(); err == nil || !strings.Contains(err.Error(), "real key is not in view 2") || !strings.Contains(err.Error(), "proxy token is not in view 1") {
		t.Errorf("nothing in any view: %v", err)
	}
}
