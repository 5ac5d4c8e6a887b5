package plan

import (
	"errors"
	"fmt"
	"strings"

	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// catalogue finds the operation of a method and a path: a tree of segments for
// each method. A literal segment wins over {name}:verb, that over {name}, and
// that over {name...}.
type catalogue map[string]*segment

type segment struct {
	literal map[string]*segment
	verbs   map[string]*segment // by ":verb"
	any     *segment
	rest    *abi.Operation
	here    *abi.Operation
}

func newCatalogue(ops []abi.Operation) (catalogue, error) {
	c := catalogue{}
	for i := range ops {
		if err := c.add(&ops[i]); err != nil {
			return nil, fmt.Errorf("operation %q (%s %s): %w", ops[i].Name, ops[i].Method, ops[i].Path, err)
		}
	}
	return c, nil
}

func (c catalogue) add(op *abi.Operation) error {
	if !opRE.MatchString(op.Name) {
		return fmt.Errorf("the name must match %s", opRE)
	}
	if op.Class < abi.ClassRead || op.Class > abi.ClassGrant {
		return fmt.Errorf("class %d is none of read, write, grant", op.Class)
	}
	if op.Method == "" {
		return errPattern
	}
	return c.place(op)
}

var errPattern = errors.New("needs a method in upper case and a path that begins with /")

// place gives op its node in the tree.
func (c catalogue) place(op *abi.Operation) error {
	if strings.ToUpper(op.Method) != op.Method || !strings.HasPrefix(op.Path, "/") {
		return errPattern
	}
	at := c[op.Method]
	if at == nil {
		at = &segment{}
		c[op.Method] = at
	}
	parts := strings.Split(op.Path[1:], "/")
	for i, part := range parts {
		switch {
		case strings.HasPrefix(part, "{") && strings.HasSuffix(part, "...}"):
			if i != len(parts)-1 || at.rest != nil {
				return fmt.Errorf("%s must be the last segment, and stand once", part)
			}
			at.rest = op
			return nil
		case strings.HasPrefix(part, "{") && strings.HasSuffix(part, "}"):
			if at.any == nil {
				at.any = &segment{}
			}
			at = at.any
		case verb(part) != "":
			at = child(&at.verbs, verb(part))
		case strings.ContainsAny(part, "{}*"):
			return fmt.Errorf("segment %q: {name} must be a whole segment, or all of it before a :verb", part)
		default:
			at = child(&at.literal, part)
		}
	}
	if at.here != nil {
		return fmt.Errorf("the same method and path as %q", at.here.Name)
	}
	at.here = op
	return nil
}

// verb is the ":verb" of a segment {name}:verb, "" where part is none.
func verb(part string) string {
	name, after, ok := strings.Cut(part, "}:")
	if !ok || !strings.HasPrefix(name, "{") || after == "" || strings.ContainsAny(name[1:]+after, "{}*:") {
		return ""
	}
	return ":" + after
}

func child(of *map[string]*segment, key string) *segment {
	if *of == nil {
		*of = map[string]*segment{}
	}
	if (*of)[key] == nil {
		(*of)[key] = &segment{}
	}
	return (*of)[key]
}

func (s *segment) find(path string) *abi.Operation {
	part, rest, more := strings.Cut(path, "/")
	if next := s.literal[part]; next != nil {
		if op := next.below(rest, more); op != nil {
			return op
		}
	}
	if i := strings.LastIndexByte(part, ':'); i > 0 {
		if next := s.verbs[part[i:]]; next != nil {
			if op := next.below(rest, more); op != nil {
				return op
			}
		}
	}
	if s.any != nil && part != "" {
		if op := s.any.below(rest, more); op != nil {
			return op
		}
	}
	return s.rest
}

func (s *segment) below(rest string, more bool) *abi.Operation {
	if !more {
		return s.here
	}
	return s.find(rest)
}

// Acts are the operations that the catalogue knows for a request, one for each
// reading of its path that means another operation. A reading that it does not
// know gives an act without a name, of unknown class. HEAD is looked up as GET.
func (m *Manifest) Acts(method, path string) []abi.Act {
	if method == "HEAD" {
		method = "GET"
	}
	root := m.catalogue[method]
	readings := request.Readings(path)
	if len(readings) == 0 { // too many to judge
		return []abi.Act{{Resource: path}}
	}
	var acts []abi.Act
	for _, reading := range readings {
		act := abi.Act{Resource: reading}
		if root != nil && strings.HasPrefix(reading, "/") {
			if op := root.find(reading[1:]); op != nil {
				act.Name, act.Class = op.Name, op.Class
			}
		}
		acts = append(acts, act)
	}
	return acts
}

// ClassName is the word for a class.
func ClassName(c abi.Class) string {
	switch c {
	case abi.ClassRead:
		return "read"
	case abi.ClassWrite:
		return "write"
	case abi.ClassGrant:
		return "grant"
	}
	return "unknown"
}

// Own is the path, which begins with the base that broker.toml gives the upstream
// of that index, as the manifest's own upstream has it: the catalogue and the body
// needs are written for that one. A path that a plan has led out of the base stays
// as it is.
func (m *Manifest) Own(upstream int, base, path string) string {
	rest, ok := strings.CutPrefix(path, base)
	if !ok || rest != "" && rest[0] != '/' {
		return path
	}
	if upstream >= len(m.Origin) {
		return rest // left to the operator: the manifest speaks of what is below its base
	}
	return m.Origin[upstream].Path + rest
}
