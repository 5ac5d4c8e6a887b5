// Package request is the door: it makes one canonical request of what an agent
// sent, or refuses it. What can be read in one way only goes on; what two
// programs might read in two ways, in its framing, its host, its method or its
// path, is refused here, before anything looks at it.
//
// Nothing is rewritten: path, query and header bytes are those that came in.
// What a path might still mean to an API that decodes it once more is listed by
// Readings, for policy to judge.
package request

import (
	"strings"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
)

// Header is one header line, its name as it was sent.
type Header struct{ Name, Value string }

// Raw is a request as it came off the wire. Its strings must not change
// afterwards: Parse keeps them, and copies none.
type Raw struct {
	Method  string
	Target  string // the request target of the request line (RFC 9112 §3.2)
	Host    string // the value of the Host header
	Hosts   int    // number of Host lines
	Headers []Header
	TLS     bool // it came over TLS
}

// Request is a canonical request. Only Parse makes one; the zero Request is not
// Valid.
type Request struct {
	method  string
	target  string
	host    authority
	path    string
	query   string
	headers []Header
	tls     bool
}

// Parse checks raw and takes it apart. An error is a fault bad_request whose
// message names the reason and repeats nothing of what was sent.
func Parse(raw Raw) (Request, error) {
	if err := checkMethod(raw.Method); err != nil {
		return Request{}, err
	}
	if raw.Hosts != 1 {
		return Request{}, refuse("%d Host headers where there must be one", raw.Hosts)
	}
	host, err := parseAuthority(raw.Host)
	if err != nil {
		return Request{}, err
	}
	path, query, err := splitTarget(raw.Target, host, raw.TLS)
	if err != nil {
		return Request{}, err
	}
	if err := checkPath(path); err != nil {
		return Request{}, err
	}
	if err := checkHeaders(raw.Headers, raw.Host); err != nil {
		return Request{}, err
	}
	return Request{
		method: raw.Method, target: raw.Target, host: host, path: path, query: query,
		headers: raw.Headers, tls: raw.TLS,
	}, nil
}

// Valid says that r came from Parse.
func (r Request) Valid() bool { return r.method != "" }

// Method is the method as sent: a token without lower-case letters.
func (r Request) Method() string { return r.method }

// Target is the request target as sent, in origin or absolute form.
func (r Request) Target() string { return r.target }

// Authority is the Host header as sent.
func (r Request) Authority() string { return r.host.raw }

// Host is the name or address in the authority, in lower case, without port;
// an IPv6 address is in brackets.
func (r Request) Host() string { return r.host.name }

// Port is the port in the authority, "" where it names none.
func (r Request) Port() string { return r.host.port }

// Path is the path as sent; it begins with "/".
func (r Request) Path() string { return r.path }

// Query is the query as sent, without its "?".
func (r Request) Query() string { return r.query }

// Headers are the header lines as sent, in their order. Callers don't change
// them.
func (r Request) Headers() []Header { return r.headers }

// TLS says that the request came over TLS.
func (r Request) TLS() bool { return r.tls }

func checkMethod(m string) error {
	switch {
	case !Token(m):
		return refuse("the method is not a word of letters")
	case strings.ToUpper(m) != m:
		// Methods are case-sensitive (RFC 9110 §9.1), but some servers fold them:
		// to those a "delete" that no rule on DELETE matches is one.
		return refuse("a method in lower case: write it in capitals")
	case m == "CONNECT", m == "TRACE":
		return refuse("the method CONNECT or TRACE, which a broker can't pass on safely")
	}
	return nil
}

// refuse makes every refusal of this package: reason completes "it has …".
func refuse(reason string, args ...any) error {
	return fault.Newf(fault.BadRequest, "the broker refuses this request: it has "+reason, args...)
}

// Token says whether s is a token of RFC 9110 §5.6.2.
func Token(s string) bool {
	for i := range len(s) {
		if !tokenByte[s[i]] {
			return false
		}
	}
	return s != ""
}

var tokenByte = func() (t [256]bool) {
	for _, c := range []byte("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ") {
		t[c] = true
	}
	return t
}()
