package needle

import (
	"encoding/binary"
	"math/bits"
	"slices"
)

// reference decodes a character reference of HTML, and what its "&" begins in turn. (One
// look says whether there is more: most of what decodes to "&" is followed by none.)
func (u *unescaper) reference(i int) (rune, int) {
	c, j, limit := rune('&'), i+1, i+maxToken
	for {
		if j < len(u.b) && c^'&'|nameless[u.b[j]] != 0 || c != '&' {
			return c, j
		}
		v, next := rune(unknown), 0
		if j+maxName < limit && limit <= len(u.b) {
			v, next = referenceIn(u.b[j:])
			next += j
		}
		if v == unknown {
			v, next = u.referenceBody(j, limit)
		}
		if v < 0 {
			return c, j
		}
		c, j, u.kind = v, next, HTML
	}
}

// nameless is not zero for what no name or number of a reference begins with.
var nameless = func() (t [256]rune) {
	for c := range t {
		if c != '#' && (c|0x20 < 'a' || c|0x20 > 'z') {
			t[c] = 1
		}
	}
	return t
}()

// referenceBody decodes what follows an "&", which ends before limit: -1 where it
// is no reference.
func (u *unescaper) referenceBody(j, limit int) (v rune, next int) {
	end := j
	for ; end < limit; end++ {
		if end == len(u.b) {
			u.cut = !u.whole
			break
		}
		c := u.b[end]
		if c == '#' && end == j {
			return u.number(end+1, limit)
		}
		if c|0x20 < 'a' || c|0x20 > 'z' || end-j == maxName {
			break
		}
	}
	if end == limit || end == len(u.b) || u.b[end] != ';' {
		return -1, j
	}
	if v, ok := entities[string(u.b[j:end])]; ok {
		return v, end + 1
	}
	return -1, j
}

// number decodes what follows an "&#". Browsers do so without a ";", too.
func (u *unescaper) number(i, limit int) (rune, int) {
	base := byte(10)
	if i < min(limit, len(u.b)) && u.b[i]|0x20 == 'x' {
		base = 16
		i++
	}
	v, j := rune(0), i
	for ; j < limit && j < len(u.b) && unhex[u.b[j]] < base; j++ {
		if v = min(v*rune(base)+rune(unhex[u.b[j]]), 0x110000); v == 0x110000 && limit <= len(u.b) {
			return -1, i // wherever its digits end
		}
	}
	switch {
	case j == limit:
		return -1, i
	case j == len(u.b):
		u.cut = !u.whole
	case u.b[j] == ';' && j > i && v < 0x110000:
		return v, j + 1
	}
	if j == i || v == 0x110000 {
		return -1, i
	}
	return v, j
}

// entities are the names that HTML has for ASCII.
var entities = map[string]rune{
	"Tab": '\t', "NewLine": '\n', "excl": '!', "quot": '"', "QUOT": '"', "num": '#', "dollar": '$', "percnt": '%', "amp": '&',
	"AMP": '&', "apos": '\'', "lpar": '(', "rpar": ')', "ast": '*', "midast": '*', "plus": '+', "comma": ',', "period": '.',
	"sol": '/', "colon": ':', "semi": ';', "lt": '<', "LT": '<', "equals": '=', "gt": '>', "GT": '>', "quest": '?',
	"commat": '@', "lsqb": '[', "lbrack": '[', "bsol": '\\', "rsqb": ']', "rbrack": ']', "Hat": '^', "lowbar": '_',
	"UnderBar": '_', "grave": '`', "lcub": '{', "lbrace": '{', "verbar": '|', "vert": '|', "VerticalLine": '|', "rcub": '}',
	"rbrace": '}', "dash": '-', "hyphen": '-',
}

// A character reference that is told by a few bytes, as nearly all are, is taken apart
// with no loop over them. unknown is the value of what they do not tell.
const unknown = -2

// referenceIn is what b, of maxName bytes or more, begins with behind an "&", and how many
// bytes that has.
func referenceIn(b []byte) (v rune, n int) {
	word, at := binary.LittleEndian.Uint64(b), 0
	if byte(word) == '#' {
		hex := 0
		if byte(word>>8)|0x20 == 'x' {
			hex = 1
		}
		at = len("#") + hex
		v, n = numberIn(binary.LittleEndian.Uint64(b[at:]), hex)
	} else {
		v, n = nameIn(word)
	}
	if n += at; b[n] == ';' {
		n++
	}
	return v, n
}

// numberIn is the number that a word begins with, in hex or not, and how many digits it
// has: -1 where it is none, or no character. (The sum of the digits is Lemire's, "Quickly
// parsing eight digits", 2018.)
func numberIn(word uint64, hex int) (v rune, n int) {
	const low, top = 0x0101010101010101, 0x8080808080808080
	digit, letter := word^'0'*low, (word|0x20*low)^0x60*low // 0 to 9, 1 to 6; what is none may carry into what is behind it
	digits := ^(digit + 0x76*low) &^ digit
	letters := (letter + 0x7f*low) &^ (letter + 0x79*low) &^ letter & -uint64(hex)
	if n = bits.TrailingZeros64(top&^(digits|letters)) / 8; n == 0 {
		return -1, 0
	}
	const mask = 0x000000ff000000ff
	base := &bases[hex&1]
	x := (word&(0x0f*low) + 9*(word>>6&low)) << (64 - 8*n) // zeros in front
	x = x*base.pair + x>>8
	v = character((x&mask*base.even + x>>16&mask*base.odd) >> 32)
	if n == 8 && v >= 0 { // there may be more
		return unknown, 0
	}
	return v, n
}

// bases are 10 and 16: powers of them, in both halves of a word.
var bases = [2]struct{ pair, even, odd uint64 }{
	{10, 100 + 1000000<<32, 1 + 10000<<32},
	{16, 1<<8 + 1<<24<<32, 1 + 1<<16<<32},
}

// character is a number as a character, -1 where there is no such one.
func character(x uint64) rune {
	if x >= 0x110000 {
		return -1
	}
	return rune(x)
}

// maxName is how many letters a name has at most: VerticalLine.
const maxName = 12

// nameIn is what the name stands for that a word begins with, up to a semicolon.
func nameIn(word uint64) (v rune, n int) {
	const low, top = 0x0101010101010101, 0x8080808080808080
	others := word ^ ';'*low
	if n = bits.TrailingZeros64((others-low)&^others&top) / 8; n == 8 {
		if slices.Contains(longNames, word) {
			return unknown, 0
		}
		return -1, 0
	}
	word &= ^uint64(0) >> (56 - 8*n) // with the semicolon, which ends it
	for at := nameHash(word); ; at++ {
		if name := &names[at]; name.word == word || name.word == 0 {
			return name.value, n
		}
	}
}

func nameHash(word uint64) uint8 { return uint8(word * 0x9e3779b97f4a7c15 >> 56) }

// longNames are what names begin with that do not end in a word.
var longNames = func() (words []uint64) {
	for name := range entities {
		if len(name) >= 8 {
			words = append(words, wordAt([]byte(name), 0))
		}
	}
	return words
}()

// names are those of entities that are shorter than a word, by their hash.
var names = func() (table [256]struct {
	word  uint64
	value rune
}) {
	for at := range table {
		table[at].value = -1
	}
	for name, value := range entities {
		if len(name) >= 8 {
			continue
		}
		word := wordAt([]byte(name+";"), 0)
		at := nameHash(word)
		for table[at].word != 0 {
			at++
		}
		table[at].word, table[at].value = word, value
	}
	return table
}()
