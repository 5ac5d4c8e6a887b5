package sdktest

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

type request struct {
	method, target string
	headers        []seks.Header
	body           string
}

// parse reads a raw request. Lines may end in LF alone, as editors write them.
func parse(raw string) (*request, error) {
	raw = strings.ReplaceAll(raw, "\r\n", "\n")
	head, body, _ := strings.Cut(raw, "\n\n")
	lines := strings.Split(strings.TrimRight(head, "\n"), "\n")
	first := strings.Fields(lines[0])
	if len(first) != 3 || first[2] != "HTTP/1.1" || !strings.HasPrefix(first[1], "/") {
		return nil, fmt.Errorf("%q is no request line such as GET /api/openai/models HTTP/1.1", lines[0])
	}
	headers, err := parseHeaders(lines[1:])
	return &request{method: first[0], target: first[1], body: body, headers: headers}, err
}

func parseHeaders(lines []string) (headers []seks.Header, err error) {
	for _, line := range lines {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			return nil, fmt.Errorf("%q is no header line", line)
		}
		headers = append(headers, seks.Header{Name: name, Value: strings.TrimSpace(value)})
	}
	return headers, nil
}

// parseAnswer reads a raw answer; a plugin sees its head.
func parseAnswer(raw string) (*seks.AnswerHead, string, error) {
	head, body, _ := strings.Cut(strings.ReplaceAll(raw, "\r\n", "\n"), "\n\n")
	lines := strings.Split(strings.TrimRight(head, "\n"), "\n")
	first := strings.Fields(lines[0])
	if len(first) < 2 || !strings.HasPrefix(first[0], "HTTP/1.") {
		return nil, "", fmt.Errorf("%q is no status line such as HTTP/1.1 200 OK", lines[0])
	}
	status, err := strconv.ParseUint(first[1], 10, 64)
	if err != nil {
		return nil, "", fmt.Errorf("%q is no status line such as HTTP/1.1 200 OK", lines[0])
	}
	headers, err := parseHeaders(lines[1:])
	return &seks.AnswerHead{Status: status, Headers: headers}, body, err
}

// view cuts the tokens out of the request, for good, and shows the rest.
func (r *request) view(m *seks.Manifest) *seks.View {
	v := &seks.View{Method: r.method, Scheme: "http", Mount: "/api/" + m.Name}
	r.headers = slices.DeleteFunc(r.headers, func(h seks.Header) bool {
		if strings.EqualFold(h.Name, "host") {
			v.Authority = h.Value
			return true
		}
		return slices.ContainsFunc(m.TokenSlots, func(s seks.Slot) bool {
			return s.Kind == seks.SlotHeader && strings.EqualFold(s.Name, h.Name) ||
				s.Kind == seks.SlotBasic && strings.EqualFold("authorization", h.Name)
		})
	})
	v.Target, v.Query, _ = strings.Cut(r.target, "?")
	v.Path = strings.TrimPrefix(v.Target, v.Mount)
	if len(m.VersionPrefixes) > 0 && !slices.ContainsFunc(m.VersionPrefixes, func(p string) bool {
		return v.Path == p || strings.HasPrefix(v.Path, p+"/")
	}) {
		v.Path = m.VersionPrefixes[0] + v.Path
	}
	for _, s := range m.TokenSlots {
		if s.Kind == seks.SlotQuery {
			v.Query = withoutQuery(v.Query, s.Name)
		}
	}
	if v.Query != "" {
		v.Target += "?" + v.Query
	}
	if slices.ContainsFunc(m.TokenSlots, func(s seks.Slot) bool { return s.Kind == seks.SlotAWSSig4 }) {
		r.signed(v)
	}
	for _, h := range r.headers {
		if wanted(m.Headers, strings.ToLower(h.Name)) {
			v.Headers = append(v.Headers, h)
		}
	}
	if m.NeedsTime {
		v.Time = Time
	}
	v.UpstreamAuthority = "upstream.invalid" // where that is left to the operator
	if len(m.Upstreams) > 0 {
		v.UpstreamAuthority, v.UpstreamBase = split(m.Upstreams[0].URL)
	}
	if r.body != "" && slices.ContainsFunc(m.Bodies, func(n abi.BodyNeed) bool { return (n.Method == "" || n.Method == r.method) && fits(n.Path, v.Path) }) {
		v.BodyState, v.Body = abi.BodyWhole, []byte(r.body)
	}
	return v
}

// signed shows who signs the request, as the view of one that is signed does: its
// target is what was signed, and the id is cut out of what goes on alone.
func (r *request) signed(v *seks.View) {
	const query = "X-Amz-Credential"
	for _, h := range r.headers {
		if _, credential, ok := strings.Cut(h.Value, "Credential="); ok && strings.EqualFold(h.Name, "authorization") {
			v.TokenID, _, _ = strings.Cut(credential, "/")
		}
	}
	for pair := range strings.SplitSeq(v.Query, "&") {
		if value, ok := strings.CutPrefix(pair, query+"="); ok {
			value, _ = url.QueryUnescape(value) // "" where it can't be
			v.TokenID, _, _ = strings.Cut(value, "/")
		}
	}
	v.Query = withoutQuery(v.Query, query)
}

// wanted says whether a view brings a header: a * at the end of a need stands for
// any rest.
func wanted(needs []string, name string) bool {
	return slices.ContainsFunc(needs, func(need string) bool {
		start, open := strings.CutSuffix(need, "*")
		return need == name || open && strings.HasPrefix(name, start)
	})
}

// fits says whether a path meets a pattern, as in an Operation.
func fits(pattern, path string) bool {
	segments, parts := strings.Split(pattern, "/"), strings.Split(path, "/")
	for i, s := range segments {
		switch {
		case strings.HasSuffix(s, "...}"):
			return len(parts) >= i
		case i >= len(parts), !strings.HasPrefix(s, "{") && s != parts[i]:
			return false
		case strings.HasPrefix(s, "{"):
			if _, verb, _ := strings.Cut(s, "}"); parts[i] == verb || !strings.HasSuffix(parts[i], verb) {
				return false
			}
		}
	}
	return len(segments) == len(parts)
}

func split(upstream string) (authority, base string) {
	rest := strings.TrimPrefix(upstream, "https://")
	authority, base, _ = strings.Cut(rest, "/")
	if base != "" {
		base = "/" + base
	}
	return authority, base
}

// edit makes the plan's edits, and gives the first line and the host of the request
// that goes upstream.
func (r *request) edit(p *abi.Plan, v *seks.View, e *evaluation) (string, error) {
	authority, base := v.UpstreamAuthority, v.UpstreamBase
	if p.Upstream != "" {
		i := slices.IndexFunc(e.manifest.Upstreams, func(u seks.Upstream) bool { return u.Name == p.Upstream })
		if i < 0 {
			return "", fmt.Errorf("upstream %q is not in the manifest", p.Upstream)
		}
		authority, base = split(e.manifest.Upstreams[i].URL)
	}
	if p.BodyMode == abi.BodyHashFirst {
		e.sum(^uint64(0), r.body)
	}
	path, query := base+v.Path, v.Query
	for i := range p.Edits {
		edit := &p.Edits[i]
		value, err := e.value(edit)
		if err != nil {
			return "", fmt.Errorf("edit %d (%s): %w", i+1, edit.Name, err)
		}
		switch edit.Kind {
		case abi.SetHeader, abi.AddHeader, abi.RemoveHeader:
			r.editHeader(edit, value)
		case abi.SetQuery, abi.AddQuery, abi.RemoveQuery:
			query = editQuery(query, edit, value)
		case abi.SetPath:
			path = value
		case abi.SetRawQuery:
			query = value
		default:
			return "", fmt.Errorf("edit %d is of a kind that sdktest does not make: try `seks plugin eval`", i+1)
		}
	}
	if query != "" {
		path += "?" + query
	}
	return fmt.Sprintf("%s %s HTTP/1.1\nHost: %s\n", r.method, path, authority), nil
}

// transform has the plugin make the body anew, and says its length as the host does.
func (r *request) transform(p *abi.Plan, begin func() seks.Body, e *evaluation) (err error) {
	if r.body, err = e.body(begin, r.body, abi.MaxBodyInView, p.Digests); err != nil {
		return fmt.Errorf("the request's body: %w", err)
	}
	framing := seks.Header{Name: "Transfer-Encoding", Value: "chunked"}
	if p.BodySize > 0 {
		framing = seks.Header{Name: "Content-Length", Value: strconv.FormatUint(p.BodySize-1, 10)}
		if p.BodySize-1 != uint64(len(r.body)) {
			return fmt.Errorf("the request's body: the plan says that it gets %d bytes, and it has %d", p.BodySize-1, len(r.body))
		}
	}
	r.headers = slices.DeleteFunc(r.headers, func(h seks.Header) bool {
		return strings.EqualFold(h.Name, "content-length") || strings.EqualFold(h.Name, "transfer-encoding")
	})
	r.headers = append(r.headers, framing)
	return nil
}

func (r *request) text(at string) string {
	var out strings.Builder
	out.WriteString(at)
	for _, h := range r.headers {
		fmt.Fprintf(&out, "%s: %s\n", h.Name, h.Value)
	}
	if r.body != "" {
		out.WriteString("\n" + r.body)
	}
	return out.String()
}

// editHeader puts a header that is set in the place of the first of its name,
// written as that was.
func (r *request) editHeader(e *abi.Edit, value string) {
	named := func(h seks.Header) bool { return strings.EqualFold(h.Name, e.Name) }
	at, name := len(r.headers), e.Name
	if e.Kind != abi.AddHeader {
		if i := slices.IndexFunc(r.headers, named); i >= 0 {
			at, name = i, r.headers[i].Name
		}
		r.headers = slices.DeleteFunc(r.headers, named)
	}
	if e.Kind != abi.RemoveHeader {
		r.headers = slices.Insert(r.headers, at, seks.Header{Name: name, Value: value})
	}
}

func editQuery(query string, e *abi.Edit, value string) string {
	if e.Kind != abi.AddQuery {
		query = withoutQuery(query, e.Name)
	}
	if e.Kind == abi.RemoveQuery {
		return query
	}
	if query != "" {
		query += "&"
	}
	return query + url.QueryEscape(e.Name) + "=" + url.QueryEscape(value)
}

func withoutQuery(query, name string) string {
	pairs := slices.DeleteFunc(strings.Split(query, "&"), func(pair string) bool {
		key, _, _ := strings.Cut(pair, "=")
		plain, err := url.QueryUnescape(key)
		return err == nil && plain == name
	})
	return strings.Join(pairs, "&")
}
