package main

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// deletion is one object of a DeleteObjects body.
type deletion struct {
	key     string
	version bool
}

// maxDeletions is how many keys S3 takes in one request.
const maxDeletions = 1000

// deletions reads a DeleteObjects body. It takes what clients write and nothing
// else of XML: no comments, sections, processing instructions or document types,
// and every element in the one place where it belongs. ok is false for any other
// body, which some other parser might read in another way.
func deletions(body []byte) (list []deletion, ok bool) {
	d := scanner{rest: string(body)}
	if !utf8.ValidString(d.rest) {
		return nil, false
	}
	d.prolog()
	d.open("Delete")
	for !d.bad && !d.at("</") {
		if d.at("<Quiet>") {
			d.text("Quiet")
			continue
		}
		list = append(list, d.object())
		if len(list) > maxDeletions {
			return nil, false
		}
	}
	d.close("Delete")
	return list, !d.bad && d.rest == "" && len(list) > 0
}

// scanner reads from the front of rest; bad stays set.
type scanner struct {
	rest string
	bad  bool
}

func (d *scanner) space() { d.rest = strings.TrimLeft(d.rest, " \t\r\n") }

func (d *scanner) at(s string) bool {
	d.space()
	return strings.HasPrefix(d.rest, s)
}

func (d *scanner) take(s string) {
	rest, ok := strings.CutPrefix(d.rest, s)
	d.rest, d.bad = rest, d.bad || !ok
}

// prolog is an XML declaration in UTF-8, or none.
func (d *scanner) prolog() {
	d.rest = strings.TrimPrefix(d.rest, "\ufeff")
	if !d.at("<?xml ") {
		return
	}
	declaration, rest, ok := strings.Cut(d.rest, "?>")
	declaration = strings.ToLower(declaration)
	d.rest, d.bad = rest, !ok || strings.Contains(declaration[5:], "<") || strings.Contains(declaration, "encoding") && !strings.Contains(declaration, `"utf-8"`) && !strings.Contains(declaration, `'utf-8'`)
}

// open is a start tag, with a namespace or without.
func (d *scanner) open(name string) {
	d.space()
	d.take("<" + name)
	attributes, rest, ok := strings.Cut(d.rest, ">")
	d.rest, d.bad = rest, d.bad || !ok
	attributes = strings.TrimSpace(attributes)
	if attributes == "" || attributes == `xmlns="http://s3.amazonaws.com/doc/2006-03-01/"` || attributes == `xmlns="http://s3.amazonaws.com/doc/2006-03-01"` {
		return
	}
	d.bad = true
}

func (d *scanner) close(name string) {
	d.space()
	d.take("</" + name)
	d.space()
	d.take(">")
	d.space()
}

func (d *scanner) object() (o deletion) {
	d.open("Object")
	keys := 0
	for !d.bad && !d.at("</") {
		switch {
		case d.at("<Key>"):
			o.key = d.text("Key")
			keys++
		case d.at("<VersionId>"):
			d.text("VersionId")
			o.version = true
		case d.at("<ETag>"):
			d.text("ETag")
		case d.at("<LastModifiedTime>"):
			d.text("LastModifiedTime")
		case d.at("<Size>"):
			d.text("Size")
		default:
			d.bad = true
		}
	}
	d.close("Object")
	d.bad = d.bad || keys != 1 || o.key == ""
	return o
}

// text is an element that holds text alone.
func (d *scanner) text(name string) string {
	d.take("<" + name + ">")
	raw, rest, ok := strings.Cut(d.rest, "<")
	d.rest, d.bad = "<"+rest, d.bad || !ok
	d.take("</" + name)
	d.space()
	d.take(">")
	return d.unescape(raw)
}

var entities = map[string]string{"lt": "<", "gt": ">", "amp": "&", "quot": `"`, "apos": "'"}

// unescape reads the five names and the numbers of characters.
func (d *scanner) unescape(raw string) string {
	var b strings.Builder
	for {
		before, rest, ok := strings.Cut(raw, "&")
		b.WriteString(strings.ReplaceAll(before, "\r\n", "\n")) // XML 1.0 §2.11
		if !ok {
			break
		}
		name, after, ok := strings.Cut(rest, ";")
		text := entities[name]
		if digits, numeric := strings.CutPrefix(name, "#"); numeric {
			text = character(digits)
		}
		d.bad = d.bad || !ok || text == ""
		b.WriteString(text)
		raw = after
	}
	return b.String()
}

// character is that of a number in decimal, or in hex behind an x; "" for none.
func character(digits string) string {
	base := 10
	if hex, ok := strings.CutPrefix(digits, "x"); ok {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 21)
	if err != nil || n == 0 || n > utf8.MaxRune || n >= 0xd800 && n < 0xe000 {
		return ""
	}
	return string(rune(n))
}
