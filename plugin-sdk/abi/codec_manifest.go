package abi

func (m *Manifest) appendTo(b []byte) []byte {
	b = appendString(b, 1, m.Name)
	b = appendString(b, 2, m.Version)
	b = appendString(b, 3, m.Title)
	b = appendMessages(b, 4, m.Upstreams)
	for _, p := range m.VersionPrefixes {
		b = appendItem(b, 5, p)
	}
	b = appendMessages(b, 6, m.Fields)
	b = appendMessages(b, 7, m.TokenSlots)
	for _, h := range m.Headers {
		b = appendItem(b, 8, h)
	}
	b = appendMessages(b, 9, m.Bodies)
	b = appendBool(b, 10, m.NeedsTime)
	b = appendBool(b, 11, m.OpaquePaths)
	b = appendBool(b, 12, m.OpaqueBodies)
	if e := &m.ErrorShape; e.ContentType != "" || e.Body != "" || len(e.Statuses) > 0 {
		b = appendMessage(b, 13, e)
	}
	b = appendMessages(b, 14, m.KeyShapes)
	b = appendMessages(b, 15, m.Operations)
	b = appendMessages(b, 16, m.Parameters)
	b = appendBool(b, 17, m.Subdomains)
	return appendMessages(b, 18, m.Hints)
}

func (m *Manifest) read(r *reader) {
	for r.next() {
		switch r.num {
		case 1:
			m.Name = r.text()
		case 2:
			m.Version = r.text()
		case 3:
			m.Title = r.text()
		case 4:
			m.Upstreams = messages(r, m.Upstreams)
		case 5:
			m.VersionPrefixes = r.texts(m.VersionPrefixes)
		case 6:
			m.Fields = messages(r, m.Fields)
		case 7:
			m.TokenSlots = messages(r, m.TokenSlots)
		case 8:
			m.Headers = r.texts(m.Headers)
		case 9:
			m.Bodies = messages(r, m.Bodies)
		case 10:
			m.NeedsTime = r.bool()
		case 11:
			m.OpaquePaths = r.bool()
		case 12:
			m.OpaqueBodies = r.bool()
		case 13:
			within(r, &m.ErrorShape, r.bytes())
		case 14:
			m.KeyShapes = messages(r, m.KeyShapes)
		case 15:
			m.Operations = messages(r, m.Operations)
		case 16:
			m.Parameters = messages(r, m.Parameters)
		case 17:
			m.Subdomains = r.bool()
		case 18:
			m.Hints = messages(r, m.Hints)
		default:
			r.skip()
		}
	}
}

func (u *Upstream) appendTo(b []byte) []byte {
	b = appendString(b, 1, u.Name)
	return appendString(b, 2, u.URL)
}

func (u *Upstream) read(r *reader) {
	for r.next() {
		switch r.num {
		case 1:
			u.Name = r.text()
		case 2:
			u.URL = r.text()
		default:
			r.skip()
		}
	}
}

func (f *Field) appendTo(b []byte) []byte {
	b = appendString(b, 1, f.Name)
	b = appendUint(b, 2, uint64(f.Use))
	b = appendBool(b, 3, f.Main)
	b = appendBool(b, 4, f.Optional)
	b = appendString(b, 5, f.Help)
	b = appendString(b, 6, f.Prefix)
	b = appendMessages(b, 7, f.Sinks)
	for _, s := range f.SignShapes {
		b = appendItem(b, 8, s)
	}
	return b
}

func (f *Field) read(r *reader) {
	for r.next() {
		switch r.num {
		case 1:
			f.Name = r.text()
		case 2:
			f.Use = FieldUse(r.enum())
		case 3:
			f.Main = r.bool()
		case 4:
			f.Optional = r.bool()
		case 5:
			f.Help = r.text()
		case 6:
			f.Prefix = r.text()
		case 7:
			f.Sinks = messages(r, f.Sinks)
		case 8:
			if p, ok := r.item(len(f.SignShapes)); ok {
				f.SignShapes = append(f.SignShapes, p)
			}
		default:
			r.skip()
		}
	}
}

func (s *Sink) appendTo(b []byte) []byte {
	b = appendUint(b, 1, uint64(s.Kind))
	return appendString(b, 2, s.Name)
}

func (s *Sink) read(r *reader) {
	for r.next() {
		switch r.num {
		case 1:
			s.Kind = SinkKind(r.enum())
		case 2:
			s.Name = r.text()
		default:
			r.skip()
		}
	}
}

func (s *Slot) appendTo(b []byte) []byte {
	b = appendUint(b, 1, uint64(s.Kind))
	b = appendString(b, 2, s.Name)
	return appendString(b, 3, s.Scheme)
}

func (s *Slot) read(r *reader) {
	for r.next() {
		switch r.num {
		case 1:
			s.Kind = SlotKind(r.enum())
		case 2:
			s.Name = r.text()
		case 3:
			s.Scheme = r.text()
		default:
			r.skip()
		}
	}
}

func (h *Hint) appendTo(b []byte) []byte {
	b = appendUint(b, 1, uint64(h.Kind))
	b = appendString(b, 2, h.Name)
	b = appendString(b, 3, h.Prefix)
	return appendString(b, 4, h.Message)
}

func (h *Hint) read(r *reader) {
	for r.next() {
		switch r.num {
		case 1:
			h.Kind = HintKind(r.enum())
		case 2:
			h.Name = r.text()
		case 3:
			h.Prefix = r.text()
		case 4:
			h.Message = r.text()
		default:
			r.skip()
		}
	}
}

func (n *BodyNeed) appendTo(b []byte) []byte {
	b = appendString(b, 1, n.Method)
	return appendString(b, 2, n.Path)
}

func (n *BodyNeed) read(r *reader) {
	for r.next() {
		switch r.num {
		case 1:
			n.Method = r.text()
		case 2:
			n.Path = r.text()
		default:
			r.skip()
		}
	}
}

func (e *ErrorShape) appendTo(b []byte) []byte {
	b = appendString(b, 1, e.ContentType)
	b = appendString(b, 2, e.Body)
	return appendMessages(b, 3, e.Statuses)
}

func (e *ErrorShape) read(r *reader) {
	for r.next() {
		switch r.num {
		case 1:
			e.ContentType = r.text()
		case 2:
			e.Body = r.text()
		case 3:
			e.Statuses = messages(r, e.Statuses)
		default:
			r.skip()
		}
	}
}

func (c *CodeStatus) appendTo(b []byte) []byte {
	b = appendString(b, 1, c.Code)
	b = appendUint(b, 2, c.Status)
	return appendString(b, 3, c.Word)
}

func (c *CodeStatus) read(r *reader) {
	for r.next() {
		switch r.num {
		case 1:
			c.Code = r.text()
		case 2:
			c.Status = r.uint()
		case 3:
			c.Word = r.text()
		default:
			r.skip()
		}
	}
}

func (k *KeyShape) appendTo(b []byte) []byte {
	b = appendString(b, 1, k.Name)
	b = appendString(b, 2, k.Prefix)
	b = appendString(b, 3, k.Alphabet)
	b = appendUint(b, 4, k.Min)
	return appendUint(b, 5, k.Max)
}

func (k *KeyShape) read(r *reader) {
	for r.next() {
		switch r.num {
		case 1:
			k.Name = r.text()
		case 2:
			k.Prefix = r.text()
		case 3:
			k.Alphabet = r.text()
		case 4:
			k.Min = r.uint()
		case 5:
			k.Max = r.uint()
		default:
			r.skip()
		}
	}
}

func (o *Operation) appendTo(b []byte) []byte {
	b = appendString(b, 1, o.Name)
	b = appendUint(b, 2, uint64(o.Class))
	b = appendString(b, 3, o.Method)
	return appendString(b, 4, o.Path)
}

func (o *Operation) read(r *reader) {
	for r.next() {
		switch r.num {
		case 1:
			o.Name = r.text()
		case 2:
			o.Class = Class(r.enum())
		case 3:
			o.Method = r.text()
		case 4:
			o.Path = r.text()
		default:
			r.skip()
		}
	}
}
