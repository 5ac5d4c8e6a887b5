package meter

import "encoding/binary"

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

// skip passes over a LEB128 of up to n bytes, signed or not.
func (c *cursor) skip(n int) {
	for range n {
		if c.byte()&0x80 == 0 {
			return
		}
	}
	c.cut = true
}

// since is what has been read of a body since it had the rest before it.
func (c *cursor) since(before []byte) []byte { return before[:len(before)-len(c.b)] }
