//go:build !amd64

package needle

func (c *class) skip(b []byte, blocks, width int) (int, uint64) {
	return c.skipSlow(b, blocks, width)
}

func (c *class) pass(b []byte, blocks int) int { return c.passSlow(b, blocks) }

func (e *engine) probe(b []byte, p, last int) int { return e.probeSlow(b, p, last) }
