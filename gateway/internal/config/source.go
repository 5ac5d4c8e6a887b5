package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// document is a parsed file: its tree of plain values, the line of each key,
// and what was found wrong so far.
type document struct {
	file  string
	root  map[string]any
	lines map[string]int  // by toml.Key.String()
	asked map[string]bool // every key that the broker knows; the rest is refused
	found []finding
}

type finding struct {
	line int
	err  error
}

// parseDocument reads the syntax only, so that a value of a wrong type is one
// error among others and not the end. A syntax error is the end.
func parseDocument(file, text string) (*document, error) {
	d := &document{file: file, root: map[string]any{}, lines: map[string]int{}, asked: map[string]bool{}}
	if _, err := toml.Decode(text, &d.root); err != nil {
		if p, ok := errors.AsType[toml.ParseError](err); ok {
			where := ""
			if p.LastKey != "" {
				where = "near " + p.LastKey + ": "
			}
			return nil, Errors{fmt.Errorf("%s:%d: %s%s", file, p.Position.Line, where, p.Message)}
		}
		return nil, Errors{fmt.Errorf("%s: %w", file, err)}
	}
	var entries map[string]toml.Primitive
	md, err := toml.Decode(text, &entries)
	if err != nil {
		return nil, Errors{fmt.Errorf("%s: %w", file, err)}
	}
	d.locate(&md, nil, entries)
	return d, nil
}

var errProbe = errors.New("probe")

// probe refuses any value. The parser knows where each key is but says so only
// in an error about it; this is how to ask.
type probe struct{}

func (*probe) UnmarshalTOML(any) error { return errProbe }

func (d *document) locate(md *toml.MetaData, at toml.Key, entries map[string]toml.Primitive) {
	for name, entry := range entries {
		key := child(at, name)
		if p, ok := errors.AsType[toml.ParseError](md.PrimitiveDecode(entry, &probe{})); ok && p.Position.Line > 0 {
			d.lines[key.String()] = p.Position.Line
		}
		var inner map[string]toml.Primitive
		if md.PrimitiveDecode(entry, &inner) == nil {
			d.locate(md, key, inner)
		}
	}
}

// line is where key stands; for a table that no line names of its own ("a" in
// "[a.b]"), where the first of its keys stands; else where its table stands.
func (d *document) line(key toml.Key) int {
	for ; len(key) > 0; key = key[:len(key)-1] {
		if n := d.lines[key.String()]; n > 0 {
			return n
		}
		first := 0
		for k, n := range d.lines {
			if strings.HasPrefix(k, key.String()+".") && (first == 0 || n < first) {
				first = n
			}
		}
		if first > 0 {
			return first
		}
	}
	return 1
}

func (d *document) fault(key toml.Key, format string, args ...any) {
	n := d.line(key)
	d.found = append(d.found, finding{n, fmt.Errorf("%s:%d: %s: %s", d.file, n, key, fmt.Sprintf(format, args...))})
}

// refuseUnknown reports every key that nothing asked for. A table that is
// unknown is one error, whatever it holds.
func (d *document) refuseUnknown(at toml.Key, values map[string]any) {
	for name, v := range values {
		key := child(at, name)
		if !d.asked[key.String()] {
			d.fault(key, "there is no such key; here are: %s", strings.Join(d.names(at), ", "))
			continue
		}
		if inner, ok := v.(map[string]any); ok {
			d.refuseUnknown(key, inner)
		}
	}
}

// names lists the known keys right below at.
func (d *document) names(at toml.Key) []string {
	var names []string
	prefix := ""
	if len(at) > 0 {
		prefix = at.String() + "."
	}
	for k := range d.asked {
		if rest, ok := strings.CutPrefix(k, prefix); ok && !strings.Contains(rest, ".") {
			names = append(names, rest)
		}
	}
	slices.Sort(names)
	return names
}

// err is all that was found, in the order of the lines; nil if nothing was.
func (d *document) err() error {
	if len(d.found) == 0 {
		return nil
	}
	slices.SortStableFunc(d.found, func(a, b finding) int {
		if a.line != b.line {
			return a.line - b.line
		}
		return strings.Compare(a.err.Error(), b.err.Error())
	})
	all := make(Errors, len(d.found))
	for i, f := range d.found {
		all[i] = f.err
	}
	return all
}

func child(at toml.Key, name string) toml.Key {
	return append(slices.Clone(at), name)
}
