package main

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"
	"testing"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// judged is what a request to /graphql does, as "class name" by words.
func judged(v *seks.View) []string {
	v.Path = "/graphql"
	var all []string
	for _, a := range plan(v).Acts {
		all = append(all, []string{"unknown ", "read ", "write ", "grant "}[a.Class]+strings.TrimPrefix(a.Name, "graphql."))
	}
	return all
}

var hidden = []string{"unknown unseen"}

func TestGraphQL(t *testing.T) {
	const mutation, both = `mutation M { addStar(input:{starrableId:"x"}) { clientMutationId } }`, `query Q { viewer { login } } mutation M { addStar { a } }`
	for _, c := range []struct {
		query, name string // name "-" for none
		want        []string
	}{
		{`{ viewer { login } }`, "-", []string{"read query"}},
		{`query { viewer { login } }`, "-", []string{"read query"}},
		{`query Q($n: Int! = 3, $l: [String!]! @d) @cached { repository(owner: "o", name: "r") { issues(first: $n) { nodes { title } } } }`, "Q", []string{"read query"}},
		{"# mutation { addStar { a } }\n{ viewer { login } }", "-", []string{"read query"}},
		{"\ufeff{ a: addStar, b: mutation }", "-", []string{"read query"}}, // names of fields are no keywords
		{`{ f(s: "} mutation { addStar", b: """ " \""" } mutation { """) }`, "-", []string{"read query"}},
		{`query { ...F } fragment F on Query { viewer { login } }`, "-", []string{"read query"}},
		{`{ f(a: [1, -2.5e+3, true, null, RED, {k: $v, l: []}]) @include(if: $x) { ... on A @skip(if: false) { b } ... { c } } }`, "-", []string{"read query"}},

		{mutation, "-", []string{"write addStar"}},
		{mutation, "M", []string{"write addStar"}},
		{`mutation { viewer: addStar { a } query: createIssue { b } }`, "-", []string{"write addStar", "write createIssue"}}, // aliases hide nothing
		{`mutation { ...F } fragment F on Mutation { ... on Mutation { ...G } } fragment G on Mutation { inviteEnterpriseAdmin { a } }`, "-", []string{"grant inviteEnterpriseAdmin"}},
		{`mutation { addStar { a } ... @skip(if: true) { updateTeamsRepository { b } } }`, "-", []string{"write addStar", "grant updateTeamsRepository"}},
		{`mutation { somethingNew { a } }`, "-", []string{"unknown somethingNew"}},
		{"mutation\n#\r{ addStar }", "-", []string{"write addStar"}},
		{`mutation { addStar addStar addStar }`, "-", []string{"write addStar"}},

		// Several operations: the one that is named is executed, and no other.
		{both, "Q", []string{"read query"}},
		{both, "M", []string{"write addStar"}},
		{both, "-", hidden},
		{both, "", hidden},
		{both, "q", hidden},
		{`query A { a } query A { b }`, "A", hidden},
		{`{ a } { b }`, "-", hidden},
		{`query { a }`, "A", hidden},

		// What can't be read, or in more than one way.
		{`subscription { a }`, "-", hidden},
		{`mutation { ...F }`, "-", hidden},
		{`mutation { ...F } fragment F on Mutation { ...F }`, "-", hidden},
		{`{ a } fragment F on Q { a } fragment F on Q { b }`, "-", hidden},
		{`{ a } fragment on on Q { a }`, "-", hidden},
		{`{ a } type Query { a: Int }`, "-", hidden},
		{`{ }`, "-", hidden}, {`{ a() }`, "-", hidden}, {`query() { a }`, "-", hidden}, {`{ a`, "-", hidden}, {`}`, "-", hidden}, {``, "-", hidden},
		{`{ a } ; mutation { addStar }`, "-", hidden},
		{`{ a(s: "x` + "\n" + `") }`, "-", hidden},
		{`{ a(s: "\x41") }`, "-", hidden}, {`{ a(s: "\u12g4") }`, "-", hidden}, {`{ a(s: "`, "-", hidden}, {`{ a(s: """x) }`, "-", hidden},
		{`{ a(n: 01) }`, "-", hidden}, {`{ a(n: 1a) }`, "-", hidden}, {`{ a(n: 1.) }`, "-", hidden}, {`{ a(n: -) }`, "-", hidden},
		{"{ a } #\u2028 mutation { addStar }", "-", hidden}, // is that a line break?
		{"{ a } #\x00", "-", hidden},
		{"{ \u00e9 }", "-", hidden},
		{strings.Repeat("{a", 1000) + strings.Repeat("}", 1000), "-", hidden},
		{"{" + strings.Repeat("a ", maxTokens) + "}", "-", hidden},
		{`mutation { ` + strings.Repeat("a", 101) + ` }`, "-", hidden},
	} {
		body := map[string]any{"query": c.query, "variables": map[string]any{"query": "mutation { addStar }"}}
		values := url.Values{"query": {c.query}, "variables": {"{}"}}
		if c.name != "-" {
			body["operationName"], values["operationName"] = c.name, []string{c.name}
		}
		text, _ := json.Marshal(body) // strings and maps
		if got := judged(&seks.View{Method: "POST", BodyState: abi.BodyWhole, Body: text}); !slices.Equal(got, c.want) {
			t.Errorf("POST %.80q, operation %q: %q, want %q", c.query, c.name, got, c.want)
		}
		if got := judged(&seks.View{Method: "GET", Query: values.Encode()}); !slices.Equal(got, c.want) {
			t.Errorf("GET %.80q, operation %q: %q, want %q", c.query, c.name, got, c.want)
		}
		batch := []byte("[" + string(text) + `,{"query":"{ viewer { login } }"}]`)
		want := append(slices.Clone(c.want), "read query")
		if slices.Equal(c.want, hidden) {
			want = hidden
		}
		if got := judged(&seks.View{Method: "POST", BodyState: abi.BodyWhole, Body: batch}); !slices.Equal(got, want) {
			t.Errorf("a batch with %.80q: %q, want %q", c.query, got, want)
		}
	}
}

// How a request carries its document, besides the plain way.
func TestGraphQLRequests(t *testing.T) {
	const q = `{"query":"{ a }"}`
	read := []string{"read query"}
	for _, c := range []struct {
		what, method, query string
		state               abi.BodyState
		body                string
		want                []string
	}{
		{"plain", "POST", "", abi.BodyWhole, q, read},
		{"null for no name", "POST", "", abi.BodyWhole, `{"query":"{ a }","operationName":null,"variables":null}`, read},
		{"a name that is no string", "POST", "", abi.BodyWhole, `{"query":"query A { a }","operationName":["A"]}`, hidden},
		{"a query that is no string", "POST", "", abi.BodyWhole, `{"query":["{ a }"]}`, hidden},
		{"none", "POST", "", abi.BodyWhole, `{}`, hidden},
		{"an empty batch", "POST", "", abi.BodyWhole, `[]`, hidden},
		{"a batch in a batch", "POST", "", abi.BodyWhole, "[[" + q + "]]", hidden},
		{"a name twice", "POST", "", abi.BodyWhole, `{"query":"{ a }","query":"mutation { addStar }"}`, hidden},
		{"a name that folds to another", "POST", "", abi.BodyWhole, `{"query":"{ a }","Query":"mutation { addStar }"}`, hidden},
		{"a document kept elsewhere", "POST", "", abi.BodyWhole, `{"query":"{ a }","extensions":{"persistedQuery":{}}}`, hidden},
		{"no JSON", "POST", "", abi.BodyWhole, `query={a}`, hidden},
		{"too long or coded", "POST", "", abi.BodyUnknown, "", hidden},
		{"none shown", "POST", "", abi.BodyAbsent, "", hidden},
		{"in two places", "POST", "query=mutation", abi.BodyWhole, q, hidden},
		{"a parameter beside it", "POST", "operationName=A", abi.BodyWhole, q, hidden},
		{"GitHub's schema", "GET", "", abi.BodyAbsent, "", []string{"read schema"}},
		{"a GET with a body", "GET", "query=%7Ba%7D", abi.BodyWhole, q, hidden},
		{"GET", "GET", "query=%7B+a+%7D", abi.BodyAbsent, "", read},
		{"HEAD", "HEAD", "query=%7Ba%7D", abi.BodyAbsent, "", read},
		{"twice", "GET", "query=%7Ba%7D&query=mutation%7BaddStar%7D", abi.BodyAbsent, "", hidden},
		{"in another spelling", "GET", "query=%7Ba%7D&%71uery=mutation%7BaddStar%7D", abi.BodyAbsent, "", hidden},
		{"a bad escape", "GET", "query=%7Ba%7", abi.BodyAbsent, "", hidden},
		{"a semicolon", "GET", "query=%7Ba%7D;query=x", abi.BodyAbsent, "", hidden},
		{"another method", "PUT", "", abi.BodyWhole, q, hidden},
	} {
		if got := judged(&seks.View{Method: c.method, Query: c.query, BodyState: c.state, Body: []byte(c.body)}); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.what, got, c.want)
		}
	}
	many := "[" + strings.Repeat(q+",", abi.MaxOperations) + q + "]"
	if got := judged(&seks.View{Method: "POST", BodyState: abi.BodyWhole, Body: []byte(many)}); !slices.Equal(got, hidden) {
		t.Errorf("a batch of %d: %q", abi.MaxOperations+1, got[:2])
	}
}

// Whatever a document says, it is read in bounds; where it reads, no mutation is
// in what is executed, by the crudest of readings too: the word is nowhere but in
// strings, comments, names or operations that aren't chosen.
func FuzzGraphQL(f *testing.F) {
	for _, seed := range []string{`{ viewer { login } }`, `query Q { a } mutation M { addStar }`, `mutation { ...F } fragment F on Mutation { a: addStar }`,
		"# x\n{ a(s: \"\"\"y\"\"\") @b }", `{ a(n: [1.5e3, $v, {k: null}]) { ... on B { c } } }`} {
		f.Add(seed, "")
		f.Add(seed, "Q")
	}
	f.Fuzz(func(t *testing.T, text, name string) {
		acts, err := operationActs(nil, text, name, name != "")
		if err != nil {
			return
		}
		if len(acts) == 0 {
			t.Fatalf("%q does nothing", text)
		}
		for _, a := range acts {
			if a.Class == seks.Read && a.Name != "graphql.query" || a.Class > seks.Grant {
				t.Fatalf("%q: %+v", text, a)
			}
			if a.Class == seks.Read && name == "" && strings.HasPrefix(strings.TrimLeft(text, " \t\r\n,\ufeff"), "mutation") {
				t.Fatalf("%q begins with a mutation, and reads", text)
			}
		}
	})
}
