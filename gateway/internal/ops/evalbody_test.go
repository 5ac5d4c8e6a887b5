package ops

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/plugin"
	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
	"github.com/seksbot/seks-broker/plugin-sdk/puppet"
)

// What eval prints of a body is what the broker would send.
func TestEvalOfBodies(t *testing.T) {
	for name, c := range map[string]struct {
		plan             *seks.Plan
		body, want, head string
	}{
		"a field":     {new(seks.Plan).SetJSON("auth", seks.Field("api_key")), `{"q":1}`, `{"auth":"k","q":1}`, "Content-Length: 18"},
		"hashed":      {new(seks.Plan).HashBody().SetHeader("x-sum", seks.Digest(seks.MD5).Hex()), `{"q":1}`, `{"q":1}`, "x-sum: eb7a8d661b8cf94ec314a7c59d80a0bf"},
		"transformed": {new(seks.Plan).TransformBody(), `{"q":"a"}`, `{"Q":"A"}`, "Transfer-Encoding: chunked"},
		"of a length": {new(seks.Plan).TransformBody().Sized(9), `{"q":"a"}`, `{"Q":"A"}`, "Content-Length: 9"},
	} {
		m := &abi.Manifest{
			Name: "ok", Version: "1.0.0", Upstreams: []abi.Upstream{{Name: "main", URL: "https://api.example.com"}},
			Fields:     []abi.Field{{Name: "api_key", Use: abi.UseReveal, Main: true, Sinks: []abi.Sink{{Kind: abi.SinkJSON, Name: "auth"}}}},
			TokenSlots: []abi.Slot{{Kind: abi.SlotHeader, Name: "authorization", Scheme: "Bearer"}},
			Bodies:     []abi.BodyNeed{{Path: "/{rest...}"}},
		}
		g := puppet.Of(m, &c.plan.Plan)
		g.Request = puppet.Upper
		p, err := plugin.Open(context.Background(), g.Module())
		if err != nil {
			t.Fatal(err)
		}
		out, err := Eval(p, []byte("POST /x HTTP/1.1\nContent-Type: application/json\n\n"+c.body), map[string]string{"api_key": "k"}, time.Unix(0, 0))
		if err != nil || !strings.HasSuffix(out.Request, "\n\n"+c.want) || !strings.Contains(out.Request, c.head) {
			t.Errorf("%s: %v\n%s", name, err, out.Request)
		}
	}
}
