package accesslog

// checkRecords checks each checkpoint's signature and that it follows the one
// before it, and begins where the newest says that the log begins.
func (v *verifier) checkRecords(records []record) {
	r := v.report
	r.Checkpoints = len(records)
	prev := ""
	for i, c := range records {
		bad := ""
		switch {
		case !c.ok:
			bad = "it is no checkpoint"
		case c.Check(v.key) != nil:
			bad = c.Check(v.key).Error()
		}
		if bad != "" {
			v.find(Finding{Kind: BadSignature, Segment: ledgerName, First: int64(i + 1), Last: int64(i + 1), Detail: bad})
		} else {
			r.Newest = &records[i].Checkpoint
			v.signed[c.Last] = append(v.signed[c.Last], signed{Checkpoint: c.Checkpoint})
			if i > 0 && c.Prev != prev {
				v.find(Finding{Kind: BrokenLedger, Segment: ledgerName, First: int64(i + 1), Last: int64(i + 1),
					Detail: "it does not follow the checkpoint before it: one was changed, dropped, doubled or swapped here"})
			}
		}
		prev = digestOf(c.line)
	}
	if r.Newest == nil {
		return
	}
	if first := records[0]; first.ok && first.Prev != genesis.hash && r.Newest.Removed == 0 {
		v.find(Finding{Kind: BrokenLedger, Segment: ledgerName, First: 1, Last: 1,
			Detail: "it is not the log's first, and no retention took those before it: they were dropped"})
	}
	if n := r.Newest; n.Removed > 0 {
		r.Removed, r.Last, r.Hash = n.Removed, n.Removed, n.RemovedHash
		v.begins, v.want, v.last, v.good = n.Removed, n.Removed+1, n.RemovedHash, n.Removed
		v.note("retention removed lines 1 to %d, in segments up to %s: the chain is verified from there on, as a checkpoint of %s signs",
			n.Removed, segmentName(n.RemovedSegment), n.Time.Format(timeFormat))
	}
}

// checkHeld takes the checkpoints that the verifier kept elsewhere.
func (v *verifier) checkHeld(held []Checkpoint) {
	for _, c := range held {
		switch err := c.Check(v.key); {
		case err != nil:
			v.find(Finding{Kind: BadSignature, Segment: heldName, First: c.Last, Last: c.Last,
				Detail: err.Error() + "; if the held copy is right, the key beside the log was exchanged"})
		case c.Last < v.begins:
			v.note("the held checkpoint at line %d is older than what retention left: it proves nothing any more", c.Last)
		case c.Last == v.begins && c.Hash != v.last:
			v.find(Finding{Kind: Rewritten, Segment: ledgerName, First: 1, Last: c.Last,
				Detail: "retention signed another hash for its last line than the held checkpoint has"})
		case c.Last > v.begins:
			v.signed[c.Last] = append(v.signed[c.Last], signed{c, true})
		}
	}
}
