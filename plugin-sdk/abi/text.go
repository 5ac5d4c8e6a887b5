package abi

import (
	"cmp"
	"strconv"
	"strings"
)

// Text writes a program in words, in its own order, on one line:
//
//	"Bearer " field:api_key concat:2
//
// What can't be read ends it with "unreadable:" and the reason. Everything
// outside printable ASCII is escaped, so the text is safe on a terminal.
func Text(program []byte) string { return strings.Join(words(program), " ") }

func words(program []byte) []string {
	var out []string
	for len(program) > 0 {
		in, rest, err := Next(program)
		if err != nil {
			return append(out, "unreadable: "+err.Error())
		}
		out = append(out, in.text())
		program = rest
	}
	return out
}

var (
	opNames = map[Op]string{
		OpToken: "token", OpAny: "any", OpHex: "hex", OpBase64: "base64", OpBase64URL: "base64url", OpPercent: "percent",
		OpRSA: "rsa-sha256", OpECDSA: "ecdsa-p256", OpEd25519: "ed25519",
		OpDigest: "digest", OpHMAC: "hmac", OpConcat: "concat", OpLoad: "load", OpStore: "store", OpAbsorb: "absorb", OpTotal: "total",
	}
	hashNames = map[Hash]string{MD5: "md5", SHA1: "sha1", SHA256: "sha256", SHA512: "sha512"}
)

// String is the operation in words, as in Text.
func (in Instr) String() string { return in.text() }

func (in Instr) text() string {
	switch in.Op {
	case OpLit:
		return quote(string(in.Bytes))
	case OpField:
		return "field:" + plain(string(in.Bytes))
	case OpSlice:
		return "slice:" + strconv.FormatUint(in.N, 10) + ":" + strconv.FormatUint(in.M, 10)
	case OpHash:
		return hashNames[in.Hash]
	case OpHMAC, OpDigest:
		return opNames[in.Op] + ":" + hashNames[in.Hash]
	case OpAbsorb, OpTotal:
		return opNames[in.Op] + ":" + strconv.FormatUint(in.N, 10) + ":" + hashNames[in.Hash]
	case OpConcat, OpLoad, OpStore:
		return opNames[in.Op] + ":" + strconv.FormatUint(in.N, 10)
	}
	return opNames[in.Op]
}

var (
	editNames = map[EditKind]string{
		SetHeader: "set-header", AddHeader: "add-header", RemoveHeader: "remove-header",
		SetQuery: "set-query", AddQuery: "add-query", RemoveQuery: "remove-query",
		SetPath: "set-path", SetRawQuery: "set-raw-query", SetJSON: "set-json", SetForm: "set-form",
	}
	classNames = map[Class]string{ClassUnknown: "unknown", ClassRead: "read", ClassWrite: "write", ClassGrant: "grant"}
	modeNames  = map[BodyMode]string{BodyHashFirst: "hash-first", BodyTransform: "transform"}
)

// said is a code, and the API's own word where there is one.
func said(code, word string) string {
	if word == "" {
		return plain(code)
	}
	return plain(code) + " as " + plain(word)
}

// Text writes the plan in words, one edit, act or check a line, each with a
// line break at its end:
//
//	set-header authorization   "Bearer " field:api_key concat:2
//
// A check has its two programs in the lines below it. Long programs go on in further lines that begin with three spaces.
func (p *Plan) Text() string {
	var lines []string
	if r := p.Refusal; r != nil {
		lines = append(lines, "refuse "+said(r.Code, r.Word)+" "+quote(r.Message))
	}
	if p.Upstream != "" {
		lines = append(lines, "upstream "+plain(p.Upstream))
	}
	for i := range p.Edits {
		e := &p.Edits[i]
		head := name(editNames[e.Kind], uint64(e.Kind))
		if e.Name != "" {
			head += " " + plain(e.Name)
		}
		lines = append(lines, wrap(head, e.Value)...)
	}
	for _, a := range p.Acts {
		line := "act " + plain(a.Name) + " " + name(classNames[a.Class], uint64(a.Class)) + " " + plain(a.Resource)
		if a.Method != "" {
			line += " by " + plain(a.Method)
		}
		lines = append(lines, line)
	}
	for i := range p.Checks {
		c := &p.Checks[i]
		line := "check-equal else " + said(cmp.Or(c.Code, "signature_invalid"), c.Word)
		if c.Message != "" {
			line += " " + quote(c.Message)
		}
		lines = append(lines, line)
		lines = append(lines, wrap("", c.A)...)
		lines = append(lines, wrap("", c.B)...)
	}
	if p.BodyMode != BodyPass {
		lines = append(lines, "body "+name(modeNames[p.BodyMode], uint64(p.BodyMode)))
	}
	if p.BodySize != 0 {
		lines = append(lines, "body-size "+strconv.FormatUint(p.BodySize-1, 10))
	}
	if p.Digests != 0 {
		lines = append(lines, "keep-digests "+digestNames(p.Digests))
	}
	if len(p.BodyContext) > 0 {
		lines = append(lines, "body-context "+quote(string(p.BodyContext)))
	}
	if p.InspectAnswer {
		lines = append(lines, "inspect-answer")
	}
	if len(lines) == 0 {
		return ""
	}
	return strings.Join(lines, "\n") + "\n"
}

// digestNames lists the hashes of a plan's digests.
func digestNames(bits uint64) string {
	var list []string
	for h := MD5; h <= SHA512; h++ {
		if bits&(1<<h) != 0 {
			list = append(list, hashNames[h])
			bits &^= 1 << h
		}
	}
	if bits != 0 {
		list = append(list, "0x"+strconv.FormatUint(bits, 16))
	}
	return strings.Join(list, " ")
}

// wrap puts a program after a head, in lines of up to 100 bytes where its
// words allow.
func wrap(head string, program []byte) []string {
	const width, indent = 100, "   "
	line, lines, empty := head+indent, []string(nil), true
	for _, w := range words(program) {
		if !empty && len(line)+1+len(w) > width {
			lines = append(lines, line)
			line, empty = indent, true
		}
		if !empty {
			line += " "
		}
		line += w
		empty = false
	}
	return append(lines, strings.TrimRight(line, " "))
}

// name is the word for an enum's value, or its number where there is none.
func name(word string, value uint64) string {
	if word == "" {
		return strconv.FormatUint(value, 10)
	}
	return word
}

// plain is s as it is where that can't be misread, and quoted elsewhere.
func plain(s string) string {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || c == '"' || c == '\\' {
			return quote(s)
		}
	}
	if s == "" {
		return `""`
	}
	return s
}

func quote(s string) string { return strconv.QuoteToASCII(s) }
