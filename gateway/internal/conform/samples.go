package conform

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// samples makes views and heads as requests to this provider could give. They
// are the same ones each time.
type samples struct {
	m *plan.Manifest
	r *rand.Rand
}

func newSamples(m *plan.Manifest) *samples {
	return &samples{m: m, r: rand.New(rand.NewPCG(1, 2))}
}

func (s *samples) pick(from ...string) string { return from[s.r.IntN(len(from))] }

// views are n views: first one for each operation of the catalogue, as far as
// they go, then of anything.
func (s *samples) views(n int) []*abi.View {
	list := make([]*abi.View, 0, n)
	for i := range n {
		v := s.view()
		if i < len(s.m.Operations) && i < n*3/4 {
			op := &s.m.Operations[i]
			v.Method = op.Method
			s.setPath(v, s.fill(op.Path))
		}
		list = append(list, v)
	}
	return list
}

func (s *samples) view() *abi.View {
	v := &abi.View{
		Method: s.pick("GET", "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "REPORT"),
		Scheme: s.pick("http", "https"), Authority: s.pick("127.0.0.1:8080", "broker.example", s.m.TrialOrigins()[0].Host),
		Mount:             s.pick("/api/"+s.m.Name, ""),
		Query:             s.pick("", "a=1", "limit=2&after=x%2Fy", "a=1&a=2&b", "q=caf%C3%A9&q=%", "prefix=&delimiter=%2F"),
		UpstreamAuthority: s.m.TrialOrigins()[0].Host, UpstreamBase: s.m.TrialOrigins()[0].Path,
	}
	if s.m.NeedsTime {
		v.Time = 1_700_000_000 + s.r.Uint64N(300_000_000)
	}
	if len(s.m.Bodies) > 0 {
		v.BodyState = abi.BodyState(s.r.IntN(3))
		if v.BodyState == abi.BodyWhole {
			v.Body = []byte(s.pick("{}", `{"query":"{ a }"}`, "a=1&b=2", "", "no JSON", "\x00\xff", "[1,2,3]", `{"query":"mutation M { x }","variables":{"a":[null]}}`))
		}
	}
	for _, slot := range s.m.TokenSlots {
		if slot.Kind == abi.SlotAWSSig4 {
			v.TokenID = "seks_" + s.m.Name + "_stand-in"
		}
	}
	for range s.r.IntN(2*len(s.m.Headers) + 1) {
		name := s.m.Headers[s.r.IntN(len(s.m.Headers))]
		v.Headers = append(v.Headers, abi.Header{Name: s.cased(name), Value: s.headerValue(name)})
	}
	prefix := ""
	if len(s.m.VersionPrefixes) > 0 {
		prefix = s.pick(s.m.VersionPrefixes...)
	}
	s.setPath(v, prefix+s.pick("/", "/models", "/a/b%2Fc", "/x//y", "/"+s.segment(), "/a/"+s.segment()+"/b", "/caf\xc3\xa9", "/~u;v=1"))
	return v
}

// setPath sets the path below the mount, and the target that goes with it.
func (s *samples) setPath(v *abi.View, path string) {
	v.Path = strings.TrimPrefix(path, v.UpstreamBase)
	v.Target = v.Mount + v.Path
	if v.Query != "" {
		v.Target += "?" + v.Query
	}
}

// fill puts segments for the parameters of an operation's path.
func (s *samples) fill(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		if begin := strings.IndexByte(p, '{'); begin >= 0 {
			_, after, _ := strings.Cut(p, "}")
			parts[i] = p[:begin] + s.segment() + after
		}
	}
	return strings.Join(parts, "/")
}

func (s *samples) segment() string {
	return fmt.Sprintf("%s-%d", s.pick("id", "obj", "x"), s.r.IntN(1000))
}

// cased is a header's name as one client or another writes it.
func (s *samples) cased(name string) string {
	switch s.r.IntN(3) {
	case 0:
		return strings.ToUpper(name)
	case 1:
		return strings.ToUpper(name[:1]) + name[1:]
	}
	return name
}

func (s *samples) headerValue(name string) string {
	switch {
	case strings.Contains(name, "date"):
		return s.pick("20261123T190000Z", "Mon, 23 Nov 2026 19:00:00 GMT", "yesterday", "")
	case strings.Contains(name, "sha256"):
		return s.pick("UNSIGNED-PAYLOAD", strings.Repeat("0f", 32), "")
	case name == "content-type":
		return s.pick("application/json", "application/json; charset=utf-8", "multipart/form-data; boundary=x", "")
	case name == "authorization":
		return s.pick("AWS4-HMAC-SHA256 Credential=x/20261123/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=00", "Basic", "")
	}
	return s.pick("", "1", "text", "a, b", "caf\xe9", "\t x", strings.Repeat("v", 300))
}

// bodies are of all sorts: none, short ones, text, and bytes of no kind in more
// than one piece.
func (s *samples) bodies() [][]byte {
	all := make([]byte, 70_000)
	for i := range all {
		all[i] = byte(i)
	}
	random := make([]byte, 2*abi.MaxBodyInView)
	for i := range random {
		random[i] = byte(s.r.Uint32())
	}
	return [][]byte{
		nil, []byte("x"), []byte(`{"name":"a","list":[1,2,{"b":null}],"mail":"jane@example.com"}`), []byte("a=1&b=caf%C3%A9"),
		[]byte(strings.Repeat("line of text, caf\u00e9\r\n", 40)), all, random,
	}
}

// odd is a view that no client sends by chance, and what is odd about it.
type odd struct {
	what string
	view *abi.View
}

func (s *samples) odd() []odd {
	base := func(change func(v *abi.View)) *abi.View {
		v := s.view()
		s.setPath(v, "/x")
		change(v)
		return v
	}
	const bytes = "/\xff\xfe\x80"
	list := []odd{
		{"nothing in it", &abi.View{}},
		{"no header that the manifest asks for", base(func(v *abi.View) { v.Headers = nil })},
		{"a path that is empty", base(func(v *abi.View) { s.setPath(v, "") })},
		{"the target *", base(func(v *abi.View) { s.setPath(v, "*") })},
		{"bytes that are no UTF-8", base(func(v *abi.View) { v.Query = bytes; v.Method = "M\xff"; s.setPath(v, bytes) })},
		{"a percent sign with nothing behind it", base(func(v *abi.View) { v.Query = "%&%1&=&&=="; s.setPath(v, "/%/%2/%zz") })},
		{"a path of 8 KiB", base(func(v *abi.View) { s.setPath(v, strings.Repeat("/abcdefg", 1024)) })},
		{"a query of a thousand parameters", base(func(v *abi.View) { v.Query = strings.Repeat("k=v&", 1000); s.setPath(v, "/x") })},
	}
	if s.m.NeedsTime {
		list = append(list,
			odd{"the time 0", base(func(v *abi.View) { v.Time = 0 })},
			odd{"the last second of the year 9999", base(func(v *abi.View) { v.Time = 253402300799 })})
	}
	for _, name := range s.m.Headers {
		repeated := make([]abi.Header, 50)
		for i := range repeated {
			repeated[i] = abi.Header{Name: name, Value: fmt.Sprint(i)}
		}
		list = append(list,
			odd{"50 headers " + name, base(func(v *abi.View) { v.Headers = repeated })},
			odd{"a header " + name + " of bytes that are no text", base(func(v *abi.View) { v.Headers = []abi.Header{{Name: name, Value: "\x80\xff\t\""}} })},
			odd{"a header " + name + " of 16 KiB", base(func(v *abi.View) { v.Headers = []abi.Header{{Name: name, Value: strings.Repeat("x", 16<<10)}} })})
	}
	if len(s.m.Bodies) > 0 {
		list = append(list, odd{"a body of 64 KiB", base(func(v *abi.View) {
			v.BodyState, v.Body = abi.BodyWhole, []byte(strings.Repeat("[", abi.MaxBodyInView))
		})})
	}
	return list
}

// oddHead is an answer's head of a kind that an upstream may send.
type oddHead struct {
	what string
	head *abi.AnswerHead
}

func (s *samples) heads() []oddHead {
	at := func(status uint64, headers ...abi.Header) *abi.AnswerHead {
		return &abi.AnswerHead{
			Status: status, Headers: headers, Method: "GET", Path: "/v1/models",
			Origin: s.m.TrialOrigins()[0].Scheme + "://" + s.m.TrialOrigins()[0].Host, Public: "http://127.0.0.1:8080/api/" + s.m.Name,
		}
	}
	many := make([]abi.Header, 500)
	for i := range many {
		many[i] = abi.Header{Name: fmt.Sprintf("X-%d", i), Value: "v"}
	}
	link := at(200).Origin + "/v1/models?page=2"
	return []oddHead{
		{"nothing in it", &abi.AnswerHead{}},
		{"no header", at(200)},
		{"JSON", at(200, abi.Header{Name: "Content-Type", Value: "application/json"})},
		{"text", at(200, abi.Header{Name: "Content-Type", Value: "text/plain; charset=utf-8"})},
		{"links of the upstream's", at(201, abi.Header{Name: "Location", Value: link}, abi.Header{Name: "Link", Value: "<" + link + `>; rel="next"`})},
		{"cookies", at(200, abi.Header{Name: "Set-Cookie", Value: "session=1; Path=/"}, abi.Header{Name: "set-cookie", Value: ""})},
		{"a redirect to another host", at(302, abi.Header{Name: "Location", Value: "https://elsewhere.example/"})},
		{"an informational status", at(103)},
		{"a status above 599", at(999, abi.Header{Name: "Retry-After", Value: "-1"})},
		{"bytes that are no UTF-8", at(500, abi.Header{Name: "X-\xff", Value: "\x80\xff"}, abi.Header{Name: "", Value: ""})},
		{"a header of 64 KiB", at(200, abi.Header{Name: "Link", Value: strings.Repeat(link+",", 64<<10/(len(link)+1))})},
		{"500 headers", at(200, many...)},
	}
}
