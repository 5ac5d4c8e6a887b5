//go:build !amd64

package needle

// classify fills dst with the masks of b, which has 64 bytes for each.
func (c *classes) classify(dst []masks, b []byte) { c.classifySlow(dst, b) }
