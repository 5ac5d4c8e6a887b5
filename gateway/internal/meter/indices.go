package meter

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// What is put in, by its index: behind all that the module has of that kind. Only
// the import stands before the module's own functions, which move up by one.
func (m *module) nextType() uint64  { return m.types }
func (m *module) weighType() uint64 { return m.types + 1 }
func (m *module) next() uint64      { return uint64(len(m.imported)) }
func (m *module) weigh() uint64     { return m.functions + 1 }
func (m *module) counter() uint64   { return m.globals }

// moved is where a function of the module's stands now. What it imports is reached
// by way of a function that leaves for the host behind the call.
func (m *module) moved(function uint64) (uint64, error) {
	switch {
	case function >= m.functions:
		return 0, errCut
	case function < uint64(len(m.imported)):
		return m.weigh() + 1 + function, nil
	}
	return function + 1, nil
}

// addImport adds the host's function, behind those that the module imports.
func (m *module) addImport() error {
	count, c := m.entries(importSection)
	all := c.b
	for range count {
		from := c.take(c.u32())
		c.take(c.u32())
		switch kind := c.byte(); kind {
		case 0: // a function
			m.imported = append(m.imported, c.u32())
		case 1: // a table
			c.byte()
			c.limits()
		case 2: // a memory
			c.limits()
		case 3: // a global
			c.byte()
			c.byte()
			m.globals++
		default:
			return fmt.Errorf("the module has an import of a kind (%d) that this version does not know", kind)
		}
		if c.cut {
			return errCut
		}
		if string(from) == ImportModule {
			return fmt.Errorf("the module imports from %q, which is the host's own", ImportModule)
		}
	}
	if len(c.b) > 0 {
		return errCut
	}
	entry := append(binary.AppendUvarint(nil, uint64(len(ImportModule))), ImportModule...)
	entry = append(binary.AppendUvarint(entry, uint64(len(ImportName))), ImportName...)
	entry = binary.AppendUvarint(append(entry, 0), m.nextType())
	m.set(importSection, count+1, all, entry)
	return nil
}

// limits passes over a minimum and, perhaps, a maximum.
func (c *cursor) limits() {
	flags := c.byte()
	c.u32()
	if flags&1 != 0 {
		c.u32()
	}
}

// addFunctions adds weigh, and one function for each imported one.
func (m *module) addFunctions() error {
	count, c := m.entries(functionSection)
	m.functions = uint64(len(m.imported)) + count
	added := binary.AppendUvarint(nil, m.weighType())
	for _, t := range m.imported {
		if t >= m.types {
			return errCut
		}
		added = binary.AppendUvarint(added, t)
	}
	all := c.b
	for range count {
		if c.u32() >= m.types || c.cut {
			return errCut
		}
	}
	m.set(functionSection, count+1+uint64(len(m.imported)), all, added)
	return nil
}

// addGlobal adds the counter. It is 0 at first, so that the first thing that any
// code does is to ask.
func (m *module) addGlobal() error {
	count, c := m.entries(globalSection)
	own, out := m.globals, []byte(nil)
	m.globals += count
	for i := range count {
		out = append(out, c.take(2)...) // type and mutability
		var err error
		// A global's value names only those before it.
		if out, err = m.constant(c, own+i, out); err != nil {
			return err
		}
	}
	if len(c.b) > 0 {
		return errCut
	}
	m.set(globalSection, count+1, out, []byte{0x7e, 1, 0x42, 0, 0x0b})
	return nil
}

// constant moves a constant expression, which names some of the first globals.
func (m *module) constant(c *cursor, globals uint64, out []byte) ([]byte, error) {
	for {
		before := c.b
		switch op := c.byte(); op {
		case 0x41: // i32.const
			c.skip(5)
		case 0x42: // i64.const
			c.skip(10)
		case 0x43: // f32.const
			c.take(4)
		case 0x44: // f64.const
			c.take(8)
		case 0xd0: // ref.null
			c.byte()
		case 0x23: // global.get
			if c.u32() >= globals {
				return nil, errCut
			}
		case 0xd2: // ref.func
			function, err := m.moved(c.u32())
			if err != nil {
				return nil, err
			}
			out = binary.AppendUvarint(append(out, op), function)
			continue
		case 0x0b: // end
			if c.cut {
				return nil, errCut
			}
			return append(out, op), nil
		default:
			return nil, errors.New("the module has a constant that is computed in a way that this version does not know, or is damaged")
		}
		if c.cut {
			return nil, errCut
		}
		out = append(out, c.since(before)...)
	}
}

// moveExports moves exported functions; a global is one of the module's own.
func (m *module) moveExports() error {
	count, c := m.entries(exportSection)
	if m.sections[exportSection] == nil {
		return nil
	}
	var out []byte
	for range count {
		before := c.b
		c.take(c.u32())
		kind := c.byte()
		out = append(out, c.since(before)...)
		index := c.u32()
		switch kind {
		case 0:
			var err error
			if index, err = m.moved(index); err != nil {
				return err
			}
		case 3:
			if index >= m.globals {
				return errCut
			}
		}
		out = binary.AppendUvarint(out, index)
	}
	if c.cut || len(c.b) > 0 {
		return errCut
	}
	m.set(exportSection, count, out)
	return nil
}

// moveElements moves the functions that tables hold. Bit 0 of a segment's flags: no
// table and offset; bit 1: a table, or a kind, is named; bit 2: the entries are
// expressions.
func (m *module) moveElements() (err error) {
	count, c := m.entries(elementSection)
	if m.sections[elementSection] == nil {
		return nil
	}
	var out []byte
	for range count {
		before := c.b
		flags := c.u32()
		if flags > 7 {
			return errCut
		}
		if flags&3 == 2 {
			c.u32()
		}
		out = append(out, c.since(before)...)
		if flags&1 == 0 {
			if out, err = m.constant(c, m.globals, out); err != nil {
				return err
			}
		}
		before = c.b
		if flags&3 != 0 {
			c.byte()
		}
		entries := c.u32()
		if c.cut || entries > uint64(len(c.b)) {
			return errCut
		}
		out = append(out, c.since(before)...)
		for range entries {
			if flags&4 != 0 {
				if out, err = m.constant(c, m.globals, out); err != nil {
					return err
				}
				continue
			}
			function, err := m.moved(c.u32())
			if err != nil {
				return err
			}
			out = binary.AppendUvarint(out, function)
		}
	}
	if c.cut || len(c.b) > 0 {
		return errCut
	}
	m.set(elementSection, count, out)
	return nil
}
