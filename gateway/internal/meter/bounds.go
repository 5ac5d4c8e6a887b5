package meter

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// What a module can claim in a few bytes, and a runtime would set aside for it. A
// limit of the memory holds for none of these.
const (
	maxTables        = 16
	maxTableEntries  = 1 << 18 // of one table; a Go guest has some 5,000
	maxLocals        = 50_000  // of one function, as browsers have it
	maxLocalsInTotal = 1 << 22
)

// boundTables gives each table a maximum: its own, if that is within bounds. It
// could else grow to 32 GiB.
func boundTables(body []byte) ([]byte, error) {
	c := cursor{b: body}
	count := c.u32()
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

// boundLocals passes over what a function declares, and adds it to those of all: five
// bytes can ask for four billion.
func (m *module) boundLocals(c *cursor) error {
	sum := uint64(0)
	for range min(c.u32(), uint64(len(c.b))) {
		sum += c.u32()
		switch c.byte() {
		case 0x7f, 0x7e, 0x7d, 0x7c, funcref, externref: // i32, i64, f32, f64
		default:
			return errors.New("the module has a local of a type that this version does not know (a vector?), or is damaged")
		}
	}
	if c.cut {
		return errCut
	}
	if m.locals += sum; sum > maxLocals || m.locals > maxLocalsInTotal {
		return fmt.Errorf("the module has a function of %d locals, the last of %d in all; at most %d and %d are allowed", sum, m.locals, maxLocals, maxLocalsInTotal)
	}
	return nil
}
