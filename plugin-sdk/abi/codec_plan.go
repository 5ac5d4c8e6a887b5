package abi

func (p *Plan) appendTo(b []byte) []byte {
	b = appendMessages(b, 1, p.Edits)
	b = appendString(b, 2, p.Upstream)
	b = appendMessages(b, 3, p.Acts)
	b = appendMessages(b, 4, p.Checks)
	b = appendUint(b, 5, uint64(p.BodyMode))
	if p.Refusal != nil {
		b = appendMessage(b, 6, p.Refusal)
	}
	b = appendBool(b, 7, p.InspectAnswer)
	b = appendUint(b, 8, p.Digests)
	b = appendUint(b, 9, p.BodySize)
	return appendBytes(b, 10, p.BodyContext)
}

func (p *Plan) read(r *reader) {
	for r.next() {
		switch r.num {
		case 1:
			p.Edits = messages(r, p.Edits)
		case 2:
			p.Upstream = r.text()
		case 3:
			p.Acts = messages(r, p.Acts)
		case 4:
			p.Checks = messages(r, p.Checks)
		case 5:
			p.BodyMode = BodyMode(r.enum())
		case 6:
			p.Refusal = new(Refusal)
			within(r, p.Refusal, r.bytes())
		case 7:
			p.InspectAnswer = r.bool()
		case 8:
			p.Digests = r.uint()
		case 9:
			p.BodySize = r.uint()
		case 10:
			p.BodyContext = r.bytes()
		default:
			r.skip()
		}
	}
}

func (e *Edit) appendTo(b []byte) []byte {
	b = appendUint(b, 1, uint64(e.Kind))
	b = appendString(b, 2, e.Name)
	return appendBytes(b, 3, e.Value)
}

func (e *Edit) read(r *reader) {
	for r.next() {
		switch r.num {
		case 1:
			e.Kind = EditKind(r.enum())
		case 2:
			e.Name = r.text()
		case 3:
			e.Value = r.bytes()
		default:
			r.skip()
		}
	}
}

func (a *Act) appendTo(b []byte) []byte {
	b = appendString(b, 1, a.Name)
	b = appendUint(b, 2, uint64(a.Class))
	b = appendString(b, 3, a.Resource)
	return appendString(b, 4, a.Method)
}

func (a *Act) read(r *reader) {
	for r.next() {
		switch r.num {
		case 1:
			a.Name = r.text()
		case 2:
			a.Class = Class(r.enum())
		case 3:
			a.Resource = r.raw()
		case 4:
			a.Method = r.text()
		default:
			r.skip()
		}
	}
}

func (c *Check) appendTo(b []byte) []byte {
	b = appendBytes(b, 1, c.A)
	b = appendBytes(b, 2, c.B)
	b = appendString(b, 3, c.Code)
	b = appendString(b, 4, c.Word)
	return appendString(b, 5, c.Message)
}

func (c *Check) read(r *reader) {
	for r.next() {
		switch r.num {
		case 1:
			c.A = r.bytes()
		case 2:
			c.B = r.bytes()
		case 3:
			c.Code = r.text()
		case 4:
			c.Word = r.text()
		case 5:
			c.Message = r.text()
		default:
			r.skip()
		}
	}
}

func (f *Refusal) appendTo(b []byte) []byte {
	b = appendString(b, 1, f.Code)
	b = appendString(b, 2, f.Message)
	return appendString(b, 3, f.Word)
}

func (f *Refusal) read(r *reader) {
	for r.next() {
		switch r.num {
		case 1:
			f.Code = r.text()
		case 2:
			f.Message = r.text()
		case 3:
			f.Word = r.text()
		default:
			r.skip()
		}
	}
}
