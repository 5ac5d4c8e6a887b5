package needle

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// codedText is text with base64 and hex in it, whole, cut, and with bytes that are of
// neither.
func codedText(r *rand.Rand) []byte {
	var text []byte
	for size := r.IntN(900); len(text) < size; {
		clear := []byte(letters(r, r.IntN(90)))
		for range r.IntN(3) {
			if len(clear) > 0 {
				clear[r.IntN(len(clear))] = byte(r.Uint32())
			}
		}
		if r.IntN(4) == 0 { // UTF-16, and zeros in a row
			clear = bytes.ReplaceAll(bytes.Join(bytes.Split(clear, nil), []byte{0}), []byte("A"), []byte{0})
		}
		switch r.IntN(6) {
		case 0:
			text = append(text, base64.StdEncoding.EncodeToString(clear)...)
		case 1:
			text = append(text, base64.RawURLEncoding.EncodeToString(clear)...)
		case 2:
			text = append(text, hex.EncodeToString(clear)...)
		case 3:
			text = append(text, strings.ToUpper(hex.EncodeToString(clear))...)
		case 4:
			text = append(text, strings.Repeat("V", r.IntN(150))...)
		default:
			text = append(text, randomBytes(r, r.IntN(5))...)
		}
	}
	return text
}

// fits says what a group of characters decodes to, and whether all of it may be of a
// form; nothing where it is no group.
func fits(s *Set, group []byte) (clear []byte, ok bool) {
	if len(group) == 2 {
		if unhex[group[0]]|unhex[group[1]] > 15 {
			return nil, false
		}
		clear = []byte{unhex[group[0]]<<4 | unhex[group[1]]}
	} else {
		if strings.ContainsFunc(string(group), func(c rune) bool { return c > 0x7f || !isSextet(byte(c)) }) {
			return nil, false
		}
		clear, _ = base64.RawURLEncoding.DecodeString(strings.NewReplacer("+", "-", "/", "_").Replace(string(group)))
	}
	for i := range clear {
		if !s.content().classes[runClass].has(clear, i) {
			return clear, false
		}
	}
	return clear, true
}

// What is long enough to be of a form is decoded, as a loop over the groups decodes it,
// with what stands in front and behind; and each byte has the way back.
func TestCodingsAreThoseOfALoop(t *testing.T) { eachProcessor(t, codingsAreThoseOfALoop) }

func codingsAreThoseOfALoop(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 7))
	sets := []*Set{set("sk-" + letters(r, 48)), set(letters(r, 16)), set("\xc3\xa4\xff-" + letters(r, 20)), set(letters(r, 4)), set(letters(r, 90))}
	for n := range 4000 {
		one := sets[n%len(sets)]
		c := one.content()
		text := codedText(r)
		lo := r.IntN(1 + len(text)/4)
		hi := len(text) - r.IntN(1+len(text)/4)
		if lo > hi {
			continue
		}
		var found [5]view
		s := &search{set: c}
		found[base64View].reset(nil, base64View, c.border)
		found[hexView].reset(nil, hexView, c.border)
		s.codings(text, lo, hi, everything, &found)
		for kind, row := range map[int]row{base64View: c.row64, hexView: c.row16} {
			v := &found[kind]
			for cut := range row.stride {
				for i := lo + cut; i+row.stride <= hi; {
					start, part := i, []byte(nil)
					for i+row.stride <= hi {
						clear, ok := fits(one, text[i:i+row.stride])
						if row.stride == 2 && i-2 >= lo && string(text[i-2:i+2]) == "0000" { // the second of two zeros
							ok = false
						}
						if !ok {
							break
						}
						part, i = append(part, clear...), i+row.stride
					}
					count := (i - start) / row.stride
					if row.stride == 4 && count > 0 {
						if start-4 >= lo {
							clear, _ := fits(one, text[start-4:start])
							part = append(slices.Clone(clear), part...)
						}
						for n := 4; n > 1; n-- {
							if i+n <= hi && !strings.ContainsFunc(string(text[i:i+n]), func(c rune) bool { return c > 0x7f || !isSextet(byte(c)) }) {
								clear, _ := base64.RawURLEncoding.DecodeString(strings.NewReplacer("+", "-", "/", "_").Replace(string(text[i : i+n])))
								part = append(part, clear...)
								break
							}
						}
					}
					if count >= row.full {
						at := bytes.Index(v.buf, part)
						if at < 0 {
							t.Fatalf("%q[%d:%d]: %q is not in %q", text, lo, hi, part, v.buf)
						}
						if from, to, _ := v.source(at, at+len(part)); bytes.Count(v.buf, part) == 1 && (from > start || to < i) {
							t.Fatalf("%q[%d:%d]: %q is from %d to %d, want it from %d to %d", text, lo, hi, part, from, to, start, i)
						}
					}
					i = max(i, start+row.stride)
				}
			}
		}
	}
}

// What is decoded of blocks at once is what a loop decodes, wherever it is kept.
func TestLanesOfCodingsAreThoseOfALoop(t *testing.T) { eachProcessor(t, lanesOfCodingsAreThoseOfALoop) }

func lanesOfCodingsAreThoseOfALoop(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 5))
	for range 3000 {
		text := append(codedText(r), randomBytes(r, 70)...)
		var list []int32
		for k := int32(r.IntN(2)); step*int(k)+64 <= len(text); k += int32(1 + r.IntN(3)) {
			list = append(list, k)
		}
		for _, base64 := range []bool{true, false} {
			keeps := make([]uint64, len(list))
			for n, k := range list {
				b := text[step*int(k):]
				for i := range 64 {
					four, two := b[i&^3:], b[i&^1:] // which are kept as far as they are of the alphabet
					ok := i&1 == 1 || unhex[two[0]]|unhex[two[1]] < 16
					if base64 {
						ok = i&3 == 3 || isSextet(four[0]) && isSextet(four[1]) && (i&3 == 0 || isSextet(four[2]) && (i&3 == 1 || isSextet(four[3])))
					}
					if ok && r.IntN(4) > 0 {
						keeps[n] |= 1 << i
					}
				}
			}
			one, loop := digits, digitsSlow
			if base64 {
				one, loop = sextets, sextetsSlow
			}
			got, want := make([]byte, 64*len(list)+64), make([]byte, 64*len(list)+64)
			n, m := one(got, text, list, keeps, 7), loop(want, text, list, keeps, 7)
			if n != m || !bytes.Equal(got[:n], want[:m]) {
				t.Fatalf("%q, base64: %v, with %x kept of %v: %x, want %x", text, base64, keeps, list, got[:n], want[:m])
			}
		}
	}
}

// A row of groups is a form's where it is long enough, over the ends of blocks too.
func TestRowsAreThoseOfALoop(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 4))
	for range 20_000 {
		of := rowOf(2<<r.IntN(2), 1+r.IntN(60))
		blocks := make([]uint64, 1+r.IntN(5))
		var all []bool
		for k := range blocks {
			for i := range step {
				in := r.IntN(40) > 0
				if all = append(all, in); in {
					blocks[k] |= 1 << i
				}
			}
		}
		var h hot
		h.reset(len(blocks))
		for k, in := range blocks {
			var front uint64
			if k+1 < len(blocks) {
				front = of.cuts(blocks[k+1]) & blocks[k+1]
			}
			ways, _ := h.ways(in|r.Uint64()<<step, of.cuts(in|r.Uint64()<<step), front, of.stride)
			for cut := range of.stride {
				h.add(k, cut, ways, 0)
			}
		}
		// A row has an end, or what is decoded next would go on with it, which an escape at
		// the end could hide.
		for cut := range of.stride {
			list := h.lists[cut].blocks[:h.lists[cut].n]
			for _, k := range list {
				if int(k)+1 < len(blocks) && blocks[k]>>(step-of.stride+cut)&1 != 0 && !slices.Contains(list, k+1) {
					t.Fatalf("%+v of %x: a row goes on behind block %d, and the blocks are %v", of, blocks, k, list)
				}
			}
		}
		for i := range all {
			hot := h.lists[i%of.stride]
			list := hot.blocks[:hot.n]
			if !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != len(list) {
				t.Fatalf("%+v of %x: the blocks are %v", of, blocks, list)
			}
			n := 0
			for at := i; at < len(all) && all[at]; at += of.stride {
				n++
			}
			if n < of.full {
				continue
			}
			last := i + of.stride*(n-1)
			for k := max(0, i-of.stride) / step; k <= min(last+of.stride, len(all)-1)/step; k++ {
				if !slices.Contains(list, int32(k)) {
					t.Fatalf("%+v: a row of %d from %d on, and block %d is not in %v", of, n, i, k, list)
				}
			}
		}
	}
	if bits.OnesCount64(follow(^uint64(0), 3)) != 64-2 {
		t.Error("of 64 bits, 62 have two behind them")
	}
}

// The hex of a writing of a secret ends at the end of a block, and what is decoded behind
// it is no part of it.
func TestARowThatEndsABlockIsFound(t *testing.T) { eachProcessor(t, aRowThatEndsABlockIsFound) }

func aRowThatEndsABlockIsFound(t *testing.T) {
	const value = "fq8EmtEW"
	text := "\\x41%31N7zYXLXIi6AEcv1DU8u\n\x00rfZD736QBHPbjvc2f5X2MhhxSpv7OqA4G08w-9%5cv&#x26;\x00\x00\\\\\\1b32665c5c753030373138456d5c755c5c753030333030325c5c7530303335375c5c75303033345c75305c5c75303033305c5c7530303332355c5c75303033345c5c75303033355c5c753030353756644a 25hFpV45vok1d2gPbetp&#xabcdefghijklmnopqrst%26\u20ac"
	if hits := set(value).Find([]byte(text), 0, Whole, nil); len(hits) == 0 {
		t.Error("it was not")
	}
}
