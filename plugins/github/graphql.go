package main

import (
	"strings"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
	"github.com/seksbot/seks-broker/plugin-sdk/strictjson"
)

// unseen is what a request does that can't be read: it is of unknown class, which
// meets every deny and no allow. It may be a grant, and needs --allow-grant too.
const unseen = "graphql.unseen"

// graphQL says what a request to /graphql does: graphql.query for one that only
// reads, graphql.NAME for each field of a mutation.
func graphQL(p *seks.Plan, v *seks.View) *seks.Plan {
	acts, err := judge(v)
	if err != nil {
		acts = []abi.Act{{Name: unseen, Resource: "/graphql"}}
	}
	p.Acts = acts
	return p
}

func judge(v *seks.View) ([]abi.Act, error) {
	query, err := parameters(v.Query)
	if err != nil {
		return nil, err
	}
	reads := v.Method == "GET" || v.Method == "HEAD"
	switch {
	case reads && v.BodyState == abi.BodyAbsent && len(query) == 0: // GitHub answers with its schema
		return []abi.Act{{Name: "graphql.schema", Class: seks.Read, Resource: "/graphql"}}, nil
	case reads && v.BodyState == abi.BodyAbsent:
		name, named := query["operationName"]
		return operationActs(nil, query["query"], name, named)
	case v.Method == "POST" && v.BodyState == abi.BodyWhole && len(query) == 0:
		return bodyActs(v.Body)
	}
	return nil, errGraphQL
}

// parameters reads a query of query, operationName and variables, each once. Any
// other is one too many: the body says it, or nobody does.
func parameters(query string) (map[string]string, error) {
	all := map[string]string{}
	for query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		name, value, _ := strings.Cut(pair, "=")
		if name != "query" && name != "operationName" && name != "variables" {
			return nil, errGraphQL
		}
		text, ok := unescape(value)
		if _, twice := all[name]; twice || !ok {
			return nil, errGraphQL
		}
		all[name] = text
	}
	return all, nil
}

// unescape decodes a value of a query. net/url would bring in WASI calls that no
// plugin gets.
func unescape(s string) (string, bool) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case '+':
			b.WriteByte(' ')
		case ';':
			return "", false
		case '%':
			if i+2 >= len(s) || strings.IndexByte(hex, lower(s[i+1])) < 0 || strings.IndexByte(hex, lower(s[i+2])) < 0 {
				return "", false
			}
			b.WriteByte(byte(strings.IndexByte(hex, lower(s[i+1]))<<4 | strings.IndexByte(hex, lower(s[i+2]))))
			i += 2
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), true
}

const hex = "0123456789abcdef"

func lower(c byte) byte {
	if c >= 'A' && c <= 'F' {
		return c | 0x20
	}
	return c
}

// bodyActs reads {"query": …, "operationName": …, "variables": …}, or a batch, an
// array of them.
func bodyActs(body []byte) (acts []abi.Act, err error) {
	v, err := strictjson.Parse(body)
	if err != nil {
		return nil, errGraphQL
	}
	batch := []*strictjson.Value{v}
	if v.Kind() == strictjson.Array {
		batch = v.Items()
	}
	for _, one := range batch {
		document, ok := one.Get("query").Text()
		name, named := one.Get("operationName").Text()
		if kind := one.Get("operationName").Kind(); !ok || !named && kind != strictjson.Missing && kind != strictjson.Null || folded(one) {
			return nil, errGraphQL
		}
		if acts, err = operationActs(acts, document, name, named); err != nil {
			return nil, err
		}
	}
	if len(acts) == 0 || len(acts) > abi.MaxOperations {
		return nil, errGraphQL
	}
	return acts, nil
}

// folded: a member that somebody who folds case takes for one of those that
// count.
func folded(v *strictjson.Value) bool {
	for _, m := range v.Members() {
		for _, name := range []string{"query", "operationName", "variables", "operation_name", "id", "extensions", "documentId"} {
			if strings.EqualFold(m.Name, name) && m.Name != "query" && m.Name != "operationName" && m.Name != "variables" {
				return true
			}
		}
	}
	return false
}

func operationActs(acts []abi.Act, text, name string, named bool) ([]abi.Act, error) {
	d, err := parseDocument(text)
	if err != nil || named && name == "" {
		return nil, errGraphQL
	}
	op, err := d.chosen(name)
	if err != nil {
		return nil, err
	}
	fields, err := d.fields(op)
	if err != nil {
		return nil, err
	}
	switch op.kind {
	case "query":
		return append(acts, abi.Act{Name: "graphql.query", Class: seks.Read, Resource: "/graphql"}), nil
	case "mutation":
		for _, f := range fields {
			if len(f) > 100 {
				return nil, errGraphQL
			}
			acts = append(acts, abi.Act{Name: "graphql." + f, Class: mutations[f], Resource: "/graphql"})
		}
		return acts, nil
	}
	return nil, errGraphQL
}
