package conform

import (
	"context"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/gateway/internal/plugin"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
	"github.com/seksbot/seks-broker/plugin-sdk/puppet"
)

// What a body call may do wrong is found by the check of bodies, both ways.
func TestBodies(t *testing.T) {
	m := &abi.Manifest{
		Name: "bodies", Version: "1.0.0", Title: "A guest", Upstreams: []abi.Upstream{{Name: "main", URL: "https://api.example.com"}},
		Fields: []abi.Field{{Name: "api_key", Use: abi.UseReveal, Main: true, Help: "a key",
			Sinks: []abi.Sink{{Kind: abi.SinkHeader, Name: "authorization"}}}},
		TokenSlots: []abi.Slot{{Kind: abi.SlotHeader, Name: "authorization", Scheme: "Bearer"}},
	}
	p := setHeader("authorization", "k")
	p.BodyMode, p.InspectAnswer = abi.BodyTransform, true
	result := func(change func(*abi.BodyResult)) []byte {
		var r abi.BodyResult
		change(&r)
		return r.Marshal()
	}
	far := result(func(r *abi.BodyResult) { r.Segments = []abi.Segment{{Kind: abi.SegmentInput, Length: 1 << 20}} })
	leak := result(func(r *abi.BodyResult) {
		r.Segments = []abi.Segment{{Kind: abi.SegmentValue, Bytes: abi.AppendField(nil, "api_key")}}
	})
	no := result(func(r *abi.BodyResult) {
		r.Checks = []abi.Check{{A: abi.AppendLit(nil, "a"), B: abi.AppendLit(nil, "b")}}
	})
	for _, c := range []struct {
		name   string
		does   puppet.Does
		result []byte
		ok     bool
		says   string
	}{
		{"passes", puppet.Passes, nil, true, "62 went through, 0 were cut"},
		{"changes", puppet.Upper, nil, true, "62 went through"},
		{"ends with more", puppet.PassesSays, result(func(r *abi.BodyResult) { r.Segments = []abi.Segment{{Kind: abi.SegmentLiteral, Bytes: []byte("end")}} }), true, "62 went"},
		{"cuts all", puppet.Says, no, true, "31 went through, 31 were cut"},
		{"traps", puppet.Traps, nil, false, "it trapped"},
		{"is no message", puppet.Says, []byte{0x0a}, false, "can't be read"},
		{"reaches too far", puppet.Says, far, false, "outside the input"},
		{"gives out a secret", puppet.Says, leak, false, "field"},
		{"remembers", puppet.InTurn, nil, false, "another the second time"},
		{"grows", puppet.Grows, nil, false, "its memory grew by"},
	} {
		for _, way := range []string{"a request's", "an answer's"} {
			g := puppet.Of(m, p)
			g.Scrub, g.Result = (&abi.ScrubPlan{TransformBody: true}).Marshal(), c.result
			if way == "a request's" {
				g.Request = c.does
			} else {
				g.Response = c.does
			}
			pl, err := plugin.Open(context.Background(), g.Module())
			if err != nil {
				t.Fatal(err)
			}
			tester := newTester(pl, nil)
			says, err := tester.bodies(&Result{})
			tester.trial.Close()
			if err != nil {
				says = strings.TrimPrefix(err.Error(), "a long ")
			}
			if (err == nil) != c.ok || !strings.Contains(says, c.says) || !c.ok && !strings.HasPrefix(says, way) {
				t.Errorf("%s %s: %s", way, c.name, says)
			}
		}
	}
}
