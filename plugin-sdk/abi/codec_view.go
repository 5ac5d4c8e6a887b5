package abi

func (h *Header) appendTo(b []byte) []byte {
	b = appendString(b, 1, h.Name)
	return appendString(b, 2, h.Value)
}

func (h *Header) read(r *reader) {
	for r.next() {
		switch r.num {
		case 1:
			h.Name = r.raw()
		case 2:
			h.Value = r.raw()
		default:
			r.skip()
		}
	}
}

func (v *View) appendTo(b []byte) []byte {
	b = appendString(b, 1, v.Method)
	b = appendString(b, 2, v.Scheme)
	b = appendString(b, 3, v.Target)
	b = appendString(b, 4, v.Authority)
	b = appendString(b, 5, v.Mount)
	b = appendString(b, 6, v.Path)
	b = appendString(b, 7, v.Query)
	b = appendMessages(b, 8, v.Headers)
	b = appendString(b, 9, v.UpstreamAuthority)
	b = appendString(b, 10, v.UpstreamBase)
	b = appendUint(b, 11, v.Time)
	b = appendUint(b, 12, uint64(v.BodyState))
	b = appendBytes(b, 13, v.Body)
	b = appendString(b, 14, v.TokenID)
	return appendString(b, 15, v.Subdomain)
}

func (v *View) read(r *reader) {
	for r.next() {
		switch r.num {
		case 1:
			v.Method = r.raw()
		case 2:
			v.Scheme = r.text()
		case 3:
			v.Target = r.raw()
		case 4:
			v.Authority = r.raw()
		case 5:
			v.Mount = r.raw()
		case 6:
			v.Path = r.raw()
		case 7:
			v.Query = r.raw()
		case 8:
			v.Headers = messages(r, v.Headers)
		case 9:
			v.UpstreamAuthority = r.text()
		case 10:
			v.UpstreamBase = r.text()
		case 11:
			v.Time = r.uint()
		case 12:
			v.BodyState = BodyState(r.enum())
		case 13:
			v.Body = r.bytes()
		case 14:
			v.TokenID = r.text()
		case 15:
			v.Subdomain = r.text()
		default:
			r.skip()
		}
	}
}

func (a *AnswerHead) appendTo(b []byte) []byte {
	b = appendUint(b, 1, a.Status)
	b = appendMessages(b, 2, a.Headers)
	b = appendString(b, 3, a.Method)
	b = appendString(b, 4, a.Path)
	b = appendString(b, 5, a.Origin)
	return appendString(b, 6, a.Public)
}

func (a *AnswerHead) read(r *reader) {
	for r.next() {
		switch r.num {
		case 1:
			a.Status = r.uint()
		case 2:
			a.Headers = messages(r, a.Headers)
		case 3:
			a.Method = r.raw()
		case 4:
			a.Path = r.raw()
		case 5:
			a.Origin = r.text()
		case 6:
			a.Public = r.text()
		default:
			r.skip()
		}
	}
}
