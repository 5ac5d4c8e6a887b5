package token

import (
	"bytes"
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// Rest is a request after its proxy token was cut out: Headers without every
// key slot and hop-by-hop header, Query and Target without key parameters.
type Rest struct {
	Token   string // as presented; "" where there was none
	Headers []request.Header
	Query   string
	Target  string

	// Of a request that is signed with a pair: ID is the access key id, which is
	// public. Signed are the headers as they came, with the Authorization that
	// names it and without any other key slot, and Target is whole: that is what
	// was signed. None of it goes upstream.
	ID     string
	Signed []request.Header
}

// keySlots are the headers in which some provider's SDK sends its key. They
// never go upstream as the agent sent them, whatever they hold: a key there is
// either a proxy token or one that the agent should not have.
var keySlots = []string{"authorization", "proxy-authorization", "x-api-key", "x-goog-api-key", "x-subscription-token", "x-auth-key", "api-key"}

const mark = "seks_"

// Cut takes the token from the slots that the provider's manifest names, and
// every key slot out of what goes on. Two different tokens are refused, and so
// is one outside of a slot, where it would reach the upstream.
func Cut(slots []abi.Slot, r request.Request) (Rest, error) {
	c := cutter{slots: slots}
	kept := make([]request.Header, 0, len(r.Headers()))
	for _, h := range r.Headers() {
		if !c.header(h) {
			kept = append(kept, h)
		}
	}
	rest := Rest{Headers: request.Stripped(kept), Query: c.query(r.Query())}
	target := r.Target()
	if rest.Query != r.Query() {
		target, _, _ = strings.Cut(target, "?")
		if rest.Query != "" {
			target += "?" + rest.Query
		}
	}
	rest.Target = target
	if c.twice {
		return Rest{}, fault.Newf(fault.BadRequest, "the request holds two different proxy tokens: send one, in one place")
	}
	for _, h := range rest.Headers {
		if holdsToken(h.Value) || holdsToken(h.Name) {
			return Rest{}, fault.Newf(fault.BadRequest, "a proxy token stands in a header that is no key slot of this API: send it only where the API's own key goes")
		}
	}
	if holdsToken(target) || holdsToken(decoded(target)) {
		return Rest{}, fault.Newf(fault.BadRequest, "a proxy token stands in the path or query, where this API takes no key: send it only where the API's own key goes")
	}
	rest.Token = c.found
	if rest.Token == "" {
		rest.Token = c.other
	}
	if c.id != "" {
		rest.ID, rest.Target, rest.Signed = c.id, r.Target(), c.signed(r.Headers())
	}
	return rest, nil
}

// Trailers is request.Trailers without key slots, and without lines that hold a
// proxy token: Cut has not seen what comes behind the body.
func Trailers(lines []request.Header) []request.Header {
	var kept []request.Header
	for _, l := range request.Trailers(lines) {
		if !isKeySlot(l.Name) && !holdsToken(l.Name) && !holdsToken(l.Value) {
			kept = append(kept, l)
		}
	}
	return kept
}

func isKeySlot(name string) bool {
	for _, slot := range keySlots {
		if strings.EqualFold(name, slot) {
			return true
		}
	}
	return false
}

type cutter struct {
	slots []abi.Slot
	found string // a proxy token, or what came instead of one in the provider's slot
	other string // something else than a proxy token in the provider's slot
	seen  string // any proxy token, in any slot
	twice bool
	id    string // a proxy token that is named as an access key id
}

// header says whether h is a key slot, and notes what it holds.
func (c *cutter) header(h request.Header) bool {
	slot := isKeySlot(h.Name)
	for _, s := range c.slots {
		switch {
		case s.Kind == abi.SlotHeader && strings.EqualFold(h.Name, s.Name):
			slot = true
			if v, ok := schemeValue(h.Value, s.Scheme); ok {
				c.note(v)
			}
		case s.Kind == abi.SlotBasic && strings.EqualFold(h.Name, "authorization"):
			if v, ok := basicPassword(h.Value); ok {
				c.note(v)
			}
		case s.Kind == abi.SlotAWSSig4 && strings.EqualFold(h.Name, "authorization"):
			if v, ok := accessKeyID(h.Value); ok {
				c.name(v)
			}
		}
	}
	if slot {
		c.see(lastWord(h.Value))
		if v, ok := basicPassword(h.Value); ok {
			c.see(v)
		}
	}
	return slot
}

// query cuts the provider's key parameters, and any parameter of the usual name
// that holds a proxy token.
func (c *cutter) query(q string) string {
	if q == "" {
		return q
	}
	var kept []string
	cut := false
	for pair := range strings.SplitSeq(q, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, value = unescape(name), unescape(value)
		key := false
		for _, s := range c.slots {
			if s.Kind == abi.SlotQuery && s.Name == name {
				key = true
				c.note(value)
			}
			if s.Kind == abi.SlotAWSSig4 && name == "X-Amz-Credential" {
				key = true
				value, _, _ = strings.Cut(value, "/")
				c.name(value)
			}
		}
		if key = key || name == "key" && holdsToken(value); key {
			c.see(value)
			cut = true
			continue
		}
		kept = append(kept, pair)
	}
	if !cut {
		return q
	}
	return strings.Join(kept, "&")
}

func (c *cutter) note(v string) {
	switch {
	case v == "":
	case strings.HasPrefix(v, mark):
		c.found = v
	default:
		c.other = v
	}
}

func (c *cutter) see(v string) {
	if !strings.HasPrefix(v, mark) {
		return
	}
	c.twice = c.twice || c.seen != "" && c.seen != v
	c.seen = v
}

func schemeValue(v, scheme string) (string, bool) {
	if scheme == "" {
		return strings.Trim(v, " \t"), true
	}
	word, rest, ok := strings.Cut(strings.TrimLeft(v, " \t"), " ")
	return strings.Trim(rest, " \t"), ok && strings.EqualFold(word, scheme)
}

func lastWord(v string) string {
	v = strings.Trim(v, " \t")
	return v[strings.LastIndexAny(v, " \t")+1:]
}

func basicPassword(v string) (string, bool) {
	v, ok := schemeValue(v, "Basic")
	if !ok {
		return "", false
	}
	plain, err := base64.StdEncoding.DecodeString(v)
	if err != nil {
		return "", false
	}
	_, password, ok := strings.Cut(string(plain), ":")
	return password, ok
}

func unescape(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}

// holdsToken finds a whole proxy token anywhere in s, whatever stands around
// it. A text that only speaks of one ("seks_openai_…") fails its checksum and
// may pass.
func holdsToken(s string) bool {
	_, _, ok := findToken(s)
	return ok
}

// findToken is where the first whole token of s begins and ends.
func findToken(s string) (start, end int, ok bool) {
	for {
		i := strings.Index(s[start:], mark)
		if i < 0 {
			return 0, 0, false
		}
		start += i
		name := strings.IndexByte(s[start+len(mark):], '_')
		if end := start + len(mark) + name + 1 + tailSize; name >= 0 && end <= len(s) && wellFormed(s[start:end]) {
			return start, end, true
		}
		start += len(mark)
	}
}

// Holds says whether a whole proxy token stands anywhere in s.
func Holds(s string) bool { return holdsToken(s) }

// Without is b without the proxy tokens in it: b itself where there is none.
func Without(b []byte) []byte {
	if !bytes.Contains(b, []byte(mark)) {
		return b
	}
	s := string(b)
	for {
		start, end, ok := findToken(s)
		if !ok {
			return []byte(s)
		}
		s = s[:start] + s[end:]
	}
}

// Redact is s without the secret part of each proxy token in it, plain or
// percent-encoded, for the access log: what an agent sends may hold its token
// where none belongs, and such a request makes a line too.
func Redact(s string) string {
	if plain := decoded(s); plain != s && holdsToken(plain) {
		s = plain
	}
	for {
		start, end, ok := findToken(s)
		if !ok {
			return s
		}
		s = s[:start] + s[start:end-tailSize] + "[REDACTED]" + s[end:]
	}
}

// decoded is s with each %XX undone once; what isn't one stays.
func decoded(s string) string {
	if strings.IndexByte(s, '%') < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
				b = append(b, byte(n))
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}
