package needle

// codes say which characters may be at each place of what coded tells: for each of its
// first words a bit, in the first places those of a kind, and then any.
type codes [4][128]byte

func newCodes(rows [][16]byte) *codes {
	c := &codes{}
	for k, of := range [...][]int{
		{kindFirst, kindSecond, kindThird, kindFourth},
		{kindDigit1, kindDigit2},
		{kindZero64, kindZero64, kindZero64},
		{kindZero16, kindZero16},
		{kindSextet, kindSextet},
		{kindSextet, kindSextet, kindSextet},
		{kindSextet, kindSextet, kindSextet, kindSextet},
	} {
		for place := range c {
			for ch := range c[place] {
				if place >= len(of) || rows[of[place]][ch&15]>>(ch>>4)&1 != 0 {
					c[place][ch] |= 1 << k
				}
			}
		}
	}
	return c
}

//go:noescape
func codingVBMI(b *byte, codes *codes, block *coded)

// coding says what of 64 characters is what.
func (c *content) coding(b *[64]byte, block *coded) {
	if !wides {
		c.codingByKinds(b, block)
		return
	}
	codingVBMI(&b[0], c.codes, block)
}
