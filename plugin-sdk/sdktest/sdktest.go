// Package sdktest runs a plugin's logic under plain `go test`: raw requests in,
// and out come the plan in words and the request that would go upstream, with
// stand-ins for the credential's fields. It is a help for authors; `seks plugin
// eval` shows the same through the broker itself, on the compiled module.
package sdktest

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

var update = flag.Bool("update", false, "rewrite the .golden files")

// Time is the time that a plugin is shown where its manifest needs one:
// 2026-01-31T12:00:00Z, as in `seks plugin eval --time`.
const Time = 1769860800

// Run makes a subtest of each testdata/*.http, a raw HTTP/1.1 request as an
// agent sends it to the broker, and compares the result with NAME.golden beside
// it. A NAME.answer is an answer as the API sends it to that request, if there is
// one; its scrub plan, and a body that the plugin transforms, are in
// NAME.answer.golden. `go test -update` writes the goldens.
func Run(t *testing.T, p seks.Provider, fields map[string]string) {
	requests, err := filepath.Glob("testdata/*.http")
	if err != nil || len(requests) == 0 {
		t.Fatalf("there is no request in testdata/*.http (%v)", err)
	}
	for _, file := range requests {
		name := strings.TrimSuffix(file, ".http")
		t.Run(filepath.Base(name), func(t *testing.T) {
			got, err := Eval(p, read(t, file), fields)
			compare(t, name+".golden", got, err)
		})
	}
	answers, err := filepath.Glob("testdata/*.answer")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range answers {
		t.Run(filepath.Base(file), func(t *testing.T) {
			request := "GET / HTTP/1.1\n"
			if name := strings.TrimSuffix(file, ".answer") + ".http"; exists(name) {
				request = read(t, name)
			}
			got, err := EvalAnswer(p, request, read(t, file))
			compare(t, file+".golden", got, err)
		})
	}
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

func read(t *testing.T, file string) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func compare(t *testing.T, golden, got string, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatalf("%v: run `go test . -update`, and look at what it wrote", err)
	}
	if got != string(want) {
		t.Errorf("the plugin gives:\n%s\n%s has:\n%s\n(`go test . -update` writes it anew)", got, golden, want)
	}
}

// Eval is the plan for a raw request, and the request that it makes, as text.
// Where the host would refuse the plan for what it does with a field, the error
// says so.
func Eval(p seks.Provider, raw string, fields map[string]string) (string, error) {
	req, err := parse(raw)
	if err != nil {
		return "", err
	}
	view := req.view(&p.Manifest)
	made := p.Always
	if p.Plan != nil {
		made = p.Plan(view)
	}
	if made == nil {
		return "", fmt.Errorf("there is no plan: Plan returned nil, or the Provider has neither Always nor Plan")
	}
	// Through the codec and back, as on its way to the host.
	var plan abi.Plan
	if err := plan.Unmarshal(made.Marshal()); err != nil {
		return "", fmt.Errorf("the plan can't be read back: %w", err)
	}
	text := "plan:\n" + plan.Text()
	if plan.Refusal != nil {
		return text, nil
	}
	e := newEvaluation(&p.Manifest, fields)
	if code, err := e.checks(plan.Checks); err != nil || code != "" {
		return text + "\nrefused: " + code + "\n", err
	}
	at, err := req.edit(&plan, view, e)
	if err == nil && plan.BodyMode == abi.BodyTransform && req.body != "" {
		begin := p.RequestBody
		if len(plan.BodyContext) > 0 && p.RequestBodyWith != nil {
			begin = func() seks.Body { return p.RequestBodyWith(plan.BodyContext) }
		}
		err = req.transform(&plan, begin, e)
	}
	if err != nil {
		return "", err
	}
	return text + "\nrequest:\n" + req.text(at), nil
}

// EvalAnswer is the scrub plan for an answer to a raw request, as text, with the
// body that comes out where the plugin transforms it. It is empty where the plan of
// that request asks for no look at answers.
func EvalAnswer(p seks.Provider, raw, answer string) (string, error) {
	req, err := parse(raw)
	if err != nil {
		return "", err
	}
	view := req.view(&p.Manifest)
	made := p.Always
	if p.Plan != nil {
		made = p.Plan(view)
	}
	if made == nil || !made.InspectAnswer || p.Scrub == nil {
		return "", nil
	}
	head, body, err := parseAnswer(answer)
	if err != nil {
		return "", err
	}
	authority, base := split(p.Manifest.Upstreams[0].URL)
	head.Method, head.Path = view.Method, base+view.Path
	head.Origin, head.Public = "https://"+authority, "http://127.0.0.1:8080"+view.Mount
	scrub := p.Scrub(head)
	if scrub == nil {
		return "", nil
	}
	if !scrub.TransformBody {
		return scrub.Text(), nil
	}
	if body, err = newEvaluation(&p.Manifest, nil).body(p.ResponseBody, body, abi.MaxBodyInView, 0); err != nil {
		return "", fmt.Errorf("the answer's body: %w", err)
	}
	return scrub.Text() + "\nbody:\n" + body, nil
}
