package e2e

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// graphQLRequest is a request to /graphql, and whether a read-only token may make it.
type graphQLRequest struct {
	name                    string
	query, operation, extra string // of a JSON body; extra is more members
	body                    string // instead of those
	headers                 []string
	reads                   bool
}

const twoOperations = `query Q { viewer { login } } mutation M { addStar(input: {starrableId: "x"}) { clientMutationId } }`

var graphQLRequests = []graphQLRequest{
	{name: "query", query: `query { viewer { login } }`, reads: true},
	{name: "shorthand", query: `{ viewer { login } }`, reads: true},
	{name: "mutation", query: `mutation { addStar(input: {starrableId: "x"}) { clientMutationId } }`},
	{name: "grant", query: `mutation { inviteEnterpriseAdmin(input: {}) { clientMutationId } }`},
	{name: "alias of a query", query: `{ addStar: viewer { mutation: login } }`, reads: true},
	{name: "alias of a mutation", query: `mutation { viewer: addStar(input: {starrableId: "x"}) { login: clientMutationId } }`},
	{name: "fragment", query: `query { ...F } fragment F on Query { viewer { login } }`, reads: true},
	{name: "mutation in fragments", query: `mutation { ...F } fragment F on Mutation { ... on Mutation { addStar { clientMutationId } } }`},
	{name: "mutation in a comment", query: "# mutation { addStar }\n{ viewer { login } }", reads: true},
	{name: "query in a comment", query: "# query\nmutation { addStar { clientMutationId } }"},
	{name: "mutation behind a carriage return", query: "{ viewer { login } } # \rmutation { addStar { clientMutationId } }"},
	{name: "mutation in a string", query: `{ viewer { login(a: "} mutation { addStar", b: """ " } mutation """) } }`, reads: true},
	{name: "mutation in the variables", query: `{ viewer { login } }`, extra: `,"variables":{"query":"mutation { addStar }"}`, reads: true},
	{name: "the query of two", query: twoOperations, operation: "Q", reads: true},
	{name: "the mutation of two", query: twoOperations, operation: "M"},
	{name: "neither of two", query: twoOperations},
	{name: "another of two", query: twoOperations, operation: "m"},
	{name: "subscription", query: `subscription { viewer { login } }`},
	{name: "batch of queries", body: `[{"query":"{ viewer { login } }"},{"query":"{ viewer { id } }"}]`, reads: true},
	{name: "batch with a mutation", body: `[{"query":"{ viewer { login } }"},{"query":"mutation { addStar { clientMutationId } }"}]`},
	{name: "query twice", body: `{"query":"{ viewer { login } }","query":"mutation { addStar { clientMutationId } }"}`},
	{name: "query twice, by an escape", body: `{"query":"{ viewer { login } }","\u0071uery":"mutation { addStar { clientMutationId } }"}`},
	{name: "no JSON", body: `query { viewer { login } }`},
	{name: "no query", body: `{}`},
	{name: "longer than is looked at", query: `{ viewer { login } } #` + strings.Repeat(" ", 70_000)},
	{name: "coded", query: `{ viewer { login } }`, headers: []string{"Content-Encoding: gzip"}},
	{name: "another charset", query: `{ viewer { login } }`, headers: []string{"Content-Type: application/json; charset=utf-16"}},
	{name: "a form", body: `query=mutation{addStar{clientMutationId}}`, headers: []string{"Content-Type: application/x-www-form-urlencoded"}},
}

// A read-only token passes what reads, and nothing else, by POST and by GET and by
// each name that the path has; what passes reaches the API byte for byte.
func TestGraphQLReadOnly(t *testing.T) {
	w := theWorld(t)
	for _, q := range graphQLRequests {
		for _, path := range []string{"/graphql", "/api/graphql", "/graphql/"} {
			body := q.json()
			r := w.graphQL(t, "POST", path, body, q.headers)
			if got := w.passes(t, r, body); got != q.reads {
				t.Errorf("POST %s, %s: passed %t, want %t", path, q.name, got, q.reads)
			}
		}
		if q.query == "" || len(q.query) > 10_000 || q.headers != nil || q.extra != "" {
			continue
		}
		values := url.Values{"query": {q.query}}
		if q.operation != "" {
			values.Set("operationName", q.operation)
		}
		if got := w.passes(t, w.graphQL(t, "GET", "/graphql?"+values.Encode(), "", nil), ""); got != q.reads {
			t.Errorf("GET, %s: passed %t, want %t", q.name, got, q.reads)
		}
	}
	for name, r := range map[string]*http.Request{
		"a query in the URL and a mutation in the body": w.graphQL(t, "POST", "/graphql?query=%7Bviewer%7Blogin%7D%7D", `{"query":"mutation { addStar { clientMutationId } }"}`, nil),
		"a GET with a body":                             w.graphQL(t, "GET", "/graphql?query=%7Bviewer%7Blogin%7D%7D", `{"query":"mutation { addStar { clientMutationId } }"}`, nil),
		"a query twice":                                 w.graphQL(t, "GET", "/graphql?query=%7Bviewer%7Blogin%7D%7D&query=mutation%7BaddStar%7D", "", nil),
		"a PUT":                                         w.graphQL(t, "PUT", "/graphql", `{"query":"{ viewer { login } }"}`, nil),
		"an encoded path":                               w.graphQL(t, "POST", "/graph%71l", `{"query":"mutation { addStar { clientMutationId } }"}`, nil),
		"a parameter behind":                            w.graphQL(t, "POST", "/graphql;x", `{"query":"mutation { addStar { clientMutationId } }"}`, nil),
	} {
		if w.passes(t, r, "") {
			t.Errorf("%s has passed", name)
		}
	}
}

func (q *graphQLRequest) json() string {
	if q.body != "" {
		return q.body
	}
	query, _ := json.Marshal(q.query) // neither of two texts can fail
	body := `{"query":` + string(query)
	if q.operation != "" {
		name, _ := json.Marshal(q.operation)
		body += `,"operationName":` + string(name)
	}
	return body + q.extra + "}"
}

func (w *world) graphQL(t *testing.T, method, path, body string, headers []string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, w.base("github")+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+w.providers["github"].readOnly)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	return r
}

// passes says whether the request has reached the API, as it was.
func (w *world) passes(t *testing.T, r *http.Request, body string) bool {
	t.Helper()
	double := w.providers["github"].double
	before := len(double.Requests())
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(answer.Body)
	_ = answer.Body.Close()
	seen := double.Requests()
	switch reason := answer.Header.Get("X-Seks-Error"); {
	case err != nil:
		t.Fatal(err)
	case len(seen) == before && reason == "policy_denied" && answer.StatusCode == 403:
		return false
	case len(seen) == before+1 && reason == "":
		if !bytes.Equal(seen[before].Body, []byte(body)) {
			t.Errorf("%q came to the API as %q", body, seen[before].Body)
		}
		return true
	}
	t.Errorf("%s %s: %d %s, and %d requests at the API", r.Method, r.URL, answer.StatusCode, text, len(seen)-before)
	return false
}
