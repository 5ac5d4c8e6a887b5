package seks

import (
	"runtime"

	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// guest answers the host's calls, one at a time. What a method returns is valid
// until the next call.
type guest struct {
	provider Provider
	always   []byte // the plan of Provider.Always
	input    []byte // the scratch buffer: the host writes each input to it
	out      []byte
	calls    int

	request, response Body // that are on their way
}

// yieldEvery is how many calls pass between two turns of the scheduler. A call
// from the host runs on a goroutine that never waits, so without a turn the
// garbage collector's workers never run and the memory only grows.
const yieldEvery = 64

func newGuest(p Provider) *guest {
	g := &guest{}
	g.serve(p)
	return g
}

func (g *guest) serve(p Provider) {
	g.provider, g.always = p, nil
	if p.Always != nil {
		g.always = p.Always.Marshal()
	}
}

// configure takes the operator's parameters, and answers what is wrong with them.
func (g *guest) configure(size uint32) []byte {
	var message abi.Parameters
	if err := message.Unmarshal(g.read(size)); err != nil {
		panic("seks: the parameters can't be read: " + err.Error())
	}
	if g.provider.Configure == nil {
		return []byte("this plugin takes no parameters")
	}
	parameters := map[string]string{}
	for _, p := range message.Parameters {
		parameters[p.Name] = p.Value
	}
	p, err := g.provider.Configure(parameters)
	if err != nil {
		g.out = append(g.out[:0], err.Error()...)
		return g.out
	}
	if !p.whole() {
		panic("seks: Configure must return a Provider with either Always or Plan")
	}
	g.serve(p)
	return nil
}

// buffer makes room for an input. It lies where it was as long as it is large
// enough, since a host may use it for more than one call.
func (g *guest) buffer(size uint32) []byte {
	if size > abi.MaxView {
		panic("seks: the host asked for a larger buffer than the contract has")
	}
	if int(size) > len(g.input) || g.input == nil {
		g.input = make([]byte, max(size, 4096))
	}
	return g.input
}

func (g *guest) manifest() []byte {
	g.out = g.provider.Manifest.AppendTo(g.out[:0])
	return g.out
}

func (g *guest) plan(size uint32) []byte {
	g.turn()
	if g.provider.Plan == nil {
		return g.always
	}
	var v View
	if err := v.Unmarshal(g.read(size)); err != nil {
		panic("seks: the view can't be read: " + err.Error())
	}
	plan := g.provider.Plan(&v)
	if plan == nil {
		panic("seks: Plan returned nil: return new(seks.Plan) to send the request as it is, or seks.Refuse")
	}
	g.out = plan.AppendTo(g.out[:0])
	return g.out
}

func (g *guest) scrub(size uint32) []byte {
	g.turn()
	g.out = g.out[:0]
	if g.provider.Scrub == nil {
		return g.out
	}
	var head AnswerHead
	if err := head.Unmarshal(g.read(size)); err != nil {
		panic("seks: the answer's head can't be read: " + err.Error())
	}
	if s := g.provider.Scrub(&head); s != nil {
		g.out = s.AppendTo(g.out)
	}
	return g.out
}

// read is the input that the host has just written.
func (g *guest) read(size uint32) []byte {
	if int64(size) > int64(len(g.input)) {
		panic("seks: the host gave more input than it asked a buffer for")
	}
	return g.input[:size]
}

func (g *guest) turn() {
	if g.calls++; g.calls%yieldEvery == 0 {
		runtime.Gosched()
	}
}
