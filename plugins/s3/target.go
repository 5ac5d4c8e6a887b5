package main

import (
	"strings"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/sigv4"
)

// target is what a request is for, in path style whatever style it came in.
type target struct {
	path        string // as it goes upstream, below its base
	bucket, key string // as they stand in path; "" for none
	query       []sigv4.Parameter
}

// locate finds bucket and key. A bucket without a key has no slash behind it: so
// rules on paths mean the same in both styles, whatever a client writes.
func locate(v *seks.View, query []sigv4.Parameter) target {
	t := target{path: v.Path, query: query}
	if v.Subdomain != "" {
		t.path = "/" + v.Subdomain + v.Path
	}
	t.bucket, t.key, _ = strings.Cut(strings.TrimPrefix(t.path, "/"), "/")
	if t.bucket != "" && t.key == "" {
		t.path = "/" + t.bucket
	}
	return t
}

// plain says that nothing reads bucket and key in another way than we do: a
// server that decodes first, or merges slashes, has the same operation in mind.
func (t *target) plain() bool {
	for i := range len(t.bucket) {
		c := t.bucket[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '-' && c != '_' {
			return false
		}
	}
	return (t.bucket != "" || t.path == "/") && (t.key == "" || strings.Trim(strings.ReplaceAll(strings.ToLower(t.key), "%2f", "/"), "/") != "")
}
