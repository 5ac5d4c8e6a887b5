package meter

import (
	"cmp"
	"encoding/binary"
	"slices"
)

// nearby is how many zeros are written out rather than begun anew behind: a runtime
// keeps more than that for each segment.
const nearby = 64

// segment is an active one of memory 0, at a constant address.
type segment struct {
	at      uint64
	content []byte
}

func (s *segment) end() uint64 { return s.at + uint64(len(s.content)) }

// joinData looks at where data segments go, not to where the counter says, and
// joins those that lie one behind the other. Go's linker makes thousands of them,
// which are most of what a runtime keeps of a module.
func (m *module) joinData() error {
	count, c := m.entries(dataSection)
	var list []segment
	plain := m.sections[dataCountSection] == nil // else code may name a segment by its index
	for range count {
		flags := c.u32()
		if flags == 2 {
			c.u32()
		}
		var at []byte
		if flags != 1 {
			var err error
			if at, err = m.constant(c, m.globals, nil); err != nil {
				return err
			}
		}
		content := c.take(c.u32())
		if c.cut || flags > 2 {
			return errCut
		}
		address, ok := address(at)
		if plain = plain && flags == 0 && ok; plain {
			list = append(list, segment{address, content})
		}
	}
	if len(c.b) > 0 {
		return errCut
	}
	if list = joined(list); plain && list != nil && len(list) < int(count) {
		m.setData(list)
	}
	return nil
}

// address is the value of the expression i32.const n, for n below 2³¹.
func address(expression []byte) (n uint64, ok bool) {
	if len(expression) < 3 || expression[0] != 0x41 {
		return 0, false
	}
	for i, b := range expression[1 : len(expression)-1] {
		n |= uint64(b&0x7f) << (7 * i)
		if b&0x80 == 0 {
			return n, i == len(expression)-3 && b&0x40 == 0 && n < 1<<31
		}
	}
	return 0, false
}

// joined sorts segments, and makes one of those that lie one shortly behind the
// other: what is between them is zero then. Where two lie over one another their
// order counts, and nothing is joined.
func joined(list []segment) []segment {
	slices.SortStableFunc(list, func(a, b segment) int { return cmp.Compare(a.at, b.at) })
	var out []segment
	end := uint64(0)
	for _, s := range list {
		switch last := len(out) - 1; {
		case last >= 0 && s.at < end:
			return nil
		case last >= 0 && s.at <= end+nearby:
			gap := make([]byte, s.at-end)
			out[last].content = append(append(out[last].content, gap...), s.content...)
		default: // with bytes of its own: those of the module stay as they are
			out = append(out, segment{s.at, slices.Clone(s.content)})
		}
		end = s.end()
	}
	return out
}

func (m *module) setData(list []segment) {
	var body []byte
	for _, s := range list {
		body = appendSigned(append(body, 0, 0x41), s.at)
		body = binary.AppendUvarint(append(body, 0x0b), uint64(len(s.content)))
		body = append(body, s.content...)
	}
	m.set(dataSection, uint64(len(list)), body)
}

// appendSigned is signed LEB128.
func appendSigned(out []byte, n uint64) []byte {
	for ; n >= 0x40; n >>= 7 {
		out = append(out, byte(n)|0x80)
	}
	return append(out, byte(n))
}
