package abi

func (s *ScrubPlan) appendTo(b []byte) []byte {
	for _, h := range s.Drop {
		b = appendItem(b, 1, h)
	}
	for _, h := range s.Mask {
		b = appendItem(b, 2, h)
	}
	b = appendMessages(b, 3, s.Rewrites)
	for _, c := range s.KeepCookies {
		b = appendItem(b, 4, c)
	}
	for _, f := range s.SecretFields {
		b = appendItem(b, 5, f)
	}
	b = appendBool(b, 6, s.TransformBody)
	for _, l := range s.Links {
		b = appendItem(b, 7, l)
	}
	return b
}

func (s *ScrubPlan) read(r *reader) {
	for r.next() {
		switch r.num {
		case 1:
			s.Drop = r.texts(s.Drop)
		case 2:
			s.Mask = r.texts(s.Mask)
		case 3:
			s.Rewrites = messages(r, s.Rewrites)
		case 4:
			s.KeepCookies = r.texts(s.KeepCookies)
		case 5:
			s.SecretFields = r.texts(s.SecretFields)
		case 6:
			s.TransformBody = r.bool()
		case 7:
			s.Links = r.texts(s.Links)
		default:
			r.skip()
		}
	}
}

func (w *Rewrite) appendTo(b []byte) []byte {
	b = appendString(b, 1, w.Header)
	b = appendString(b, 2, w.From)
	return appendString(b, 3, w.To)
}

func (w *Rewrite) read(r *reader) {
	for r.next() {
		switch r.num {
		case 1:
			w.Header = r.text()
		case 2:
			w.From = r.text()
		case 3:
			w.To = r.text()
		default:
			r.skip()
		}
	}
}

func (b *BodyResult) appendTo(out []byte) []byte {
	out = appendMessages(out, 1, b.Segments)
	return appendMessages(out, 2, b.Checks)
}

func (b *BodyResult) read(r *reader) {
	for r.next() {
		switch r.num {
		case 1:
			b.Segments = messages(r, b.Segments)
		case 2:
			b.Checks = messages(r, b.Checks)
		default:
			r.skip()
		}
	}
}

func (s *Segment) appendTo(b []byte) []byte {
	b = appendUint(b, 1, uint64(s.Kind))
	b = appendUint(b, 2, s.Offset)
	b = appendUint(b, 3, s.Length)
	return appendBytes(b, 4, s.Bytes)
}

func (s *Segment) read(r *reader) {
	for r.next() {
		switch r.num {
		case 1:
			s.Kind = SegmentKind(r.enum())
		case 2:
			s.Offset = r.uint()
		case 3:
			s.Length = r.uint()
		case 4:
			s.Bytes = r.bytes()
		default:
			r.skip()
		}
	}
}
