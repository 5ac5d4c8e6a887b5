// Package meter rewrites a WebAssembly module so that it counts its own work, and
// leaves for the host when it has done a slice of it. A runtime's own check at
// every loop turn costs some 80 ns; a count costs less than one, and leaving is
// rare.
//
// The module that comes out has one more import, ImportModule.ImportName of type
// () → i64: how many units of work it may do until it calls that again. The host
// ends a guest by a panic there. Since it is a call from native code to Go, it is
// also where a garbage collection stops the guest.
//
// A global of 64 bits counts down. Every function, and every turn of a loop, takes
// off what it may at most do in a straight line; memory and table operations take
// off by their length; and a call of an import leaves for the host behind it. No
// index that the module came with reaches the counter: all are checked against what
// the module itself has, and moved where what was put in stands before it.
//
// It also gives a bound to what a module can claim in a few bytes: see bounds.go.
package meter

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The import that a rewritten module has. No module may bring one of that name.
const (
	ImportModule = "seks meter"
	ImportName   = "next"
)

// Slice is how many units of work a host should give: about half a millisecond.
const Slice = 100_000

// Section ids (WebAssembly Core 2.0 §5.5.2).
const (
	customSection    = 0
	typeSection      = 1
	importSection    = 2
	functionSection  = 3
	tableSection     = 4
	globalSection    = 6
	exportSection    = 7
	startSection     = 8
	elementSection   = 9
	codeSection      = 10
	dataSection      = 11
	dataCountSection = 12
)

// order is that of the sections in a module: the data count stands before the code.
var order = []byte{1, 2, 3, 4, 5, 6, 7, 9, 12, 10, 11}

const funcref, externref = 0x70, 0x6f

var errCut = errors.New("the module is cut short or damaged: copy it again")

// Module is the rewritten module. It leaves out custom sections, which are for
// debuggers, and refuses a start section: that would run at instantiation, before
// a host knows the exports to be what they should.
func Module(b []byte) ([]byte, error) {
	m, err := read(b)
	if err != nil {
		return nil, err
	}
	for _, step := range []func(*module) error{
		(*module).addTypes, (*module).addImport, (*module).addFunctions, (*module).boundTables,
		(*module).addGlobal, (*module).moveExports, (*module).moveElements, (*module).joinData, (*module).rewriteCode,
	} {
		if err := step(m); err != nil {
			return nil, err
		}
	}
	out := append(make([]byte, 0, len(b)+len(b)/4), b[:8]...)
	for _, id := range order {
		if body := m.sections[id]; body != nil {
			out = binary.AppendUvarint(append(out, id), uint64(len(body)))
			out = append(out, body...)
		}
	}
	return out, nil
}

// module is one on its way. Its counts are what it came with.
type module struct {
	sections [13][]byte // by id; nil where there is none

	types     uint64
	params    []uint64 // of each type
	imported  []uint64 // functions: their types, in order
	functions uint64   // with those imported
	globals   uint64   // with those imported

	locals uint64 // declared so far
	out    []byte // the code, as it is written
}

// read takes a module apart.
func read(b []byte) (*module, error) {
	if len(b) < 8 {
		return nil, errCut
	}
	m, at := &module{}, 0
	for rest := (cursor{b: b[8:]}); len(rest.b) > 0; {
		id := rest.byte()
		body := rest.take(rest.u32())
		switch {
		case rest.cut:
			return nil, errCut
		case id == customSection:
			continue
		case id == startSection:
			return nil, errors.New("the module has a start section, which would run before it is checked: export _initialize instead")
		case id >= byte(len(m.sections)):
			return nil, fmt.Errorf("the module has a section (%d) that this version does not know", id)
		}
		for at < len(order) && order[at] != id {
			at++
		}
		if at++; at > len(order) { // twice, or out of its order
			return nil, errCut
		}
		c := cursor{b: body}
		if count := c.u32(); c.cut || id != dataCountSection && count > uint64(len(c.b)) { // an entry has a byte at least
			return nil, errCut
		}
		m.sections[id] = body
	}
	return m, nil
}

// entries begins to read a section that is a vector.
func (m *module) entries(id byte) (count uint64, c *cursor) {
	c = &cursor{b: m.sections[id]}
	if m.sections[id] == nil {
		return 0, c
	}
	return c.u32(), c
}

// set makes a section of entries anew.
func (m *module) set(id byte, count uint64, entries ...[]byte) {
	body := binary.AppendUvarint(nil, count)
	for _, e := range entries {
		body = append(body, e...)
	}
	m.sections[id] = body
}

func (m *module) boundTables() (err error) {
	if m.sections[tableSection] != nil {
		m.sections[tableSection], err = boundTables(m.sections[tableSection])
	}
	return err
}
