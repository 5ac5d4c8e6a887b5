package plan

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// catalogued is a manifest with these operations: "METHOD /path", named by
// themselves.
func catalogued(t *testing.T, ops ...string) *Manifest {
	t.Helper()
	m := good()
	m.Operations = nil
	for i, op := range ops {
		method, path, _ := strings.Cut(op, " ")
		m.Operations = append(m.Operations, abi.Operation{Name: fmt.Sprintf("op%d", i), Class: abi.ClassRead, Method: method, Path: path})
	}
	parsed, err := parse(m)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func TestCatalogue(t *testing.T) {
	ops := []string{
		"GET /v1/models",
		"GET /v1/models/{id}",
		"GET /v1/models/{id}/files",
		"GET /v1/models/latest/usage",
		"GET /v1/{kind}/latest/all",
		"GET /v1/models/{rest...}",
		"POST /v1/models",
		"GET /",
		"GET /v1/trailing/",
		"GET /v2/{x}/{y}",
		"GET /v2/a/b/c",
		"GET /v3/{model}:count",
		"GET /v3/{model}",
		"GET /v3/{model}:count/{x}",
		"GET /v3/a:count",
	}
	m := catalogued(t, ops...)
	tests := []struct{ method, path, want string }{
		{"GET", "/v1/models", ops[0]},
		{"HEAD", "/v1/models", ops[0]},
		{"POST", "/v1/models", ops[6]},
		{"DELETE", "/v1/models", ""},
		{"get", "/v1/models", ""},
		{"GET", "/v1/models/x", ops[1]},
		{"GET", "/v1/models/latest", ops[1]}, // a literal that leads nowhere gives way
		{"GET", "/v1/models/x/files", ops[2]},
		{"GET", "/v1/models/latest/usage", ops[3]}, // literal before {id}
		{"GET", "/v1/models/latest/files", ops[2]}, // back out of the literal
		{"GET", "/v1/models/latest/all", ops[5]},   // {rest...} under a literal, before {kind}
		{"GET", "/v1/files/latest/all", ops[4]},
		{"GET", "/v1/models/x/y/z", ops[5]},
		{"GET", "/v1/models/", ops[5]}, // an empty rest is a rest, an empty {id} none
		{"GET", "/v1/models/x/", ops[5]},
		{"GET", "/", ops[7]},
		{"GET", "/v1/trailing/", ops[8]},
		{"GET", "/v1/trailing", ""},
		{"GET", "/v2/a/b", ops[9]},
		{"GET", "/v2/a/b/c", ops[10]},
		{"GET", "/v2/a/b/d", ""},
		{"GET", "/v2/a", ""},
		{"GET", "/v2//b", ""}, // one reading of two: see below
		{"GET", "/v3/m:count", ops[11]},
		{"GET", "/v3/m:n:count", ops[11]},
		{"GET", "/v3/m:counts", ops[12]},
		{"GET", "/v3/m:count:n", ops[12]},
		{"GET", "/v3/:count", ops[12]}, // a verb of nothing is a name
		{"GET", "/v3/m:count/y", ops[13]},
		{"GET", "/v3/m:n/y", ""},
		{"GET", "/v3/a:count", ops[14]},
		{"GET", "/V1/models", ""},
		{"GET", "/v1", ""},
		{"GET", "v1/models", ""},
	}
	for _, tt := range tests {
		acts := m.Acts(tt.method, tt.path)
		got := ""
		if acts[0].Name != "" {
			var i int
			fmt.Sscanf(acts[0].Name, "op%d", &i)
			got = ops[i]
		}
		if got != tt.want || acts[0].Resource != tt.path || (acts[0].Class == abi.ClassRead) != (tt.want != "") {
			t.Errorf("%s %s: %+v (%s), want %q", tt.method, tt.path, acts, got, tt.want)
		}
	}
}

// Each way to read a path is judged: what a server might take it for counts too.
func TestEveryReadingIsAnAct(t *testing.T) {
	m := catalogued(t, "GET /v1/files/{id}", "GET /v1/keys", "GET /v1/files/{id}/content")
	tests := []struct {
		path  string
		names []string
	}{
		{"/v1/files/x", []string{"op0"}},
		{"/v1/files/a%2Fcontent", []string{"op0", "op2"}},
		{"/v1//keys", []string{"", "op1"}},
		{"/v1/keys;x=1", []string{"", "op1"}},
		{"/v1/%6beys", []string{"", "op1"}},
		{"/v1/%256beys", []string{"", "", "op1"}},
		{"/elsewhere", []string{""}},
	}
	for _, tt := range tests {
		var names []string
		for _, a := range m.Acts("GET", tt.path) {
			names = append(names, a.Name)
			if (a.Name == "") != (a.Class == abi.ClassUnknown) {
				t.Errorf("%s: %+v", tt.path, a)
			}
		}
		if fmt.Sprint(names) != fmt.Sprint(tt.names) {
			t.Errorf("%s: %q, want %q", tt.path, names, tt.names)
		}
	}
	many := "/v1//a;b%2525/%252f%25/c;d//%25252f;%3b/%253b/;/%2f"
	if acts := m.Acts("GET", many); len(acts) != 1 || acts[0].Name != "" || acts[0].Class != abi.ClassUnknown {
		t.Errorf("too many readings: %+v", acts)
	}
}

// The tree finds what a search through all operations finds.
func TestCatalogueAgreesWithASearch(t *testing.T) {
	segment := rapid.SampledFrom([]string{"a", "b", "{x}", "{y}", "{x}:v", "{z}:w"})
	rapid.Check(t, func(t *rapid.T) {
		var ops []abi.Operation
		for range rapid.IntRange(0, 12).Draw(t, "n") {
			parts := rapid.SliceOfN(segment, 1, 4).Draw(t, "parts")
			if rapid.Bool().Draw(t, "rest") {
				parts = append(parts, "{z...}")
			}
			ops = append(ops, abi.Operation{Name: "n", Class: abi.ClassRead, Method: "GET", Path: "/" + strings.Join(parts, "/")})
		}
		c := catalogue{}
		var kept []*abi.Operation
		for i := range ops {
			if c.add(&ops[i]) == nil {
				kept = append(kept, &ops[i])
			}
		}
		path := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "", "a:v", "b:w", ":v"}), 1, 5).Draw(t, "path"), "/")
		var got *abi.Operation
		if root := c["GET"]; root != nil {
			got = root.find(path)
		}
		if want := search(kept, path); got != want {
			t.Fatalf("/%s: %v, want %v", path, got, want)
		}
	})
}

// search tries every operation, and takes the one whose first differing segment
// is the most literal.
func search(ops []*abi.Operation, path string) (best *abi.Operation) {
	rank := func(op *abi.Operation) string {
		r := ""
		for _, p := range strings.Split(op.Path[1:], "/") {
			switch {
			case strings.HasSuffix(p, "...}"):
				return r + "3"
			case strings.Contains(p, "}:"):
				r += "1"
			case strings.HasPrefix(p, "{"):
				r += "2"
			default:
				r += "0"
			}
		}
		return r
	}
	for _, op := range ops {
		if fits(strings.Split(op.Path[1:], "/"), strings.Split(path, "/")) && (best == nil || rank(op) < rank(best)) {
			best = op
		}
	}
	return best
}

func fits(pattern, path []string) bool {
	for i, p := range pattern {
		switch {
		case i >= len(path):
			return false
		case strings.HasSuffix(p, "...}"):
			return true
		case strings.Contains(p, "}:"):
			_, verb, _ := strings.Cut(p, "}")
			if name, ok := strings.CutSuffix(path[i], verb); !ok || name == "" {
				return false
			}
		case strings.HasPrefix(p, "{"):
			if path[i] == "" {
				return false
			}
		case p != path[i]:
			return false
		}
	}
	return len(pattern) == len(path)
}

func TestClassNames(t *testing.T) {
	for c, want := range map[abi.Class]string{0: "unknown", 1: "read", 2: "write", 3: "grant", 4: "unknown"} {
		if got := ClassName(c); got != want {
			t.Errorf("%d is %q", c, got)
		}
	}
}
