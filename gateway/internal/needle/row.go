package needle

import "math/bits"

// step is how many of 64 characters are decided about: what the next group is can be
// told of each.
const step = 56

// row says what a row of groups must be to be a form's.
type row struct {
	stride int    // characters of a group
	full   int    // groups that a form has, where it touches no other,
	least  int    // and where it is in two blocks
	whole  shifts // where as many follow one another in a block,
	half   shifts // or as many as a form has in one block or the next,
	ends   uint64 // at the block's ends
}

// shifts leave of some bits those that a number of others follow, each behind the other:
// by each in turn, x &= x>>shift.
type shifts [5]uint8

// none are so many that no bit is left.
var none = shifts{64 - 1, 1}

func rowOf(stride, least int) row {
	most := step / stride // that begin in a block
	half := min((least+1)/2, most)
	r := row{stride, least, half, none, shiftsOf(stride, half), below(stride) | below(stride)<<(step-stride*half)}
	if least <= most {
		r.whole = shiftsOf(stride, least)
	}
	return r
}

func shiftsOf(stride, n int) (s shifts) {
	for have, i := 1, 0; have < n; i++ {
		more := min(have, n-have)
		s[i] = uint8(stride * more)
		have += more
	}
	return s
}

// cuts has a bit for each way to cut a text into groups, in which a form may be at one of
// the groups of a block that begin at the bits of in, or a part of it that is long enough.
func (r *row) cuts(in uint64) uint64 {
	if bits.OnesCount64(in) < r.least {
		return 0
	}
	whole, half := in&below(step), in&below(step)
	for i := range r.half {
		whole &= whole >> (r.whole[i] & 63)
		half &= half >> (r.half[i] & 63)
	}
	may := whole | half&r.ends
	may |= may >> 32
	may |= may >> 16
	may |= may >> 8
	may |= may >> 4
	if r.stride == 2 {
		may |= may >> 2
	}
	return may & below(r.stride)
}

// follow are those bits that n stand in a row from, each behind the other.
func follow(in uint64, n int) uint64 {
	for have := 1; have < n && in != 0; {
		more := min(have, n-have)
		in &= in >> more
		have += more
	}
	return in
}

// hot are the blocks that have something to decode, and what is kept of each, in order,
// for each way to cut the text into groups.
type hot struct {
	lists [4]struct {
		n      int
		blocks []int32
		keeps  []uint64
	}
	tails uint64 // a bit for each way where the last block has a row that goes on behind it
	over  uint64 // and where that is to be decoded
}

// reset empties the lists, with room for n blocks.
func (h *hot) reset(n int) {
	for cut := range h.lists {
		list := &h.lists[cut]
		if list.n = 0; len(list.blocks) < n {
			list.blocks, list.keeps = make([]int32, n), make([]uint64, n)
		}
	}
	h.tails, h.over = 0, 0
}

// ways are those in which the next block is hot: a row in it may be of a form, or goes on
// in it, or begins with the first group of the block behind, so that what is in front may
// be part of it. over is what the row before it goes on with.
func (h *hot) ways(in, cuts, front uint64, stride int) (ways, over uint64) {
	ways, over = cuts|h.tails, h.over
	behind := in >> (step - stride)
	h.tails = behind & ways
	ways |= front
	h.over = behind & ways
	return ways, over
}

// add adds block k to the list of that cut, where it is one of the ways.
func (h *hot) add(k, cut int, ways, keep uint64) {
	list := &h.lists[cut]
	list.blocks[list.n], list.keeps[list.n] = int32(k), keep
	list.n += int(ways >> cut & 1)
}
