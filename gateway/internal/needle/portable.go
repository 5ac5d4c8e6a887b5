//go:build !amd64

package needle

func (c *class) skip(b []byte, blocks, half int) (int, uint64) {
	return c.skipSlow(b, blocks, half)
}

func (c *class) pass(b []byte, blocks int) int { return c.passSlow(b, blocks) }

func (e *engine) probe(b []byte, p, last int, list *[seen]int32) (n, next int) {
	return e.probeSlow(b, p, last, list)
}

// folds: without instructions for many bytes at once, unescape's loop is the faster.
const folds, wides = false, false

// see looks for n kinds of tokens, from first on: all of them.
func (f *folder) see(first, n int) { kindsSlow(f.raw, f.kinds, f.in[:]) }

func (c *content) coding(b *[64]byte, block *coded) { c.codingByKinds(b, block) }

func newCodes([][16]byte) *codes { return nil }

// lookups, codes and few are for processors that look up 64 bytes at once.
type (
	lookups struct{}
	codes   struct{}
	few     struct{}
)

func newLookups(string, *class) *lookups { return nil }

func newFew([]spelling, *engine) *few { return nil }

// ahead does what next does.
func (f *folder) ahead(i, end int) int { return f.next(i, end) }

func kinds(b *[64]byte, set *kindSet, in []uint64) { kindsSlow(b, set, in) }

func leads(b *[64]byte) uint64 { return leadsSlow(b) }

func pack(out []byte, b *[64]byte, keep uint64) { packSlow(out, b, keep) }

func sextets(out, b []byte, list []int32, keeps []uint64, border byte) int {
	return sextetsSlow(out, b, list, keeps, border)
}

func digits(out, b []byte, list []int32, keeps []uint64, border byte) int {
	return digitsSlow(out, b, list, keeps, border)
}
