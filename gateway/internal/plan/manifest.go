// Package plan holds what a plugin says, once it has been read and found
// within bounds: the Manifest, the Plan for one request and the Scrub plan for
// one answer. Whatever is not in these types, a plugin cannot ask for.
package plan

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// Manifest is a plugin's manifest, checked, with what is looked up in it on
// every request made ready.
type Manifest struct {
	abi.Manifest
	Digest string       // hex SHA-256 of the module that said it
	Shape  *fault.Shape // how this API writes errors
	Origin []*url.URL   // one for each of Upstreams

	catalogue catalogue
	bodies    catalogue // of requests whose body the view brings; nil for none
}

var (
	nameRE    = regexp.MustCompile(`^[a-z][a-z0-9-]{0,31}$`)
	fieldRE   = regexp.MustCompile(`^[a-z][a-z0-9_]{0,31}$`)
	lowerRE   = regexp.MustCompile(`^[a-z0-9!#$%&'*+.^_|~-]{1,64}$`)
	prefixRE  = regexp.MustCompile(`^(/[A-Za-z0-9._-]+)+$`)
	hostRE    = regexp.MustCompile(`^([a-z0-9-]+(\.[a-z0-9-]+)*|\[[0-9a-f:.]+\])(:[1-9][0-9]{0,4})?$`)
	versionRE = regexp.MustCompile(`^[0-9A-Za-z.+-]{1,64}$`)
	methodRE  = regexp.MustCompile(`^[A-Z]{1,32}$`)
	opRE      = regexp.MustCompile(`^[A-Za-z0-9_.:-]{1,128}$`)
)

// ParseManifest reads a manifest and says all that is wrong with it.
func ParseManifest(b []byte, digest string) (*Manifest, error) {
	if len(b) > abi.MaxManifest {
		return nil, fmt.Errorf("the manifest has %d bytes; at most %d are allowed", len(b), abi.MaxManifest)
	}
	m := &Manifest{Digest: digest}
	if err := m.Unmarshal(b); err != nil {
		return nil, fmt.Errorf("the manifest can't be read: %w", err)
	}
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if err := CheckName(m.Name); err != nil {
		errs = append(errs, err)
	}
	if !versionRE.MatchString(m.Version) {
		bad("version %q: must match %s", m.Version, versionRE)
	}
	m.checkUpstreams(bad)
	m.checkFields(bad)
	m.checkSlots(bad)
	m.checkErrorShape(bad)
	m.checkKeyShapes(bad)
	m.checkParameters(bad)
	m.checkHints(bad)
	if !oneLine(m.Title) {
		bad("title: must be one line of up to %d printable characters", maxLine)
	}
	for _, p := range m.VersionPrefixes {
		if !plainPath(p) {
			bad("version prefix %q: must look like /v1", p)
		}
	}
	for _, h := range m.Headers {
		if h != "*" && !lowerRE.MatchString(h) {
			bad("header need %q: must be a header name in lower case, or the beginning of one and a *", h)
		}
	}
	var err error
	if m.catalogue, err = newCatalogue(m.Operations); err != nil {
		errs = append(errs, err)
	}
	if m.bodies, err = newBodies(m.Bodies); err != nil {
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return m, nil
}

// CheckName says what is wrong with a plugin's name.
func CheckName(name string) error {
	if !nameRE.MatchString(name) {
		return fmt.Errorf("name %q: must match %s, so lower-case letters, digits and \"-\", with a letter first", name, nameRE)
	}
	return nil
}

// plainPath: what the host puts before a path that it has found sound must not
// make it another, as a dot segment would.
func plainPath(p string) bool {
	return prefixRE.MatchString(p) && !strings.Contains(p+"/", "/./") && !strings.Contains(p+"/", "/../")
}

// maxLine bounds a text that people read before they trust a module.
const maxLine = 256

// oneLine: a text that can be shown beside others and not pass for them, as it
// could with a line break, an escape sequence or a change of direction in it.
func oneLine(s string) bool {
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return len(s) <= maxLine
}

func (m *Manifest) checkUpstreams(bad func(string, ...any)) {
	seen := map[string]bool{}
	for _, u := range m.Upstreams {
		if !nameRE.MatchString(u.Name) || seen[u.Name] {
			bad("upstream name %q: must match %s, and stand once", u.Name, nameRE)
		}
		seen[u.Name] = true
		o, err := url.Parse(u.URL)
		switch {
		case err != nil:
			bad("upstream %s: not a URL", u.Name)
		case u.URL != "https://"+o.Host+o.Path:
			bad("upstream %s: %q must be https://host[:port][/base] and no more", u.Name, u.URL)
		case !hostRE.MatchString(o.Host):
			bad("upstream %s: %q must be an exact host name, in lower case", u.Name, o.Host)
		case o.Path != "" && !plainPath(o.Path):
			bad("upstream %s: base path %q must look like /base", u.Name, o.Path)
		}
		m.Origin = append(m.Origin, o)
	}
}

func (m *Manifest) checkFields(bad func(string, ...any)) {
	seen, mains := map[string]bool{}, 0
	for i := range m.Fields {
		f := &m.Fields[i]
		if !fieldRE.MatchString(f.Name) || seen[f.Name] {
			bad("field %q: must match %s, and stand once", f.Name, fieldRE)
		}
		seen[f.Name] = true
		if f.Main {
			mains++
		}
		switch f.Use {
		case abi.UsePublic:
		case abi.UseReveal:
			if len(f.Sinks) == 0 {
				bad("field %s: a field to reveal needs at least one sink", f.Name)
			}
		case abi.UseSign:
			if len(f.SignShapes) == 0 {
				bad("field %s: a field to sign with needs at least one signature shape", f.Name)
			}
		default:
			bad("field %s: use %d is none of public, reveal, sign", f.Name, f.Use)
		}
		if !oneLine(f.Help) || !oneLine(f.Prefix) {
			bad("field %s: its help and prefix must each be one line of up to %d printable characters", f.Name, maxLine)
		}
		for _, s := range f.Sinks {
			switch {
			case s.Kind < abi.SinkHeader || s.Kind > abi.SinkJSON:
				bad("field %s: sink kind %d is not one that this version knows", f.Name, s.Kind)
			case s.Kind == abi.SinkHeader && HeaderForbidden(s.Name) != "":
				bad("field %s: sink %s: %s", f.Name, s.Name, HeaderForbidden(s.Name))
			case s.Kind == abi.SinkHeader && !lowerRE.MatchString(s.Name), !parameter(s.Name):
				bad("field %s: sink %q must be a header name in lower case, or the name of a parameter or field", f.Name, s.Name)
			}
		}
	}
	if mains > 1 {
		bad("fields: %d are marked as main; at most one can be", mains)
	}
}

func (m *Manifest) checkSlots(bad func(string, ...any)) {
	if len(m.TokenSlots) == 0 {
		bad("token slots: at least one is needed, or no client can show its token")
	}
	for _, s := range m.TokenSlots {
		switch s.Kind {
		case abi.SlotHeader:
			if !lowerRE.MatchString(s.Name) {
				bad("token slot %q: must be a header name in lower case", s.Name)
			}
		case abi.SlotQuery:
			if !parameter(s.Name) {
				bad("token slot %q: must be the name of a query parameter", s.Name)
			}
		case abi.SlotBasic:
		case abi.SlotAWSSig4:
			if s.Name != "" || s.Scheme != "" {
				bad("token slot of kind 4: its places are AWS's own, so it has no name and no scheme")
			}
		default:
			bad("token slot kind %d is not one that this version knows", s.Kind)
		}
		if !oneLine(s.Scheme) || strings.Contains(s.Scheme, " ") {
			bad("token slot %s: scheme %q must be one word, such as Bearer", s.Name, s.Scheme)
		}
	}
}

// Pairs says whether this API's clients sign, so that a token for it is a pair of
// a public name and a secret half.
func (m *Manifest) Pairs() bool {
	for _, s := range m.TokenSlots {
		if s.Kind == abi.SlotAWSSig4 {
			return true
		}
	}
	return false
}

// parameter says whether s can be the name of a query parameter.
func parameter(s string) bool { return s != "" && oneLine(s) }

func (m *Manifest) checkErrorShape(bad func(string, ...any)) {
	e := &m.ErrorShape
	m.Shape = fault.DefaultShape
	if e.Body == "" && e.ContentType == "" && len(e.Statuses) == 0 {
		return
	}
	if len(e.Body) > 4096 || e.Body == "" || !headerValueLegal(e.ContentType) || e.ContentType == "" {
		bad("error shape: needs a content type and a body of up to 4096 bytes")
	}
	m.Shape = &fault.Shape{ContentType: e.ContentType, Body: e.Body, Statuses: map[fault.Code]int{}, Words: map[fault.Code]string{}, Own: map[fault.CodeWord]int{}}
	rows := map[fault.CodeWord]bool{}
	for _, s := range e.Statuses {
		if !isCode(s.Code) || s.Status != 0 && (s.Status < 400 || s.Status > 599) || !oneLine(s.Word) {
			bad("error shape: status %d for %q: must be 400 to 599 for one of the broker's codes (0 is the broker's own), and the word one line", s.Status, s.Code)
			continue
		}
		code := fault.Code(s.Code)
		first, row := fault.CodeWord{Code: code}, fault.CodeWord{Code: code, Word: s.Word}
		switch {
		case rows[row] || rows[first] && s.Word == "":
			bad("error shape: %q stands there twice with the word %q: further rows of a code have words of their own", s.Code, s.Word)
		case rows[first] && s.Status != 0:
			m.Shape.Own[row] = int(s.Status)
		case rows[first]:
			m.Shape.Own[row] = code.Status()
		default:
			if s.Status != 0 {
				m.Shape.Statuses[code] = int(s.Status)
			}
			if s.Word != "" {
				m.Shape.Words[code] = s.Word
			}
		}
		rows[first], rows[row] = true, true
	}
}

// Field finds a credential field by name, or nil.
func (m *Manifest) Field(name string) *abi.Field {
	for i := range m.Fields {
		if m.Fields[i].Name == name {
			return &m.Fields[i]
		}
	}
	return nil
}

// MainField is the field that a bare value belongs to, or nil.
func (m *Manifest) MainField() *abi.Field {
	for i := range m.Fields {
		if m.Fields[i].Main {
			return &m.Fields[i]
		}
	}
	if len(m.Fields) == 1 {
		return &m.Fields[0]
	}
	return nil
}

// Hosts lists the authorities that the manifest names, the main one first.
func (m *Manifest) Hosts() []string {
	hosts := make([]string, len(m.Origin))
	for i, o := range m.Origin {
		hosts[i] = o.Host
	}
	return hosts
}
