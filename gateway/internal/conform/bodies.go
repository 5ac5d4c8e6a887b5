package conform

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/seksbot/seks-broker/gateway/internal/expr"
	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/gateway/internal/plugin"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// transformer is one of the two ways of a body, and what tries it.
type transformer struct {
	what, export string
	vetted       expr.Vetted // whose digests, registers and fields it has
	out          func(*expr.Session, *plan.Body, []byte, []byte) ([]byte, error)
}

// bodies: what comes out for a body is legal and the same whatever came before,
// however it is cut into pieces; and the memory stays as it is over a long one.
func (t *tester) bodies(r *Result) (string, error) {
	tried, passed := 0, 0
	for _, way := range t.transformers() {
		for _, body := range t.samples.bodies() {
			for _, cut := range cuts(len(body)) {
				ok, err := t.twice(way, body, cut)
				if err != nil {
					return "", fmt.Errorf("%s body of %d bytes in pieces of %d: %w", way.what, len(body), cut.size, err)
				}
				if tried++; ok {
					passed++
				}
			}
		}
		if err := t.longBody(way); err != nil {
			return "", fmt.Errorf("a long %s body: %w", way.what, err)
		}
	}
	r.Advice = append(r.Advice, t.unused()...)
	if tried == 0 {
		return "none is transformed", nil
	}
	if passed == 0 {
		r.Advice = append(r.Advice, "every body that was tried is cut by a check")
	}
	return fmt.Sprintf("%d went through, %d were cut by a check", passed, tried-passed), nil
}

// transformers are the body calls that this module has, as far as some request asks
// for them.
func (t *tester) transformers() (ways []transformer) {
	asked := map[string]expr.Vetted{}
	for _, v := range t.samples.views(max(sampled, len(t.m.Operations))) {
		out, err := t.call(v.Marshal())
		if err != nil {
			continue // told by the check of plans
		}
		pl, err := plan.Parse(out, t.m)
		if err != nil {
			continue
		}
		vetted, err := expr.Vet(pl)
		if err != nil || pl.Refusal != nil {
			continue
		}
		if pl.BodyMode == abi.BodyTransform {
			asked[abi.ExportRequestBody] = vetted
		}
		if pl.InspectAnswer {
			asked[abi.ExportResponseBody] = vetted
		}
	}
	for _, way := range []transformer{
		{what: "a request's", export: abi.ExportRequestBody, out: (*expr.Session).RequestBody},
		{what: "an answer's", export: abi.ExportResponseBody, out: (*expr.Session).ResponseBody},
	} {
		vetted, ok := asked[way.export]
		if !ok || way.export == abi.ExportResponseBody && !t.transformsAnswers() {
			continue // and that the export is there says nothing: an SDK may bring it
		}
		way.vetted = vetted
		ways = append(ways, way)
	}
	return ways
}

// transformsAnswers says whether some answer's body is to be transformed.
func (t *tester) transformsAnswers() bool {
	for _, h := range t.samples.heads() {
		out, _, err := t.trial.Call(abi.ExportScrub, h.head.Marshal())
		if err != nil {
			continue
		}
		if s, err := plan.ParseScrub(out); err == nil && s.TransformBody {
			return true
		}
	}
	return false
}

// cut is how a body comes: in pieces of a size, the last one empty or not.
type cut struct {
	size  int
	empty bool
}

func cuts(size int) []cut {
	list := []cut{{abi.MaxBodyInView, false}, {abi.MaxBodyInView, true}, {1000, false}}
	if size <= 1000 {
		list = append(list, cut{1, true}, cut{7, false})
	}
	return list
}

// twice takes a body through a fresh instance and then through the same one again.
// It is false where a check cuts the body.
func (t *tester) twice(way transformer, body []byte, c cut) (ok bool, err error) {
	if _, err := t.trial.Fresh(); err != nil {
		return false, err
	}
	first, ok, err := t.through(way, body, c)
	if err != nil || !ok {
		return false, err
	}
	again, _, err := t.through(way, body, c)
	if err == nil && !bytes.Equal(first, again) {
		err = errors.New("what came out was another the second time: begin anew at a body's first piece, and keep nothing from the one before")
	}
	return true, err
}

// through gives all that the guest returned for a body.
func (t *tester) through(way transformer, body []byte, c cut) (returned []byte, ok bool, err error) {
	session := way.vetted.Session()
	if _, err := session.Rehearse(secret.Bytes{}); err != nil {
		return nil, false, cause(err)
	}
	session.Open(t.fields.values)
	flags, err := t.begin(way)
	if err != nil {
		return nil, false, err
	}
	for last := false; !last; flags = 0 {
		piece := body[:min(len(body), c.size)]
		body = body[len(piece):]
		if last = len(body) == 0 && (!c.empty || len(piece) == 0); last {
			flags |= abi.FlagLast
		}
		out, err := t.trial.Piece(way.export, piece, flags)
		if err != nil {
			return nil, false, err
		}
		result, err := plan.ParseBody(out)
		if err != nil {
			return nil, false, err
		}
		returned = append(returned, out...)
		t.noteBody(result)
		if _, err = way.out(session, result, piece, nil); err != nil {
			var f *fault.Fault
			if errors.As(err, &f) && f.Code != fault.PluginFailed {
				return nil, false, nil
			}
			return nil, false, cause(err)
		}
	}
	return returned, true, nil
}

// begin gives the guest its plan's context, where there is one, and says the flags
// of the first piece.
func (t *tester) begin(way transformer) (flags uint32, err error) {
	context := way.vetted.Plan().BodyContext
	if way.export != abi.ExportRequestBody || len(context) == 0 {
		return abi.FlagFirst, nil
	}
	_, err = t.trial.Piece(way.export, context, abi.FlagFirst|abi.FlagContext)
	return 0, err
}

// noteBody remembers which fields a body's values have in them.
func (t *tester) noteBody(b *plan.Body) {
	for i := range b.Segments {
		if b.Segments[i].Kind == abi.SegmentValue {
			t.noteFields(b.Segments[i].Bytes)
		}
	}
	for i := range b.Checks {
		t.noteFields(b.Checks[i].A)
		t.noteFields(b.Checks[i].B)
	}
}

// longPieces is how many pieces of 64 KiB a long body has: 16 MiB.
const longPieces = 256

// longBody is a body that never ends; nothing is looked at but the memory.
func (t *tester) longBody(way transformer) error {
	if _, err := t.trial.Fresh(); err != nil {
		return err
	}
	flags, err := t.begin(way)
	if err != nil {
		return err
	}
	piece := bytes.Repeat([]byte("All work and no play. "), abi.MaxBodyInView/22)
	for again := 1; ; again++ {
		middle := 0
		for i := range longPieces {
			if _, err := t.trial.Piece(way.export, piece, flags); err != nil {
				return err
			}
			if flags = 0; i == longPieces/2 {
				middle = t.trial.Memory()
			}
		}
		grown := t.trial.Memory() - middle
		switch {
		case grown <= plugin.MemoryLimit/32:
			return nil
		case again == spells || t.trial.Memory() > plugin.MemoryLimit/2:
			return fmt.Errorf("its memory grew by %s in 8 MiB, to %s; at %s it ends: give out what comes, and keep no more than a little", size(grown), size(t.trial.Memory()), size(plugin.MemoryLimit))
		}
	}
}
