package needle

import "golang.org/x/sys/cpu"

//go:noescape
func skipAVX2(b *byte, blocks, width int, ends uint64, c *class) (skipped int, in uint64)

//go:noescape
func passAVX2(b *byte, blocks int, c *class) (passed int)

// skip is how many of some blocks of 64 bytes, from b[1] on, have no row of
// members (of that width, a power of two up to 32), and the members of the one
// behind them.
func (c *class) skip(b []byte, blocks, width int) (skipped int, in uint64) {
	if !cpu.X86.HasAVX2 || !cpu.X86.HasBMI2 {
		return c.skipSlow(b, blocks, width)
	}
	return skipAVX2(&b[:64*blocks+1][0], blocks, width, ends(width), c)
}

// pass is how many blocks, from b[1] on, are all members.
func (c *class) pass(b []byte, blocks int) (passed int) {
	if !cpu.X86.HasAVX2 {
		return c.passSlow(b, blocks)
	}
	return passAVX2(&b[:64*blocks+1][0], blocks, c)
}
