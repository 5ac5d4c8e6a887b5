package needle

import "golang.org/x/sys/cpu"

//go:noescape
func classifyAVX2(dst *masks, src *byte, blocks int, rows *[4][16]byte, high uint64)

// classify fills dst with the masks of b, which has 64 bytes for each.
func (c *classes) classify(dst []masks, b []byte) {
	if !cpu.X86.HasAVX2 || len(dst) == 0 {
		c.classifySlow(dst, b)
		return
	}
	classifyAVX2(&dst[0], &b[:64*len(dst)][0], len(dst), &c.rows, c.high)
}
