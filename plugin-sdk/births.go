package seks

import (
	"strconv"
	"strings"
)

// Births says in which answers secrets are born, and at which paths of their JSON:
// a key that a call has made, which no needle knows. Such values are masked.
//
//	births := seks.ReadBirths(`
//	POST /v1/keys              key.value
//	POST /v1/keys/{id}/rotate  key.value key.previous
//	`)
//
// Plan asks for the answers that it has to see with Watch, and Scrub is its own:
//
//	Plan:  func(v *seks.View) *seks.Plan { return births.Watch(seks.Bearer("api_key"), v) },
//	Scrub: births.Scrub,
type Births []Birth

// Birth is one line of them. Path is compared with the end of a request's path, so
// that it holds below any base: "{id}" stands for one segment, "{id}:verb" for one
// that ends so.
type Birth struct {
	Method, Path string
	Fields       []string // as in ScrubPlan.SecretFields
}

// ReadBirths reads a table, a line each: method, path, and one or more fields,
// with any space between them. Empty lines and lines that begin with "#" are left
// out. It panics on any other line: the table is part of the program.
func ReadBirths(table string) Births {
	var all Births
	for line := range strings.Lines(table) {
		words := strings.Fields(line)
		if len(words) == 0 || words[0][0] == '#' {
			continue
		}
		if len(words) < 3 || words[1][0] != '/' {
			panic("seks: no line of births, which is METHOD PATH FIELD…: " + line)
		}
		all = append(all, Birth{words[0], words[1], words[2:]})
	}
	return all
}

// Watch has the plan ask for the answer's head where a secret may be born in it.
func (b Births) Watch(p *Plan, v *View) *Plan {
	if len(b.At(v.Method, v.Path)) > 0 {
		p.Inspect()
	}
	return p
}

// Scrub masks what is born in an answer. One that says no bears nothing, and need
// not be JSON.
func (b Births) Scrub(a *AnswerHead) *ScrubPlan {
	if a.Status < 200 || a.Status > 299 {
		return nil
	}
	return &ScrubPlan{SecretFields: b.At(a.Method, a.Path)}
}

// At is where secrets are in the answer to a request. A path that can be read in
// several ways counts for each of them: which one the API takes is not known.
func (b Births) At(method, path string) (fields []string) {
	for _, birth := range b {
		if strings.EqualFold(birth.Method, method) && ends(path, birth.Path, decodings) {
			fields = append(fields, birth.Fields...)
		}
	}
	return fields
}

// decodings is how often the host takes a path to be percent-decoded at most.
const decodings = 3

// ends says whether a reading of path ends with pattern.
func ends(path, pattern string, decodings int) bool {
	if endsPlain(path, pattern) || strings.Contains(path, ";") && ends(withoutParameters(path), pattern, decodings) {
		return true
	}
	return decodings > 0 && strings.Contains(path, "%") && ends(decoded(path), pattern, decodings-1)
}

// endsPlain compares from the last segment on. Empty segments mean nothing, and
// neither does case: an API that minds them answers with an error.
func endsPlain(path, pattern string) bool {
	for pattern != "" {
		var have, want string
		path, have = lastSegment(path)
		pattern, want = lastSegment(pattern)
		if want[0] == '{' { // "{id}" or "{id}:verb"
			_, want, _ = strings.Cut(want, "}")
			have = have[max(0, len(have)-len(want)):]
		} else if have == "" {
			return false
		}
		if !strings.EqualFold(have, want) {
			return false
		}
	}
	return true
}

func lastSegment(path string) (before, segment string) {
	path = strings.TrimRight(path, "/")
	i := strings.LastIndexByte(path, '/')
	return path[:max(i, 0)], path[i+1:]
}

func withoutParameters(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		segments[i], _, _ = strings.Cut(s, ";")
	}
	return strings.Join(segments, "/")
}

// decoded is path with its escapes decoded once. A "%" that begins none stays.
func decoded(path string) string {
	b := make([]byte, 0, len(path))
	for i := 0; i < len(path); i++ {
		if path[i] == '%' && i+2 < len(path) {
			if c, err := strconv.ParseUint(path[i+1:i+3], 16, 8); err == nil {
				b = append(b, byte(c))
				i += 2
				continue
			}
		}
		b = append(b, path[i])
	}
	return string(b)
}
