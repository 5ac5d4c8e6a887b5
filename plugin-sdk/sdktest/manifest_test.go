package sdktest

import (
	"testing"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
)

func TestManifestChecks(t *testing.T) {
	m := manifest()
	m.Operations = seks.Catalogue("read a.b GET /a/{x}\nwrite a.b POST /a/{x}\ngrant c GET /a/{y}/c")
	Manifest(t, &m)
	if got := Line("GET", "/a/{x}/b/{rest...}"); got != "GET /a/{}/b/{}" {
		t.Error(got)
	}
}

func TestErrorRenders(t *testing.T) {
	m := manifest()
	m.ErrorShape = seks.ErrorShape{Body: `{"c":"{{code}}","w":"{{word}}","m":"{{message}}","s":{{status}}}`,
		Statuses: []seks.CodeStatus{{Code: "token_invalid", Word: "Denied"}, {Code: "bad_request", Status: 422}}}
	var got struct {
		C, W, M string
		S       int
	}
	if Error(t, &m, "token_invalid", &got); got.C != "token_invalid" || got.W != "Denied" || got.M != `a "reason"` || got.S != 403 {
		t.Errorf("%+v", got)
	}
	if Error(t, &m, "bad_request", &got); got.W != "bad_request" || got.S != 422 {
		t.Errorf("%+v", got)
	}
}
