package accesslog

import "fmt"

// Kind says what is wrong with a part of the log.
type Kind string

// The kinds of findings.
const (
	Changed      Kind = "changed"       // the line's bytes are not those that its hash was made of
	Dropped      Kind = "dropped"       // the line isn't there, and those after it are
	Doubled      Kind = "doubled"       // the line is there already
	Swapped      Kind = "swapped"       // the line stands behind one of a higher number
	Truncated    Kind = "truncated"     // a checkpoint signs the line, and the log ends before it
	Rewritten    Kind = "rewritten"     // the chain fits, but not the checkpoint at its end: it was made anew
	Moved        Kind = "moved"         // the line is in another segment than its checkpoint says
	Unreadable   Kind = "unreadable"    // the line stood in bytes that can't be read
	Unsealed     Kind = "unsealed"      // the line is in a finished segment, and no checkpoint covers it
	NoSegment    Kind = "no segment"    // a segment's file isn't there
	BadSignature Kind = "bad signature" // a checkpoint that the key did not sign as it is
	BrokenLedger Kind = "broken ledger" // a checkpoint that doesn't follow the one before it
)

// maxFindings bounds what a report holds: a log can be wrong in every line.
const maxFindings = 1000

// heldName stands for the segment where a checkpoint was given by the verifier.
const heldName = "the held checkpoint"

// Finding is one thing that is not as it was written.
type Finding struct {
	Kind    Kind   `json:"kind"`
	Segment string `json:"segment"` // where it is, or (of Dropped, Truncated and the like) would be: its first line, for several
	First   int64  `json:"first"`   // number of the line, in checkpoints.jsonl counted from 1; 0 for a whole segment
	Last    int64  `json:"last"`    // the same, but for several in a row
	Detail  string `json:"detail"`
}

// String is a sentence for the operator.
func (f Finding) String() string {
	switch {
	case f.First == 0:
		return fmt.Sprintf("%s: %s: %s", f.Segment, f.Kind, f.Detail)
	case f.First == f.Last:
		return fmt.Sprintf("%s: line %d: %s: %s", f.Segment, f.First, f.Kind, f.Detail)
	}
	return fmt.Sprintf("%s: lines %d to %d: %s: %s", f.Segment, f.First, f.Last, f.Kind, f.Detail)
}

// find adds a finding. One that goes on where the last one of its kind ended
// becomes part of that.
func (v *verifier) find(f Finding) {
	all := v.report.Findings
	if n := len(all); n > 0 && f.First > 0 && f.Segment != ledgerName {
		if last := &all[n-1]; last.Kind == f.Kind && last.First <= f.First && f.First <= last.Last+1 {
			last.Last = max(last.Last, f.Last)
			return
		}
	}
	if len(all) == maxFindings {
		v.report.More++
		return
	}
	v.report.Findings = append(all, f)
}

func (v *verifier) note(format string, args ...any) {
	v.report.Notes = append(v.report.Notes, fmt.Sprintf(format, args...))
}
