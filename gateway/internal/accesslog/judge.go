package accesslog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// numbered is a line as it was read.
type numbered struct {
	place   // seq 0 where the line has none that can be read
	segment int
	line    []byte
}

// gap is a run of numbers passed over.
type gap struct {
	first, last int64
	before      string // hash of the line before first, "" where it isn't known
	segment     int    // that the line after it is in
	unreadable  bool   // something there can't be read
}

// push takes the next line. Each waits for the one behind it, which tells a line
// whose number was changed from one that is out of its place.
func (v *verifier) push(segment int, line []byte) {
	v.report.Lines++
	next := &numbered{segment: segment, line: append(v.spare[:0], line...)}
	v.spare = nil
	next.place, _ = placeOf(line)
	if v.waiting != nil {
		v.judge(v.waiting, next)
		v.spare = v.waiting.line
	}
	v.waiting = next
}

// settle judges the line that waits, as the last one before something that
// can't be read or before the end.
func (v *verifier) settle() {
	if v.waiting != nil {
		v.judge(v.waiting, &numbered{})
		v.waiting = nil
	}
}

func (v *verifier) damaged(d Damage) {
	v.settle()
	v.damage = &d
	what := "can't be read, and no line is missing there unless it is named"
	if d.Torn {
		what = "are a group commit that was cut off, as a crash leaves it, or that is just being written"
	}
	v.note("%s: %d bytes from byte %d on %s", d.Segment, d.Bytes, d.Offset, what)
}

// judge says whether the line is the one that comes here.
func (v *verifier) judge(l, next *numbered) {
	switch {
	case l.seq == v.want:
		v.inPlace(l, next)
	case l.seq == 0 || v.misnumbered(l, next):
		v.changed(l, v.want, "it does not end with its number and its hash as it must")
		if next.seq != v.want { // else it was put in before the line that comes here
			l.seq = v.want
			v.accept(l)
		}
	case l.seq > v.want:
		v.gaps = append(v.gaps, gap{v.want, l.seq - 1, v.last, l.segment, v.damage != nil})
		if !json.Valid(l.line) {
			v.changed(l, l.seq, "it is not one JSON object")
		}
		v.accept(l)
	default:
		v.outOfPlace(l)
	}
	v.damage = nil
}

func (v *verifier) follows(prev string, l *numbered) bool {
	return l.seq > 0 && v.chain.after(prev, l.line) == l.hash
}

// misnumbered says whether a line of another number is the one that comes here:
// the line behind it says so, or its own hash does, which then was made with
// the right number.
func (v *verifier) misnumbered(l, next *numbered) bool {
	if next.seq == v.want+1 && v.follows(l.hash, next) {
		return true
	}
	at := bytes.LastIndex(l.line, []byte(seqPrefix)) + len(seqPrefix)
	right := fmt.Appendf(nil, "%s%d%s", l.line[:at], v.want, l.line[len(l.line)-hashMember:])
	return v.last != "" && v.chain.after(v.last, right) == l.hash
}

const brokenLink = "its hash is not that of its bytes and the line before it: it was changed, or that one together with its own hash"

// inPlace is for a line with the number that comes here.
func (v *verifier) inPlace(l, next *numbered) {
	if v.last != "" && !v.follows(v.last, l) {
		v.changed(l, l.seq, brokenLink)
		// Where the next line or a checkpoint fits the hash that this one should
		// have, it is the hash that was changed, and the chain goes on from the
		// right one.
		right := v.chain.after(v.last, l.line)
		isSigned := func(c signed) bool { return c.Hash == right }
		if v.follows(right, next) || slices.ContainsFunc(v.signed[l.seq], isSigned) {
			l.hash = right
		}
	}
	v.accept(l)
}

// accept goes on behind the line.
func (v *verifier) accept(l *numbered) {
	v.last, v.want = l.hash, l.seq+1
	v.ends[l.segment] = l.seq
	v.report.Last, v.report.Hash = l.seq, l.hash
	v.compare(l)
	if len(v.signed[l.seq]) > 0 {
		v.good = l.seq
	}
}

// compare holds the line against the checkpoints that sign up to it.
func (v *verifier) compare(l *numbered) {
	if l.hash == "" {
		return // reported as changed
	}
	for _, c := range v.signed[l.seq] {
		whose := "the checkpoint"
		if c.held {
			whose = heldName
		}
		switch {
		case c.Hash != l.hash:
			v.find(Finding{Kind: Rewritten, Segment: segmentName(l.segment), First: min(v.good+1, l.seq), Last: l.seq,
				Detail: fmt.Sprintf("%s of %s signs another hash at line %d: one of these lines was changed, dropped or put in, and the chain made anew from there",
					whose, c.Time.Format(timeFormat), l.seq)})
		case c.Segment != l.segment:
			v.find(Finding{Kind: Moved, Segment: segmentName(l.segment), First: c.First, Last: c.Last,
				Detail: fmt.Sprintf("%s of %s says that they are in %s", whose, c.Time.Format(timeFormat), segmentName(c.Segment))})
		}
	}
}

// outOfPlace is for a line whose number was passed.
func (v *verifier) outOfPlace(l *numbered) {
	i, missing := slices.BinarySearchFunc(v.gaps, l.seq, func(g gap, seq int64) int {
		switch {
		case g.last < seq:
			return -1
		case g.first > seq:
			return 1
		}
		return 0
	})
	if !missing {
		v.find(Finding{Kind: Doubled, Segment: segmentName(l.segment), First: l.seq, Last: l.seq,
			Detail: fmt.Sprintf("a line of this number stands before line %d already", v.want)})
		return
	}
	g := v.gaps[i]
	if l.seq == g.first && g.before != "" && !v.follows(g.before, l) {
		v.changed(l, l.seq, brokenLink)
	}
	v.find(Finding{Kind: Swapped, Segment: segmentName(l.segment), First: l.seq, Last: l.seq,
		Detail: fmt.Sprintf("it stands behind line %d", v.want-1)})
	v.ends[l.segment] = max(v.ends[l.segment], l.seq)
	v.compare(l)
	rest := []gap{}
	if g.first < l.seq {
		rest = append(rest, gap{g.first, l.seq - 1, g.before, g.segment, g.unreadable})
	}
	if l.seq < g.last {
		rest = append(rest, gap{l.seq + 1, g.last, l.hash, g.segment, g.unreadable})
	}
	v.gaps = slices.Replace(v.gaps, i, i+1, rest...)
}

func (v *verifier) changed(l *numbered, seq int64, detail string) {
	v.find(Finding{Kind: Changed, Segment: segmentName(l.segment), First: seq, Last: seq, Detail: detail})
}

// conclude names what did not come, and what nobody signed.
func (v *verifier) conclude(numbers []int) {
	for _, g := range v.gaps {
		f := Finding{Kind: Dropped, Segment: segmentName(g.segment), First: g.first, Last: g.last, Detail: "not there, before the line that comes next in this segment"}
		if g.unreadable {
			f.Kind, f.Detail = Unreadable, "they stood in bytes that can't be read"
		}
		v.find(f)
	}
	var newest signed
	for seq, all := range v.signed {
		if seq > newest.Last {
			newest = all[len(all)-1]
		}
	}
	if newest.Last >= v.want {
		f := Finding{Kind: Truncated, Segment: segmentName(newest.Segment), First: v.want, Last: newest.Last,
			Detail: fmt.Sprintf("not there, and the checkpoint of %s signs them: the log was cut", newest.Time.Format(timeFormat))}
		if v.damage != nil {
			f.Kind, f.Detail = Unreadable, "they stood in bytes that can't be read, or the log was cut there"
		}
		v.find(f)
	}
	v.unsealed(numbers)
}

// unsealed counts the lines after the log's own newest checkpoint. Only the
// newest segment may have some.
func (v *verifier) unsealed(numbers []int) {
	var sealed int64
	if v.report.Newest != nil {
		sealed = v.report.Newest.Last
	}
	v.report.Unsealed = max(0, v.want-1-max(sealed, v.begins))
	for _, n := range numbers[:max(0, len(numbers)-1)] {
		if last := v.ends[n]; last > sealed {
			v.find(Finding{Kind: Unsealed, Segment: segmentName(n), First: sealed + 1, Last: last,
				Detail: "a newer segment is there, which is begun only after a checkpoint up to the last line of this one"})
		}
	}
}
