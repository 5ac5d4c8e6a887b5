package meter

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// instructionsPerUnit is how many instructions in a straight line are one unit.
const instructionsPerUnit = 8

// bytesPerUnit is how many bytes that are filled or copied, and entries of a
// table, are one unit.
const bytesPerUnit = 4

// rewriteCode makes each function count, and adds the bodies of those put in.
func (m *module) rewriteCode() error {
	count, c := m.entries(codeSection)
	if count != m.functions-uint64(len(m.imported)) {
		return errCut
	}
	all := make([]byte, 0, len(c.b)+len(c.b)/4)
	for range count {
		body := c.take(c.u32())
		if c.cut {
			return errCut
		}
		if err := m.rewrite(body); err != nil {
			return err
		}
		all = binary.AppendUvarint(all, uint64(len(m.out)))
		all = append(all, m.out...)
	}
	if len(c.b) > 0 {
		return errCut
	}
	added := sized(m.weighBody())
	for i, t := range m.imported {
		added = append(added, sized(m.importBody(uint64(i), t))...)
	}
	m.set(codeSection, count+1+uint64(len(m.imported)), all, added)
	return nil
}

func sized(body []byte) []byte {
	return append(binary.AppendUvarint(nil, uint64(len(body))), body...)
}

// region is a function or a loop, without the loops in it: what is done in a
// straight line, at most, each time that its head is passed.
type region struct {
	at           int // in out, of the number that the head takes off
	instructions int64
}

// rewrite writes one function's body to m.out.
func (m *module) rewrite(body []byte) error {
	c := &cursor{b: body}
	if err := m.boundLocals(c); err != nil {
		return err
	}
	m.out = append(m.out[:0], c.since(body)...)
	regions := []region{m.head()}
	blocks := []bool{true} // those open, the function first: which of them are regions
	for len(blocks) > 0 {
		before := c.b
		op := c.byte()
		regions[len(regions)-1].instructions++
		weighed, err := m.operands(op, c)
		switch {
		case err != nil:
			return err
		case c.cut:
			return errCut
		case weighed:
			m.out = binary.AppendUvarint(append(m.out, opCall), m.weigh())
		}
		if op == opCall || op == opRefFunc {
			function, err := m.movedOperand(c.since(before))
			if err != nil {
				return err
			}
			m.out = binary.AppendUvarint(append(m.out, op), function)
			continue
		}
		m.out = append(m.out, c.since(before)...)
		switch op {
		case opBlock, opIf:
			blocks = append(blocks, false)
		case opLoop:
			blocks, regions = append(blocks, true), append(regions, m.head())
		case opEnd:
			if last := len(blocks) - 1; blocks[last] {
				m.price(regions[len(regions)-1])
				regions = regions[:len(regions)-1]
			}
			blocks = blocks[:len(blocks)-1]
		}
	}
	if len(c.b) > 0 {
		return errCut
	}
	return nil
}

func (m *module) movedOperand(instruction []byte) (uint64, error) {
	c := cursor{b: instruction[1:]}
	return m.moved(c.u32())
}

// head writes what a region begins with: take off, and ask where nothing is left.
// The number is written when the region's end is known.
func (m *module) head() region {
	m.out = binary.AppendUvarint(append(m.out, opGlobalGet), m.counter())
	m.out = append(m.out, opI64Const)
	at := len(m.out)
	m.out = append(m.out, make([]byte, priceLen)...)
	m.out = m.takeOff(m.out)
	return region{at: at}
}

// priceLen is the length of a number with room for any price: LEB128 may be padded.
const priceLen = 5

func (m *module) price(r region) {
	n := 1 + r.instructions/instructionsPerUnit
	for i := range priceLen {
		m.out[r.at+i] = byte(n>>(7*i))&0x7f | 0x80
	}
	m.out[r.at+priceLen-1] &= 0x7f
}

// takeOff writes the rest of a head: two numbers are on the stack, what is left and
// what to take off.
func (m *module) takeOff(out []byte) []byte {
	out = append(out, opI64Sub, opGlobalSet)
	out = binary.AppendUvarint(out, m.counter())
	out = binary.AppendUvarint(append(out, opGlobalGet), m.counter())
	out = append(out, opI64Const, 0, opI64LtS, opIf, emptyBlock)
	out = m.ask(out)
	return append(out, opEnd)
}

// ask writes a call of the host, which says what is left from now on.
func (m *module) ask(out []byte) []byte {
	out = binary.AppendUvarint(append(out, opCall), m.next())
	return binary.AppendUvarint(append(out, opGlobalSet), m.counter())
}

// weighBody takes off for an operation of a length, and returns the length.
func (m *module) weighBody() []byte {
	out := binary.AppendUvarint([]byte{0, opGlobalGet}, m.counter()) // no locals
	out = append(out, opLocalGet, 0, opI64ExtendI32U, opI64Const, bytesPerUnit, opI64DivU)
	return append(m.takeOff(out), opLocalGet, 0, opEnd)
}

// importBody calls an imported function of a type, and then the host: what an
// import does is work that no counter sees.
func (m *module) importBody(function, of uint64) []byte {
	out := []byte{0} // no locals
	for i := range m.params[of] {
		out = binary.AppendUvarint(append(out, opLocalGet), i)
	}
	out = binary.AppendUvarint(append(out, opCall), function)
	return append(m.ask(out), opEnd)
}

// operands passes over what stands behind an operation, and says whether the top of
// the stack is a length that it works on. Its indices are the module's own.
func (m *module) operands(op byte, c *cursor) (weighed bool, err error) {
	switch {
	case op == opBlock || op == opLoop || op == opIf:
		return false, m.blockType(c)
	case op == opCall || op == opRefFunc || op == 0x0c || op == 0x0d || op >= 0x20 && op <= 0x22 || op == 0x25 || op == 0x26:
		c.u32() // a function; br and br_if; local.get, set and tee; table.get and set
	case op == opGlobalGet || op == opGlobalSet:
		if c.u32() >= m.globals {
			return false, errCut
		}
	case op == 0x0e: // br_table
		for range min(c.u32(), uint64(len(c.b))) + 1 {
			c.u32()
		}
	case op == 0x11: // call_indirect
		if c.u32() >= m.types {
			return false, errCut
		}
		c.u32()
	case op == 0x1c: // select with types
		c.take(c.u32())
	case op >= 0x28 && op <= 0x3e: // loads and stores: alignment and offset
		c.u32()
		c.u32()
	case op == 0x3f: // memory.size
		c.byte()
	case op == 0x40: // memory.grow: so many times only, since a memory has a limit
		c.byte()
	case op == 0x41: // i32.const
		c.skip(5)
	case op == opI64Const:
		c.skip(10)
	case op == 0x43:
		c.take(4)
	case op == 0x44:
		c.take(8)
	case op == 0xd0: // ref.null
		c.byte()
	case op == 0xfc:
		return m.longOperands(c)
	case op <= 0x01 || op == 0x05 || op == opEnd || op == 0x0f || op == 0x1a || op == 0x1b || op >= 0x45 && op <= 0xc4 || op == 0xd1:
		// unreachable, nop, else, return, drop, select, and all arithmetic: nothing
	case op == 0xfd:
		return false, errors.New("the module has vector instructions, which plugins can't use: build it without SIMD")
	default:
		return false, fmt.Errorf("the module has an instruction (0x%02x) that plugins can't use (threads, exceptions, tail calls?): build it for WebAssembly 2.0 without them", op)
	}
	return false, nil
}

// longOperands is for what follows 0xfc.
func (m *module) longOperands(c *cursor) (weighed bool, err error) {
	switch op := c.u32(); op {
	case 0, 1, 2, 3, 4, 5, 6, 7: // saturating truncations
		return false, nil
	case 8, 10, 12, 14: // memory.init and copy, table.init and copy: two indices, and a length
		c.u32()
		c.u32()
		return true, nil
	case 9, 13, 16: // data.drop, elem.drop, table.size
		c.u32()
		return false, nil
	case 11, 15, 17: // memory.fill, table.grow and fill: an index, and a length
		c.u32()
		return true, nil
	default:
		return false, fmt.Errorf("the module has an instruction (0xfc %d) that this version does not know", op)
	}
}

// blockType is empty, one type of a value, or one of the module's types.
func (m *module) blockType(c *cursor) error {
	before := c.b
	if first := c.byte(); first&0xc0 == 0x40 { // a negative number of one byte
		switch first {
		case emptyBlock, 0x7f, 0x7e, 0x7d, 0x7c, funcref, externref:
			return nil
		}
		return errors.New("the module has a block of a type that this version does not know (a vector?), or is damaged")
	}
	c.b = before
	n, shift := uint64(0), 0
	for {
		b := c.byte()
		n |= uint64(b&0x7f) << shift
		if shift += 7; b&0x80 == 0 || c.cut {
			break
		}
		if shift >= 35 {
			return errCut
		}
	}
	if c.cut || n >= m.types {
		return errCut
	}
	return nil
}

// Operations that are looked for, or written (WebAssembly Core 2.0 §5.4).
const (
	opBlock         = 0x02
	opLoop          = 0x03
	opIf            = 0x04
	opEnd           = 0x0b
	opCall          = 0x10
	opLocalGet      = 0x20
	opGlobalGet     = 0x23
	opGlobalSet     = 0x24
	opI64Const      = 0x42
	opI64LtS        = 0x53
	opI64Sub        = 0x7d
	opI64DivU       = 0x80
	opI64ExtendI32U = 0xad
	opRefFunc       = 0xd2

	emptyBlock = 0x40
)
