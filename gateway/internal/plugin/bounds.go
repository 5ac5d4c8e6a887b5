package plugin

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// What a module can claim in a few bytes, and wazero would set aside for it. Its
// limit of the memory holds for none of these.
const (
	maxTables        = 16
	maxTableEntries  = 1 << 18 // of one table; a Go guest has some 5,000
	maxLocals        = 50_000  // of one function, as browsers have it
	maxLocalsInTotal = 1 << 22
)

// Section ids (WebAssembly Core 2.0 §5.5.2).
const (
	customSection    = 0
	tableSection     = 4
	startSection     = 8
	elementSection   = 9
	codeSection      = 10
	dataCountSection = 12
)

var errCut = errors.New("the module is cut short or damaged: copy it again")

// bounded is the module as it is compiled: with a bound to every table, which
// could else grow to 32 GiB, and without custom sections, which are for
// debuggers. It refuses counts that the module's own size can't hold, locals
// beyond all reason, and a start section: that would run at instantiation,
// before the exports are known to be what they should.
func bounded(module []byte) ([]byte, error) {
	out := append(make([]byte, 0, len(module)+16), module[:8]...)
	for rest := (cursor{b: module[8:]}); len(rest.b) > 0; {
		id := rest.byte()
		body := rest.take(rest.u32())
		if rest.cut {
			return nil, errCut
		}
		if id == customSection {
			continue
		}
		body, err := boundSection(id, body)
		if err != nil {
			return nil, err
		}
		out = binary.AppendUvarint(append(out, id), uint64(len(body)))
		out = append(out, body...)
	}
	return out, nil
}

func boundSection(id byte, body []byte) ([]byte, error) {
	c := cursor{b: body}
	count := c.u32() // all other sections are vectors, of at least a byte an entry
	if c.cut || id != startSection && id != dataCountSection && count > uint64(len(c.b)) {
		return nil, errCut
	}
	switch id {
	case startSection:
		return nil, errors.New("the module has a start section, which would run before it is checked: export _initialize instead")
	case tableSection:
		return boundTables(count, c)
	case elementSection:
		return body, checkElements(count, c)
	case codeSection:
		return body, checkLocals(count, c)
	}
	return body, nil
}

// boundTables gives each table a maximum: its own, if that is within bounds.
func boundTables(count uint64, c cursor) ([]byte, error) {
	if count > maxTables {
		return nil, fmt.Errorf("the module has %d tables; at most %d are allowed", count, maxTables)
	}
	out := binary.AppendUvarint(nil, count)
	for range count {
		kind, flags, least := c.byte(), c.byte(), c.u32()
		most := max(least, maxTableEntries)
		if flags == 1 {
			most = min(most, c.u32())
		}
		const funcref, externref = 0x70, 0x6f
		switch {
		case c.cut:
			return nil, errCut
		case kind != funcref && kind != externref || flags > 1:
			return nil, fmt.Errorf("the module has a table of a kind (0x%02x) that this version does not know", kind)
		case least > maxTableEntries:
			return nil, fmt.Errorf("the module has a table of %d entries; at most %d are allowed", least, maxTableEntries)
		}
		out = binary.AppendUvarint(append(out, kind, 1), least)
		out = binary.AppendUvarint(out, most)
	}
	if len(c.b) > 0 {
		return nil, errCut
	}
	return out, nil
}

// checkElements holds each segment's count against what is there. Bit 0 of a
// segment's flags: no table and offset; bit 1: a table, or a kind, is named; bit
// 2: the entries are expressions.
func checkElements(count uint64, c cursor) error {
	for range count {
		flags := c.u32()
		if flags&1 == 0 {
			if flags&2 != 0 {
				c.u32()
			}
			c.expression()
		}
		if flags&3 != 0 {
			c.byte()
		}
		entries := c.u32()
		if c.cut || flags > 7 || entries > uint64(len(c.b)) {
			return errCut
		}
		for range entries {
			if flags&4 != 0 {
				c.expression()
			} else {
				c.u32()
			}
		}
	}
	if c.cut {
		return errCut
	}
	return nil
}

// checkLocals counts what the functions declare: five bytes can ask for four
// billion.
func checkLocals(count uint64, c cursor) error {
	total := uint64(0)
	for range count {
		function := cursor{b: c.take(c.u32())}
		sum := uint64(0)
		for range min(function.u32(), uint64(len(function.b))) {
			sum += function.u32()
			switch function.byte() {
			case 0x7f, 0x7e, 0x7d, 0x7c, 0x7b, 0x70, 0x6f: // numbers, v128, funcref, externref
			default:
				return errors.New("the module has a local of a type that this version does not know, or is damaged")
			}
		}
		if c.cut || function.cut {
			return errCut
		}
		if total += sum; sum > maxLocals || total > maxLocalsInTotal {
			return fmt.Errorf("the module has a function of %d locals, the last of %d in all; at most %d and %d are allowed", sum, total, maxLocals, maxLocalsInTotal)
		}
	}
	return nil
}

// cursor reads a module. Past the end it gives zeros, and cut is set.
type cursor struct {
	b   []byte
	cut bool
}

func (c *cursor) byte() byte {
	if len(c.b) == 0 {
		c.cut = true
		return 0
	}
	first := c.b[0]
	c.b = c.b[1:]
	return first
}

// u32 reads an unsigned LEB128 of up to 32 bits.
func (c *cursor) u32() uint64 {
	v, n := binary.Uvarint(c.b[:min(len(c.b), 5)])
	if n <= 0 || v > 1<<32-1 {
		c.b, c.cut = nil, true
		return 0
	}
	c.b = c.b[n:]
	return v
}

func (c *cursor) take(n uint64) []byte {
	if n > uint64(len(c.b)) {
		c.b, c.cut = nil, true
		return nil
	}
	taken := c.b[:n]
	c.b = c.b[n:]
	return taken
}

// expression skips a constant expression of one operation, which is what every
// compiler writes in an element segment.
func (c *cursor) expression() {
	switch c.byte() {
	case 0x41, 0x42, 0x23, 0xd0, 0xd2: // i32.const, i64.const, global.get, ref.null, ref.func
		for c.byte()&0x80 != 0 && !c.cut {
		}
	default:
		c.cut = true
	}
	if c.byte() != 0x0b { // end
		c.cut = true
	}
}
