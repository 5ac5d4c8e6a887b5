package e2e

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var updateReadme = flag.Bool("update", false, "write the README's table of clients anew")

// What every client is asked to do, as far as its API has it. The names stand in
// the README's table.
const (
	stepCall      = "call"
	stepStream    = "stream"
	stepPages     = "pages"
	stepUpload    = "upload"
	stepDownload  = "download"
	stepGraphQL   = "GraphQL"
	stepUpstream  = "the API's error"
	stepBadToken  = "the broker's error"
	stepReads     = "read-only reads"
	stepWrites    = "read-only refuses"
	stepGrant     = "grant refused"
	stepGrantGood = "grant allowed"
)

var order = []string{stepCall, stepStream, stepPages, stepUpload, stepDownload, stepGraphQL, stepUpstream, stepBadToken, stepReads, stepWrites, stepGrant, stepGrantGood}

// outcome is how a step of a client went: no Kind for good, else the class of
// the error that the client raised, the status that it gives, and its message.
type outcome struct {
	Step, Kind, Message string
	Status              int
}

// wants is how each step has to end. Upstream is the API's own error.
type wants struct {
	kinds    map[int]string // the class of error by status; "" for any status
	upstream int
}

func (w wants) check(t *testing.T, o outcome) {
	t.Helper()
	status, says := 0, ""
	switch o.Step {
	case stepUpstream:
		status = w.upstream
	case stepBadToken:
		status, says = 401, "this proxy token"
	case stepWrites:
		status, says = 403, "read-only"
	case stepGrant:
		status, says = 403, "outlives the token"
	}
	kind := ""
	if status != 0 {
		kind = cmp.Or(w.kinds[status], w.kinds[0])
	}
	if o.Kind != kind || o.Status != status || !strings.Contains(o.Message, says) {
		t.Errorf("%s: %s %d %q, want %s %d with %q", o.Step, o.Kind, o.Status, o.Message, kind, status, says)
	}
}

// tally is what passed, by client: the README's table.
type tally struct {
	t      *testing.T
	passed map[string]map[string]bool
	left   []string // clients that this machine can't run
}

func newTally(t *testing.T) *tally { return &tally{t: t, passed: map[string]map[string]bool{}} }

func (c *tally) pass(client, step string) {
	if c.passed[client] == nil {
		c.passed[client] = map[string]bool{}
	}
	c.passed[client][step] = true
}

// markers of the README's table.
const tableStart, tableEnd = "<!-- clients: made by e2e/suite_test.go -->\n", "<!-- end of clients -->\n"

// … and of the one of S3's tools.
const s3TableStart, s3TableEnd = "<!-- S3 tools: made by e2e/s3_tools_test.go -->\n", "<!-- end of S3 tools -->\n"

// compare holds the README's table to what has just passed. A client that was
// left out is not in the comparison.
func (c *tally) compare(t *testing.T) { c.compareIn(t, tableStart, tableEnd) }

func (c *tally) compareIn(t *testing.T, tableStart, tableEnd string) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	before, rest, ok := strings.Cut(string(readme), tableStart)
	table, after, ok2 := strings.Cut(rest, tableEnd)
	if !ok || !ok2 {
		t.Fatal("README.md has no table of clients")
	}
	rows := map[string]string{}
	for _, line := range strings.Split(table, "\n")[2:] {
		if name := rowName.FindStringSubmatch(line); name != nil {
			rows[name[1]] = line
		}
	}
	made := maps.Clone(rows)
	for client := range rows {
		if c.passed[client] == nil && !slices.Contains(c.left, client) {
			delete(made, client)
		}
	}
	for client, steps := range c.passed {
		made[client] = row(client, steps)
	}
	if maps.Equal(rows, made) {
		return
	}
	if !*updateReadme {
		t.Errorf("README.md's table of clients is not what passes here; go test -run TestClients -update writes it anew:\n%s", render(made))
		return
	}
	if err := os.WriteFile("../README.md", []byte(before+tableStart+render(made)+tableEnd+after), 0o644); err != nil {
		t.Fatal(err)
	}
}

var rowName = regexp.MustCompile(`^\| ([^|]+) \| `)

func row(client string, steps map[string]bool) string {
	var passed []string
	for _, step := range order {
		if step == stepUpstream { // what only one API has stands before
			for _, other := range slices.Sorted(maps.Keys(steps)) {
				if !slices.Contains(order, other) {
					passed = append(passed, other)
				}
			}
		}
		if steps[step] {
			passed = append(passed, step)
		}
	}
	return fmt.Sprintf("| %s | %s |", client, strings.Join(passed, " · "))
}

func render(rows map[string]string) string {
	lines := []string{"| client, version | what passes |", "|---|---|"}
	for _, client := range slices.SortedFunc(maps.Keys(rows), func(a, b string) int { return cmp.Compare(strings.ToLower(a), strings.ToLower(b)) }) {
		lines = append(lines, rows[client])
	}
	return strings.Join(lines, "\n") + "\n"
}
