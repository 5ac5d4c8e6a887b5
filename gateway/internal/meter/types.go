package meter

import "fmt"

// maxArity bounds a function's parameters and results, as browsers have it. A
// module can claim half a billion in six bytes.
const maxArity = 1000

// addTypes adds () → i64 and i32 → i32.
func (m *module) addTypes() error {
	count, c := m.entries(typeSection)
	all := c.b
	for range count {
		if form := c.byte(); form != 0x60 && !c.cut {
			return fmt.Errorf("the module has a type of a kind (0x%02x) that this version does not know", form)
		}
		var arity [2]uint64
		for i := range arity {
			arity[i] = c.u32()
			if arity[i] > maxArity {
				return fmt.Errorf("the module has a function type with %d values on one side; at most %d are allowed", arity[i], maxArity)
			}
			c.take(arity[i])
		}
		if c.cut {
			return errCut
		}
		m.params = append(m.params, arity[0])
	}
	if len(c.b) > 0 {
		return errCut
	}
	m.types = count
	m.set(typeSection, count+2, all, []byte{0x60, 0, 1, 0x7e}, []byte{0x60, 1, 0x7f, 1, 0x7f})
	return nil
}
