package abi

func (n *ParameterNeed) appendTo(b []byte) []byte {
	b = appendString(b, 1, n.Name)
	return appendString(b, 2, n.Help)
}

func (n *ParameterNeed) read(r *reader) {
	for r.next() {
		switch r.num {
		case 1:
			n.Name = r.text()
		case 2:
			n.Help = r.text()
		default:
			r.skip()
		}
	}
}

func (p *Parameters) appendTo(b []byte) []byte { return appendMessages(b, 1, p.Parameters) }

func (p *Parameters) read(r *reader) {
	for r.next() {
		switch r.num {
		case 1:
			p.Parameters = messages(r, p.Parameters)
		default:
			r.skip()
		}
	}
}

func (p *Parameter) appendTo(b []byte) []byte {
	b = appendString(b, 1, p.Name)
	return appendString(b, 2, p.Value)
}

func (p *Parameter) read(r *reader) {
	for r.next() {
		switch r.num {
		case 1:
			p.Name = r.text()
		case 2:
			p.Value = r.text()
		default:
			r.skip()
		}
	}
}
