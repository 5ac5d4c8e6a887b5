// Package conform holds a module against the contract, as plugin-sdk/ABI.md has
// it: what `seks plugin check` says. It calls the guest as the host does, and
// often, to find what a request would find one day.
package conform

import (
	"context"
	"fmt"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/gateway/internal/plugin"
)

// Result is what became of one check. Says is what was found, or what to change.
// Advice does not fail a check.
type Result struct {
	Check  string   `json:"check"`
	OK     bool     `json:"ok"`
	Says   string   `json:"says"`
	Advice []string `json:"advice"`
}

// Check runs all checks of a module, in the order in which an author would mend
// what they find. fields are stand-ins for credential fields, where the module
// needs particular ones.
func Check(ctx context.Context, module []byte, fields map[string]string) []Result {
	return check(ctx, module, fields, enough)
}

func check(ctx context.Context, module []byte, fields map[string]string, load time.Duration) []Result {
	p, err := plugin.Open(ctx, module)
	if err != nil {
		return unopened(plugin.Parts(err))
	}
	results := []Result{
		passed(plugin.PartModule, "%d bytes", len(module)),
		passed(plugin.PartImports, "none but the inert WASI calls of the contract"),
		passed(plugin.PartExports, "those of ABI v1, with its types"),
	}
	t := newTester(p, fields)
	t.load = load
	defer t.trial.Close()
	for _, c := range checks {
		r := Result{Check: c.name, Advice: []string{}}
		says, err := c.run(t, &r)
		r.OK, r.Says = err == nil, says
		if err != nil {
			r.Says = err.Error()
		}
		results = append(results, r)
	}
	return results
}

// checks are those that need a module that runs. Each says what it found.
var checks = []struct {
	name string
	run  func(*tester, *Result) (string, error)
}{
	{plugin.PartStart, (*tester).start},
	{plugin.PartManifest, (*tester).manifest},
	{"catalogue", (*tester).catalogue},
	{"errors", (*tester).errors},
	{"plans", (*tester).plans},
	{"odd requests", (*tester).oddViews},
	{"determinism", (*tester).determinism},
	{"encodings", (*tester).encodings},
	{"scrub", (*tester).scrub},
	{"bodies", (*tester).bodies},
	{"limits", (*tester).limits},
}

// unopened is the report on a module that can't be run.
func unopened(parts map[string]error) []Result {
	order := []string{plugin.PartModule, plugin.PartImports, plugin.PartExports, plugin.PartStart, plugin.PartManifest}
	var results []Result
	for _, part := range order {
		if err := parts[part]; err != nil {
			results = append(results, Result{Check: part, Says: err.Error(), Advice: []string{}})
		}
	}
	return results
}

func passed(check, format string, args ...any) Result {
	return Result{Check: check, OK: true, Says: fmt.Sprintf(format, args...), Advice: []string{}}
}

// tester is one module under test.
type tester struct {
	plugin  *plugin.Plugin
	m       *plan.Manifest
	trial   *plugin.Trial
	fields  standIns
	samples *samples
	starts  time.Duration // how long an instance takes to start
	load    time.Duration // how long the check of limits goes on at most

	largest int                // plan, in bytes
	used    map[[3]string]bool // field, sink kind and sink name that some plan has used
}

func newTester(p *plugin.Plugin, fields map[string]string) *tester {
	return &tester{
		plugin: p, m: p.Manifest, trial: p.Trial(), fields: newStandIns(p.Manifest, fields),
		samples: newSamples(p.Manifest), used: map[[3]string]bool{},
	}
}
