package e2e

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"strings"
)

// scripted is one exchange: what an agent sends, as bytes, and what the API answers.
type scripted struct {
	method, target string
	headers        []string // lines as they are sent
	body           string   // as it is sent, behind the head
	answer         string   // as the API sends it
}

var methods = []string{"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "PROPFIND", "M-SEARCH", "X!#$%&'*+.^_`|~0"}

var targets = []string{
	"/v1/x", "/v1/x/", "/v1", "/v1/a%2Fb/c%2fd", "/v1/a//b", "/v1/%E2%82%AC/\xe2\x82\xac", "/v1/a;b=c;d", "/v1/a:b@c,d=e+f",
	"/v1/~!$&'()*+,=:@-._", "/v1/a%20b%3Fc%23d%25e", "/v1/(a)'b'*", "/v1/[a]|b^c`d{e}\"f<g>", "/v1/...", "/v1/a..b/.c", "/v1/x?a=b&a=c&&=d&e&",
	"/v1/x?q=a+b%20c%2B%2f%E2", "/v1/x?a[]=1&b={\"c\":\"d|e^f`g\"}", "/v1/x?u=http://a/../b//c?d;e", "/v1/x?\xff\xc3\xa9", "/v1/x?" + strings.Repeat("long=value&", 400),
	"/v1/" + strings.Repeat("s/", 500), "/v1/x?",
}

var headerSets = [][]string{
	nil,
	{"aCCept: */*", "x-lower: 1", "X-Upper: 2", "x-lower: 3", "X-UPPER: 4", "x-Lower:5"},
	{"X-Empty:", "X-Empty: ", "x-space:\t  inner  space\tand tab \t", "X-Quoted: \"a, b\"; c=\"\\\"\"", "X-Colon: a:b::c"},
	{"X-Obs: \xe9\xff\x80", "X-Utf8: \xe2\x82\xac", "User-Agent: odd/1.0 (\xc3\xa9; x)", "user-agent: twice"},
	{"X!#$%&'*+-.^_`|~9: every token character", "1: digit", "_under_score: x", "Content-type: text/odd; charset=\"x\"", "CONTENT-LANGUAGE: de"},
	{"Cookie: a=b", "Cookie: c=d; e=f", "Accept: text/html", "Accept: application/json;q=0.5", "Accept-Language: de", "Date: Mon, 23 Nov 2026 00:00:00 GMT"},
	{"If-None-Match: \"a\", W/\"b\"", "If-Match: *", "If-Modified-Since: yesterday", "Range: bytes=0-1,-5", "If-Range: \"x\""},
	{"Referer: http://x/y", "Origin: null", "Cache-Control: no-cache", "Pragma: no-cache", "Warning: 199 - \"x\"", "Max-Forwards: 3", "From: a@b", "Prefer: wait=5"},
	{"Connection: X-Hop, keep-alive, x-other", "X-Hop: for the next hop", "X-hop: again", "X-Other: too", "Keep-Alive: timeout=5", "TE: trailers", "Proxy-Connection: keep-alive", "X-Stays: yes"},
	{"Upgrade: h2c", "Connection: Upgrade", "Proxy-Authorization: Basic eDp5", "Proxy-Anything: z", "X-Stays: yes"},
	{"X-Forwarded-For: 192.0.2.1", "x-forwarded-proto: https", "Forwarded: for=192.0.2.1", "Via: 1.1 somewhere", "X-Real-IP: 192.0.2.1", "X-Stays: yes"},
	{"Accept-Encoding: gzip, deflate, br, zstd"}, {"accept-encoding: br"}, {"Accept-Encoding: gzip;q=1.0, identity; q=0.5, *;q=0"}, {"Accept-Encoding: identity"},
	{"X-Long: " + strings.Repeat("long ", 1500)}, manyHeaders(90),
	{"OpenAI-Organization: org-x", "openai-project: y", "OpenAI-Beta: assistants=v2", "X-Stainless-Lang: js", "Idempotency-Key: 1"},
}

func manyHeaders(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf("x-MANY-%d: %d", i%30, i))
	}
	return list
}

// requestBodies are header lines and what follows the head.
var requestBodies = []struct {
	lines []string
	body  string
}{
	{nil, ""},
	{[]string{"Content-Length: 0"}, ""},
	{[]string{"content-LENGTH: 5"}, "hello"},
	{[]string{"Content-Length: 256"}, everyByte},
	{[]string{"Content-Length: 100000"}, strings.Repeat("0123456789", 10000)},
	{[]string{"Transfer-Encoding: chunked"}, "0\r\n\r\n"},
	{[]string{"transfer-encoding: CHUNKED"}, "5\r\nhello\r\n6;ext=\"a\"\r\n world\r\n0\r\n\r\n"},
	{[]string{"Transfer-Encoding: chunked"}, "0001\r\nx\r\n100\r\n" + everyByte + "\r\nA\r\n0123456789\r\n000\r\n\r\n"},
	{[]string{"Trailer: X-Sum", "Transfer-Encoding: chunked"}, "5\r\nhello\r\n0\r\nX-Sum: 1\r\nx-sum: 2\r\nX-Empty:\r\n\r\n"},
	{[]string{"Transfer-Encoding: chunked"}, "5\r\nhello\r\n0\r\nx-Unannounced: \xc3\xa9 a:b\r\n\r\n"},
}

var everyByte = func() string {
	var b [256]byte
	for i := range b {
		b[i] = byte(i)
	}
	return string(b[:])
}()

var answerHeads = []string{
	"Content-Type: text/plain\r\n",
	"content-TYPE: application/json\r\nx-B: 1\r\nX-a: 2\r\nX-b: 3\r\nx-A:4\r\nX-Empty:\r\n",
	"",
	"Server: odd/1\r\nDate: Mon, 23 Nov 2026 00:00:00 GMT\r\nVary: a\r\nVary: b\r\nvary: c\r\nETag: W/\"x\"\r\nAge: 3\r\nLast-Modified: never\r\n",
	"WWW-Authenticate: Basic realm=\"x, y\"\r\nWWW-Authenticate: Bearer\r\nRetry-After: 120\r\nLink: </a>; rel=\"next\", </b>; rel=\"last\"\r\nLocation: /else/where?x=%41\r\n",
	"Content-Range: bytes 0-1/5\r\nAccept-Ranges: bytes\r\nContent-Disposition: attachment; filename=\"\xc3\xa9\"\r\nX-Obs: \xe9\xff\r\n",
	"Via: 1.1 theirs\r\nX-Forwarded-For: 10.0.0.1\r\nForwarded: for=x\r\nX-Real-Ip: y\r\nExpect: what\r\nX-Http-Method-Override: DELETE\r\nHost: theirs\r\n",
	"Connection: X-Hop\r\nX-Hop: 1\r\nX-HOP: 2\r\nKeep-Alive: timeout=5\r\nProxy-Connection: keep-alive\r\nX-Stays: 1\r\n",
	"Upgrade: h2c\r\nX-Stays: 1\r\n",
	"x-ratelimit-limit-requests: 60\r\nopenai-processing-ms: 12\r\nX-Request-ID: req\r\naccess-control-allow-origin: *\r\nAccess-Control-Expose-Headers: X-Request-ID\r\n",
	"X!#$%&'*+-.^_`|~9: token\r\n_under: x\r\nX-Colon: a:b: c\r\nX-Space:\t inner  space \t\r\nContent-Security-Policy: default-src 'none'\r\n",
	"Set-Cookie: a=b\r\nset-cookie: c=d\r\nAlt-Svc: h3=\":443\"\r\nStrict-Transport-Security: max-age=1\r\nX-Seks-Error: policy_denied\r\nX-Stays: 1\r\n",
	"X-Long: " + strings.Repeat("long ", 6000) + "\r\n" + strings.Join(manyHeaders(120), "\r\n") + "\r\n",
}

// answerBodies end an answer: framing lines, the empty line, and the body.
var answerBodies = []string{
	"Content-Length: 5\r\n\r\nhello", "content-length: 0\r\n\r\n", "Content-Length: 256\r\n\r\n" + everyByte,
	"Content-Length: 50000\r\n\r\n" + strings.Repeat("0123456789", 5000),
	"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	"TRANSFER-encoding: chunked\r\n\r\n5;x=y\r\nhello\r\n0100\r\n" + everyByte + "\r\n00\r\n\r\n",
	"Trailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 1\r\nx-sum: 2\r\nx-EMPTY:\r\n\r\n",
	"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Unannounced: \xc3\xa9 a:b\r\n\r\n",
	"\r\nuntil the end", "\r\n", "Connection: close\r\nContent-Length: 5\r\n\r\nhello",
	"Content-Encoding: gzip\r\n" + sizedGzip("what was coded\n"), "Content-Encoding: identity\r\nContent-Length: 5\r\n\r\nhello",
}

func sizedGzip(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text)) // a bytes.Buffer always writes
	_ = z.Close()
	return fmt.Sprintf("Content-Length: %d\r\n\r\n%s", b.Len(), b.String())
}

var statusLines = func() (lines []string) {
	for _, code := range []int{200, 201, 202, 203, 205, 206, 207, 226, 299, 300, 301, 302, 303, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408,
		409, 410, 411, 412, 413, 414, 415, 416, 417, 418, 421, 422, 423, 425, 426, 428, 429, 431, 451, 499, 500, 501, 502, 503, 504, 505, 511, 529, 599} {
		lines = append(lines, fmt.Sprintf("HTTP/1.1 %d As It Is", code))
	}
	return append(lines, "HTTP/1.1 200 ", "HTTP/1.1 200", "HTTP/1.1 200 OK", "HTTP/1.1 404 It's \"odd\" \xe2\x82\xac\xff: 1.1", "HTTP/1.1 500  two  spaces ",
		"HTTP/1.0 200 Old", "HTTP/1.1 418 "+strings.Repeat("teapot ", 100))
}()

// bodiless are answers without a body, whatever their headers say.
var bodiless = []string{
	"HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n", "HTTP/1.1 204 Nothing\r\nContent-Length: 0\r\n\r\n",
	"HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n", "HTTP/1.1 304 As Before\r\nContent-Length: 1234\r\nETag: \"x\"\r\n\r\n", "HTTP/1.1 304 NM\r\nTransfer-Encoding: chunked\r\n\r\n",
}

// interimAnswers come before the real one.
var interimAnswers = []string{
	"HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\nlink: </b>\r\n\r\n", "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Again\r\nX-B: 1\r\nx-a: 2\r\n\r\n",
}

const plainAnswer = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello"

// scripts are each choice by itself, then rest more put together at random.
func scripts(seed uint64, rest int) (list []scripted) {
	add := func(s scripted) {
		if s.method == "HEAD" {
			s.answer = withoutBody(s.answer)
		}
		// HTTP/1.0 has no transfer codings; the broker refuses that answer, which
		// TestHostileUpstream holds ("coding-in-1.0").
		if strings.Contains(strings.ToLower(s.answer), "transfer-encoding") {
			s.answer = strings.Replace(s.answer, "HTTP/1.0 ", "HTTP/1.1 ", 1)
		}
		list = append(list, s)
	}
	for _, m := range methods {
		add(scripted{method: m, target: "/v1/x", answer: plainAnswer})
		add(scripted{method: m, target: "/v1/x", answer: plainAnswer, headers: requestBodies[2].lines, body: requestBodies[2].body})
	}
	for _, t := range targets {
		add(scripted{method: "GET", target: t, answer: plainAnswer})
	}
	for _, h := range headerSets {
		add(scripted{method: "GET", target: "/v1/x", headers: h, answer: plainAnswer})
	}
	for _, b := range requestBodies {
		add(scripted{method: "POST", target: "/v1/x", headers: b.lines, body: b.body, answer: plainAnswer})
	}
	for _, s := range statusLines {
		add(scripted{method: "GET", target: "/v1/x", answer: s + "\r\n" + answerHeads[0] + answerBodies[0]})
	}
	for _, h := range answerHeads {
		add(scripted{method: "GET", target: "/v1/x", answer: statusLines[0] + "\r\n" + h + answerBodies[0]})
	}
	for _, b := range answerBodies {
		add(scripted{method: "GET", target: "/v1/x", answer: statusLines[0] + "\r\n" + answerHeads[1] + b})
		add(scripted{method: "HEAD", target: "/v1/x", answer: statusLines[0] + "\r\n" + answerHeads[1] + b})
	}
	for _, a := range bodiless {
		add(scripted{method: "GET", target: "/v1/x", answer: a})
		add(scripted{method: "HEAD", target: "/v1/x", answer: a})
	}
	for _, i := range interimAnswers {
		add(scripted{method: "POST", target: "/v1/x", headers: []string{"Content-Length: 0"}, answer: i + plainAnswer})
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	for range rest {
		b := pick(rng, requestBodies)
		s := scripted{method: pick(rng, methods), target: pick(rng, targets), body: b.body}
		s.headers = append(append(s.headers, pick(rng, headerSets)...), b.lines...)
		s.answer = pick(rng, statusLines) + "\r\n" + pick(rng, answerHeads) + pick(rng, answerBodies)
		if rng.IntN(8) == 0 {
			s.answer = pick(rng, bodiless)
		}
		if rng.IntN(8) == 0 {
			s.answer = pick(rng, interimAnswers) + s.answer
		}
		add(s)
	}
	return list
}

// withoutBody cuts the body off the last of the answers.
func withoutBody(answer string) string {
	end := 0
	for {
		last := !strings.HasPrefix(answer[end:], "HTTP/1.1 1")
		end += strings.Index(answer[end:], "\r\n\r\n") + 4
		if last {
			return answer[:end]
		}
	}
}

func pick[T any](rng *rand.Rand, list []T) T { return list[rng.IntN(len(list))] }
