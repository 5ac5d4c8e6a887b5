package needle

import "math/bits"

// step is how many of 64 characters are decided about: what the next group is can be
// told of each.
const step = 56

// row says what a row of groups must be to be a form's.
type row struct {
	stride int // characters of a group
	most   int // groups that follow one another, of those that begin in a block
	half   int // groups that a form has in one block or the next
	full   int // groups that it has in one, where it touches no other
}

func rowOf(stride, least int) row {
	most := step / stride
	return row{stride, most, min((least+1)/2, most), least}
}

// may are the places in a block that a form may be at, or a part of it that is long
// enough.
func (r row) may(in uint64) uint64 {
	in &= below(step)
	ends := below(r.stride) | below(r.stride)<<(step-r.stride*r.half)
	may := follow(in, r.stride, r.half) & ends
	if r.full <= r.most {
		may |= follow(in, r.stride, r.full)
	}
	return may
}

// follow are those bits that n stand in a row from, each stride behind the other.
func follow(in uint64, stride, n int) uint64 {
	for have := 1; have < n && in != 0; {
		more := min(have, n-have)
		in &= in >> (stride * more)
		have += more
	}
	return in
}

// hot are the blocks that have something to decode, in order, for each way to cut the
// text into groups.
type hot struct {
	lists [4][]int32
	tails uint64 // a bit for each way where the last block is in a list, and a row goes on behind it
}

func (h *hot) reset() {
	for cut, list := range h.lists {
		h.lists[cut] = list[:0]
	}
	h.tails = 0
}

// add takes the next block, k, whose groups begin at the bits of in.
func (h *hot) add(k int, in uint64, r row) {
	var may uint64
	if bits.OnesCount64(in) >= r.half {
		may = r.may(in)
	}
	if may == 0 && h.tails == 0 {
		return
	}
	cuts := r.cuts(may)
	ways := cuts | h.tails
	h.tails = in >> (step - r.stride) & ways
	for ; ways != 0; ways &= ways - 1 {
		cut := bits.TrailingZeros64(ways) & 3
		list := h.lists[cut]
		if n := len(list); cuts&in>>cut&1 != 0 && k > 0 && (n == 0 || list[n-1] != int32(k-1)) {
			list = append(list, int32(k-1)) // what is in front of the row may begin there
		}
		h.lists[cut] = append(list, int32(k))
	}
}

// cuts has a bit for each way to cut the text in which one of those groups begins.
func (r row) cuts(in uint64) uint64 {
	for n := 32; n >= r.stride; n /= 2 {
		in |= in >> n
	}
	return in & below(r.stride)
}

// begins are the places where groups begin that are cut in that way.
func (r row) begins(cut int) uint64 {
	if r.stride == 2 {
		return 0x5555555555555555 << cut
	}
	return 0x1111111111111111 << cut
}
