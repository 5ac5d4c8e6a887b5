// Package puppet makes guests for the tests of hosts: the smallest module that
// says what it is given, and does to bodies what it is told.
package puppet

import (
	_ "embed"
	"encoding/binary"

	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// Does is what a body call of a puppet does.
type Does uint32

// What a body call can do. Result is Guest.Result.
const (
	Passes      Does = iota // gives its input back
	Upper                   // gives it back in upper case
	Says                    // gives Result, whatever comes
	Traps                   // at once
	Loops                   // for ever
	PassesSays              // passes, and gives Result at the end
	HoldsAndEnd             // gives nothing, and Result at the end
	InTurn                  // passes, and gives Result, in turn, over all bodies
	Grows                   // asks for more memory each time, and passes
)

// Guest is what a puppet says. Answers come as they are: a Plan may be as bad as
// a test wants it.
type Guest struct {
	Manifest          []byte
	Plan, Scrub       []byte
	Result            []byte // an encoded BodyResult
	Request, Response Does
}

// Of is a guest with that manifest and plan.
func Of(m *abi.Manifest, p *abi.Plan) Guest { return Guest{Manifest: m.Marshal(), Plan: p.Marshal()} }

//go:embed puppet.wasm
var template []byte

// Where the template looks, as puppet.wat has it.
const (
	table   = 0x100
	answers = 0x1000
)

// Module is the guest as WebAssembly: the template, and a data section behind it.
func (g Guest) Module() []byte {
	says := make([]byte, 0x28)
	var text []byte
	for i, a := range [][]byte{g.Manifest, g.Plan, g.Scrub, g.Result} {
		at := uint64(answers + len(text))
		binary.LittleEndian.PutUint64(says[8*i:], at<<32|uint64(len(a)))
		text = append(text, a...)
	}
	binary.LittleEndian.PutUint32(says[0x20:], uint32(g.Request))
	binary.LittleEndian.PutUint32(says[0x24:], uint32(g.Response))
	section := append([]byte{2}, segment(table, says)...)
	section = append(section, segment(answers, text)...)
	const data = 11
	return append(append([]byte(nil), template...), sized([]byte{data}, section)...)
}

// segment is an active one of memory 0, at a constant address.
func segment(at int, content []byte) []byte {
	return sized(append(append([]byte{0, 0x41}, sleb(at)...), 0x0b), content)
}

func sized(out, content []byte) []byte {
	return append(binary.AppendUvarint(out, uint64(len(content))), content...)
}

// sleb is signed LEB128.
func sleb(v int) []byte {
	var out []byte
	for {
		b := byte(v & 0x7f)
		v >>= 7
		if v == 0 && b&0x40 == 0 {
			return append(out, b)
		}
		out = append(out, b|0x80)
	}
}
