package conform

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/apply"
	"github.com/seksbot/seks-broker/gateway/internal/expr"
	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// sampled is how many views most checks look at.
const sampled = 64

func (t *tester) call(view []byte) ([]byte, error) {
	out, _, err := t.trial.Call(abi.ExportPlan, view)
	return out, err
}

// plans: for requests of all kinds the plan can be read, names nothing that it
// may not, and sets only headers that are legal.
func (t *tester) plans(r *Result) (string, error) {
	views := t.samples.views(max(sampled, len(t.m.Operations)))
	refused := 0
	for _, v := range views {
		pl, err := t.judge(v)
		if err != nil {
			return "", fmt.Errorf("%s: %w", describe(v), err)
		}
		if pl.Refusal != nil {
			refused++
		}
	}
	if refused == len(views) {
		r.Advice = append(r.Advice, "every request that was tried is refused")
	}
	return fmt.Sprintf("%d requests, the largest plan has %d bytes of %d", len(views), t.largest, abi.MaxPlan), nil
}

func (t *tester) oddViews(*Result) (string, error) {
	views := t.samples.odd()
	for _, o := range views {
		if _, err := t.judge(o.view); err != nil {
			return "", fmt.Errorf("a request with %s: %w", o.what, err)
		}
	}
	return fmt.Sprintf("%d requests that no client sends by chance", len(views)), nil
}

// judge makes the plan for a view and holds it against all that the host does
// before a request leaves, with stand-ins for the credential.
func (t *tester) judge(v *abi.View) (*plan.Plan, error) {
	out, err := t.call(v.Marshal())
	if err != nil {
		return nil, err
	}
	t.largest = max(t.largest, len(out))
	pl, err := plan.Parse(out, t.m)
	if err != nil {
		return nil, err
	}
	vetted, err := expr.Vet(pl)
	if err != nil || pl.Refusal != nil {
		return pl, err
	}
	t.note(pl)
	line := apply.Line{Method: v.Method, Origin: t.m.TrialOrigins()[pl.Target]}
	if line.Path, line.Query, err = vetted.Line(line.Origin.Path+v.Path, v.Query); err != nil {
		return pl, cause(err)
	}
	for fields := range t.fields.sets() {
		if err = edits(vetted, fields, line); !errors.Is(err, expr.ErrKey) {
			break
		}
	}
	return pl, cause(err)
}

// edits evaluates all of a plan: its checks, whether they hold or not, and what
// it sets.
func edits(vetted expr.Vetted, fields expr.Fields, line apply.Line) error {
	session := vetted.Session()
	if _, err := session.Rehearse(secret.Bytes{}); err != nil {
		return err
	}
	session.Open(fields)
	_, _, err := apply.Edit(session, line)
	return err
}

// cause is what an operator reads of a fault.
func cause(err error) error {
	if f := (*fault.Fault)(nil); errors.As(err, &f) && f.Cause() != nil {
		return f.Cause()
	}
	return err
}

// note remembers which fields a plan uses, and where.
func (t *tester) note(pl *plan.Plan) {
	for i := range pl.Edits {
		e := &pl.Edits[i]
		for _, name := range fieldsIn(e.Value) {
			t.used[[3]string{name}] = true
			t.used[[3]string{name, sinkOf(e.Kind), strings.ToLower(e.Name)}] = true
		}
	}
	for i := range pl.Checks {
		t.noteFields(pl.Checks[i].A)
		t.noteFields(pl.Checks[i].B)
	}
}

func (t *tester) noteFields(program []byte) {
	for _, name := range fieldsIn(program) {
		t.used[[3]string{name}] = true
	}
}

func fieldsIn(program []byte) (names []string) {
	for len(program) > 0 {
		in, rest, err := abi.Next(program)
		if err != nil {
			return names
		}
		if in.Op == abi.OpField {
			names = append(names, string(in.Bytes))
		}
		program = rest
	}
	return names
}

func sinkOf(k abi.EditKind) string {
	switch k {
	case abi.SetHeader, abi.AddHeader:
		return "header"
	case abi.SetQuery, abi.AddQuery:
		return "query parameter"
	}
	return "body field"
}

// unused advises on what an operator is asked to allow and no plan made use of.
func (t *tester) unused() (advice []string) {
	for i := range t.m.Fields {
		f := &t.m.Fields[i]
		if !t.used[[3]string{f.Name}] {
			advice = append(advice, "no plan or body here used the field "+f.Name+": leave it out of the manifest, unless other requests need it")
			continue
		}
		for _, s := range f.Sinks {
			kind := map[abi.SinkKind]string{abi.SinkHeader: "header", abi.SinkQuery: "query parameter"}[s.Kind]
			if kind != "" && !t.used[[3]string{f.Name, kind, strings.ToLower(s.Name)}] {
				advice = append(advice, fmt.Sprintf("no plan here put the field %s into the %s %s: leave that sink out, unless other requests need it", f.Name, kind, s.Name))
			}
		}
	}
	return advice
}

// determinism: the plan for a view is the same in a fresh instance as in one
// that has seen other requests, in any order, and more than once.
func (t *tester) determinism(*Result) (string, error) {
	views := t.samples.views(sampled)
	raw, first := make([][]byte, len(views)), make([][]byte, len(views))
	fresh := freshFor(t.starts, len(views))
	for i, v := range views {
		raw[i] = v.Marshal()
		if i < fresh {
			if _, err := t.trial.Fresh(); err != nil {
				return "", err
			}
		}
		var err error
		if first[i], err = t.call(raw[i]); err != nil {
			return "", fmt.Errorf("%s: %w", describe(v), err)
		}
	}
	const rounds = 4
	for range rounds {
		for _, i := range t.samples.r.Perm(len(views)) {
			again, err := t.call(raw[i])
			if err != nil {
				return "", fmt.Errorf("%s, after other requests: %w", describe(views[i]), err)
			}
			if !bytes.Equal(again, first[i]) {
				return "", fmt.Errorf("%s: the plan was another after other requests: it must depend on its view alone, so keep nothing from one call to the next; it was\n%sand then\n%s",
					describe(views[i]), t.text(first[i]), t.text(again))
			}
		}
	}
	return fmt.Sprintf("the same plans for %d requests in %d instances, whatever came between", len(views), fresh+1), nil
}

// freshFor is how many instances a second or so has room for.
func freshFor(starts time.Duration, most int) int {
	return min(most, max(8, int(time.Second/max(starts, time.Millisecond))))
}

func (t *tester) text(out []byte) string {
	pl, err := plan.Parse(out, t.m)
	if err != nil {
		return fmt.Sprintf("  %x\n", out[:min(len(out), 64)])
	}
	return pl.Text()
}

func describe(v *abi.View) string {
	return fmt.Sprintf("%.16q %.200q", v.Method, v.Path)
}

func (t *tester) judgeScrub(out []byte) error {
	_, err := plan.ParseScrub(out)
	return err
}
