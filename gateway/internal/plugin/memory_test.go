package plugin

import (
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/seksbot/seks-broker/plugin-sdk/abi"
	"github.com/seksbot/seks-broker/plugin-sdk/puppet"
)

// Instances that end take their memory with them, at once: a plugin that fails at
// each request would else hold 32 MiB of addresses for each of them.
func TestMemoryIsGivenBack(t *testing.T) {
	p := loaded(t, testEngine(t), guest(t, "moody"))
	addresses := func() int {
		text, err := os.ReadFile("/proc/self/statm")
		if err != nil {
			t.Fatal(err)
		}
		pages, err := strconv.Atoi(strings.Fields(string(text))[0])
		if err != nil {
			t.Fatal(err)
		}
		return pages * os.Getpagesize()
	}
	const instances = 200
	before := addresses()
	for range instances {
		if _, err := p.Plan("t", view("TRAP")); err == nil {
			t.Fatal("it did not trap")
		}
	}
	if grown := addresses() - before; grown > instances*(memoryPages<<16)/4 {
		t.Errorf("%d instances left %d MiB of addresses", instances, grown>>20)
	}
}

// An instance grows where it is, within what is its own, and what is new is zero.
func TestMemoryGrowsInPlace(t *testing.T) {
	m, err := newMemory()
	if err != nil {
		t.Fatal(err)
	}
	small := m.Reallocate(1 << 16)
	small[0], small[len(small)-1] = 1, 2
	all := m.Reallocate(memoryPages << 16)
	if len(all) != memoryPages<<16 || &all[0] != &small[0] || all[0] != 1 || all[1<<16-1] != 2 || all[1<<16] != 0 || all[len(all)-1] != 0 {
		t.Error("it moved, or what is in it is another")
	}
	if m.Reallocate(memoryPages<<16+1) != nil {
		t.Error("there was more than an instance may have")
	}
	m.release()
	m.release() // again is nothing
}

// What a guest made of a piece is in use while another goroutine may close its
// transform, and so end the guest.
func TestResultOutlivesTheGuest(t *testing.T) {
	const text = "what the guest says"
	g := puppet.Of(&abi.Manifest{
		Name: "says", Version: "1.0.0",
		Upstreams:  []abi.Upstream{{Name: "main", URL: "https://api.example.com"}},
		Fields:     []abi.Field{{Name: "api_key", Use: abi.UseReveal, Main: true, Sinks: []abi.Sink{{Kind: abi.SinkHeader, Name: "authorization"}}}},
		TokenSlots: []abi.Slot{{Kind: abi.SlotHeader, Name: "authorization", Scheme: "Bearer"}},
	}, &abi.Plan{})
	g.Response, g.Result = puppet.Says, (&abi.BodyResult{Segments: []abi.Segment{{Kind: abi.SegmentLiteral, Bytes: []byte(text)}}}).Marshal()
	body, err := loaded(t, testEngine(t), g.Module()).TransformResponse("t")
	if err != nil {
		t.Fatal(err)
	}
	result, err := body.Piece([]byte("a piece"), false)
	if err != nil {
		t.Fatal(err)
	}
	body.Close() // not whole, so the guest ends
	if got := string(result.Segments[0].Bytes); got != text {
		t.Errorf("it says %q", got)
	}
}
