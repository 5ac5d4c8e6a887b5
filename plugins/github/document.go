package main

// document is a GraphQL document as far as it says what is done: its operations,
// and the fields at the top of each.
type document struct {
	operations []operation
	fragments  map[string][]selection
}

type operation struct {
	kind string // "query", "mutation" or "subscription"
	name string // "" for one without
	top  []selection
}

// selection is a field by its own name (not its alias), or a fragment's name.
type selection struct {
	field, fragment string
	inline          []selection // of an inline fragment
}

// maxDepth bounds how deep selections and values may be nested, and fragments
// in fragments.
const maxDepth = 64

// parseDocument reads an executable document (October 2021, §2.2). Definitions of
// types, names that stand twice, and what else a server would refuse are errors:
// what one refuses, another may read in its own way.
func parseDocument(text string) (*document, error) {
	all, err := tokens(text)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: all}
	d := &document{fragments: map[string][]selection{}}
	names := map[string]bool{}
	for p.peek().kind != tokenEnd && !p.failed {
		switch t := p.peek(); {
		case t == token{tokenPunctuator, "{"}:
			d.operations = append(d.operations, operation{kind: "query", top: p.selections(0)})
		case t == token{tokenName, "fragment"}:
			name, body := p.fragment()
			if _, twice := d.fragments[name]; twice {
				return nil, errGraphQL
			}
			d.fragments[name] = body
		case t.kind == tokenName && (t.text == "query" || t.text == "mutation" || t.text == "subscription"):
			op := p.operation()
			if op.name != "" && names[op.name] {
				return nil, errGraphQL
			}
			names[op.name] = true
			d.operations = append(d.operations, op)
		default:
			return nil, errGraphQL
		}
	}
	if p.failed || len(d.operations) == 0 {
		return nil, errGraphQL
	}
	return d, nil
}

// chosen is the operation that a server executes: the one of that name, or the
// only one (§6.1).
func (d *document) chosen(name string) (*operation, error) {
	if name == "" {
		if len(d.operations) == 1 {
			return &d.operations[0], nil
		}
		return nil, errGraphQL
	}
	for i := range d.operations {
		if d.operations[i].name == name {
			return &d.operations[i], nil
		}
	}
	return nil, errGraphQL
}

// fields are the names of the fields at the top of an operation, those of its
// fragments with them, whatever their type condition or directive says.
func (d *document) fields(op *operation) ([]string, error) {
	var names []string
	seen := map[string]bool{}
	steps := 0
	var walk func(list []selection, depth int) error
	walk = func(list []selection, depth int) error {
		for _, s := range list {
			if steps++; depth > maxDepth || steps > maxTokens {
				return errGraphQL
			}
			switch {
			case s.field != "":
				if !seen[s.field] {
					seen[s.field] = true
					names = append(names, s.field)
				}
			case s.fragment != "":
				body, ok := d.fragments[s.fragment]
				if !ok {
					return errGraphQL
				}
				if err := walk(body, depth+1); err != nil {
					return err
				}
			default:
				if err := walk(s.inline, depth+1); err != nil {
					return err
				}
			}
		}
		return nil
	}
	return names, walk(op.top, 0)
}

type parser struct {
	tokens []token
	failed bool
}

func (p *parser) peek() token {
	if len(p.tokens) == 0 {
		return token{}
	}
	return p.tokens[0]
}

func (p *parser) next() token {
	t := p.peek()
	if len(p.tokens) > 0 {
		p.tokens = p.tokens[1:]
	}
	return t
}

func (p *parser) fail() { p.failed, p.tokens = true, nil }

// take goes past a punctuator, where that is what comes next.
func (p *parser) take(punctuator string) bool {
	if p.peek() != (token{tokenPunctuator, punctuator}) {
		return false
	}
	p.next()
	return true
}

func (p *parser) must(punctuator string) {
	if !p.take(punctuator) {
		p.fail()
	}
}

func (p *parser) name() string {
	if t := p.next(); t.kind == tokenName {
		return t.text
	}
	p.fail()
	return ""
}

func (p *parser) operation() operation {
	op := operation{kind: p.name()}
	if p.peek().kind == tokenName {
		op.name = p.name()
	}
	if p.take("(") {
		for first := true; !p.failed && (first || !p.take(")")); first = false {
			p.variable()
		}
	}
	p.directives(0)
	op.top = p.selections(0)
	return op
}

// variable is $name: Type = value @directives.
func (p *parser) variable() {
	p.must("$")
	p.name()
	p.must(":")
	p.typeName(0)
	if p.take("=") {
		p.value(0)
	}
	p.directives(0)
}

func (p *parser) typeName(depth int) {
	switch {
	case depth > maxDepth:
		p.fail()
	case p.take("["):
		p.typeName(depth + 1)
		p.must("]")
	default:
		p.name()
	}
	p.take("!")
}

func (p *parser) fragment() (name string, body []selection) {
	p.name() // "fragment"
	if name = p.name(); name == "on" || p.name() != "on" {
		p.fail()
	}
	p.name()
	p.directives(0)
	return name, p.selections(0)
}

func (p *parser) selections(depth int) (list []selection) {
	if depth > maxDepth {
		p.fail()
		return nil
	}
	p.must("{")
	for first := true; !p.failed && (first || !p.take("}")); first = false {
		list = append(list, p.selection(depth))
	}
	return list
}

func (p *parser) selection(depth int) (s selection) {
	if p.take("...") {
		if t := p.peek(); t.kind == tokenName && t.text != "on" {
			s.fragment = p.name()
			p.directives(depth)
			return s
		}
		if p.peek().kind == tokenName { // "on"
			p.name()
			p.name()
		}
		p.directives(depth)
		s.inline = p.selections(depth + 1)
		return s
	}
	s.field = p.name()
	if p.take(":") { // what stood there was an alias
		s.field = p.name()
	}
	p.arguments(depth)
	p.directives(depth)
	if p.peek() == (token{tokenPunctuator, "{"}) {
		p.selections(depth + 1)
	}
	return s
}

func (p *parser) directives(depth int) {
	for !p.failed && p.take("@") {
		p.name()
		p.arguments(depth)
	}
}

func (p *parser) arguments(depth int) {
	if !p.take("(") {
		return
	}
	for first := true; !p.failed && (first || !p.take(")")); first = false {
		p.name()
		p.must(":")
		p.value(depth)
	}
}

func (p *parser) value(depth int) {
	if depth > maxDepth {
		p.fail()
		return
	}
	switch {
	case p.take("$"):
		p.name()
	case p.take("["):
		for !p.failed && !p.take("]") {
			p.value(depth + 1)
		}
	case p.take("{"):
		for !p.failed && !p.take("}") {
			p.name()
			p.must(":")
			p.value(depth + 1)
		}
	case p.peek().kind == tokenName, p.peek().kind == tokenValue:
		p.next()
	default:
		p.fail()
	}
}
