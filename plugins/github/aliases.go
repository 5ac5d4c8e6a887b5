package main

import (
	"strings"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
)

// aliases are other ways to write the beginning of a path. GitHub's documents
// leave them out, and its answers use them: the Link header of a repository's
// issues names /repositories/1300192/issues. An operation is the same by either
// name, a grant too.
var aliases = []struct{ documented, other string }{
	{"/repos/{owner}/{repo}", "/repositories/{id}"},
	{"/orgs/{org}/teams/{team_slug}", "/organizations/{org}/team/{team_id}"},
	{"/orgs/{org}", "/organizations/{org}"},
	{"/users/{username}", "/user/{account_id}"},
}

// operations is the catalogue, under all names.
func operations() []seks.Operation {
	ops := seks.Catalogue(table)
	documented := make(map[string]bool, len(ops))
	for _, op := range ops {
		documented[op.Method+op.Path] = true
	}
	for _, op := range ops[:len(ops):len(ops)] {
		for _, a := range aliases {
			rest, ok := strings.CutPrefix(op.Path, a.documented)
			if !ok || rest != "" && rest[0] != '/' {
				continue
			}
			op.Path = a.other + rest
			if !documented[op.Method+op.Path] {
				ops = append(ops, op)
			}
			break
		}
	}
	return ops
}
