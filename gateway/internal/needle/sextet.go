package needle

// The kinds of characters that codings are told by.
const (
	kindSextet = iota // of base64: any, and where it may be of a form
	kindFirst         // in the first place of four,
	kindSecond
	kindThird
	kindFourth
	kindDigit1 // a hex digit in the first place of two,
	kindDigit2
	kindZero64 // what zeros are written with
	kindZero16
	codedKinds

	codedWords = (codedKinds/8 + 1) * 8
)

// sextet is the value of a character of base64, in either alphabet, 255 where a byte is
// none.
var sextet = func() (t [256]byte) {
	for c := range t {
		t[c] = 255
	}
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		t[c] = byte(i)
	}
	t['-'], t['_'] = t['+'], t['/']
	return t
}()

func isSextet(c byte) bool { return sextet[c] < 64 }

// codedRows are the rows of the kinds, for forms that are made of the bytes of in.
func codedRows(in *[256]bool) [][16]byte {
	rows := make([][16]byte, codedKinds)
	var may [codedKinds][64]bool          // by the value of a character
	var low2, high4, low4, high2 [16]bool // parts of bytes
	for b, ok := range in {
		if !ok {
			continue
		}
		may[kindFirst][b>>2], may[kindFourth][b&63] = true, true
		may[kindDigit1][b>>4], may[kindDigit2][b&15] = true, true
		low2[b&3], high4[b>>4], low4[b&15], high2[b>>6] = true, true, true, true
	}
	for v := range 64 {
		may[kindSecond][v] = low2[v>>4] && high4[v&15]
		may[kindThird][v] = low4[v>>2] && high2[v&3]
	}
	rows[kindZero64]['A'&15], rows[kindZero16]['0'&15] = 1<<('A'>>4), 1<<('0'>>4)
	for c := range 0x80 {
		bit := byte(1) << (c >> 4)
		if v := sextet[c]; v < 64 {
			rows[kindSextet][c&15] |= bit
			for k := kindFirst; k <= kindFourth; k++ {
				if may[k][v] {
					rows[k][c&15] |= bit
				}
			}
		}
		if v := unhex[c]; v < 16 {
			for k := kindDigit1; k <= kindDigit2; k++ {
				if may[k][v] {
					rows[k][c&15] |= bit
				}
			}
		}
	}
	return rows
}
