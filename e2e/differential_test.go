package e2e

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/bench/upstream"
	"github.com/seksbot/seks-broker/e2e/harness"
)

// A few hundred exchanges, each sent twice over a socket: straight to the API,
// and through the broker. What the API saw and what the agent got is equal to
// the byte, but for the differences that are listed, each with its reason.
func TestDifferential(t *testing.T) {
	seed, more := rand.Uint64(), 300
	if testing.Short() {
		more = 50
	}
	t.Logf("the scripts put together at random are those of the seed %d", seed)
	api, url, err := upstream.StartScripted()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = api.Close() })
	r := newRig(t, upstream.Options{}, harness.Options{Upstream: url})
	host := strings.TrimPrefix(url, "http://")
	direct := &peer{t: t, addr: host, host: host, auth: "Authorization: Bearer " + r.key}
	through := &peer{t: t, addr: strings.TrimPrefix(r.URL, "http://"), host: "broker.example:8080", prefix: "/api/openai", auth: "authorization:Bearer " + r.token}
	defer direct.hangUp()
	defer through.hangUp()

	list := scripts(seed, more)
	for i, s := range list {
		name := strconv.Itoa(i)
		api.Answer(name, s.answer)
		wantAnswer := direct.exchange(s, name)
		wantRequest := api.Take(name)
		gotAnswer := through.exchange(s, name)
		gotRequest := api.Take(name)
		if len(wantRequest) != 1 || len(gotRequest) != 1 {
			t.Errorf("%s: %d requests arrived straight and %d through the broker:\n%.400q", name, len(wantRequest), len(gotRequest), fmt.Sprintf("%+v", gotAnswer))
			continue
		}
		want, got := upTo(wantRequest[0], direct.host, ""), upTo(gotRequest[0], host, r.key)
		if diff := difference(want, got); diff != "" {
			t.Errorf("%s: the API saw another request:\n%s\n%s", name, s, diff)
		}
		if len(gotAnswer) != len(wantAnswer) {
			t.Errorf("%s: %d answers where there are %d:\n%s", name, len(gotAnswer), len(wantAnswer), s)
			continue
		}
		for j := range wantAnswer {
			last := j == len(wantAnswer)-1
			if diff := difference(downFrom(wantAnswer[j]), arrived(t, gotAnswer[j], last)); diff != "" {
				t.Errorf("%s: the agent got another answer:\n%s\n%s", name, s, diff)
			}
		}
	}
	if lines := r.log(); len(lines) != len(list) {
		t.Errorf("%d lines in the log for %d exchanges", len(lines), len(list))
	}
}

func (s scripted) String() string {
	return fmt.Sprintf("    %s %.300q\n    %.600q\n    %.600q", s.method, s.target, s.headers, s.answer)
}

// peer is an agent with one connection, kept as long as it lasts: an exchange
// that leaves a byte behind, or takes one too many, spoils the next.
type peer struct {
	t                  *testing.T
	addr, host, prefix string
	auth               string
	conn               net.Conn
	in                 *bufio.Reader
}

func (p *peer) hangUp() {
	if p.conn != nil {
		_ = p.conn.Close()
		p.conn = nil
	}
}

// exchange sends a script's request, and reads the answers up to the last.
func (p *peer) exchange(s scripted, name string) []upstream.Message {
	p.t.Helper()
	if p.conn == nil {
		c, err := net.Dial("tcp", p.addr)
		if err != nil {
			p.t.Fatal(err)
		}
		p.conn, p.in = c, bufio.NewReader(c)
	}
	_ = p.conn.SetDeadline(time.Now().Add(wireLimit))
	head := append([]string{s.method + " " + p.prefix + s.target + " HTTP/1.1", "X-Script: " + name, "hoST: " + p.host, p.auth}, s.headers...)
	if _, err := io.WriteString(p.conn, strings.Join(head, "\r\n")+"\r\n\r\n"+s.body); err != nil {
		p.t.Fatalf("%s: %v\n%s", name, err, s)
	}
	var all []upstream.Message
	for {
		m, err := upstream.ReadMessage(p.in, s.method == "HEAD")
		if err != nil {
			p.t.Fatalf("%s: %v after %.300q\n%s", name, err, fmt.Sprint(all, m), s)
		}
		all = append(all, m)
		if interim(m) {
			continue
		}
		if m.Framing == "close" || strings.HasPrefix(m.First, "HTTP/1.0") || slices.ContainsFunc(m.Headers, func(h [2]string) bool {
			return strings.EqualFold(h[0], "Connection") && strings.EqualFold(h[1], "close")
		}) {
			p.hangUp()
		}
		return all
	}
}

func interim(m upstream.Message) bool { return strings.HasPrefix(m.First, "HTTP/1.1 1") }

// difference says in what two messages differ, "" for nothing.
func difference(want, got upstream.Message) string {
	var b strings.Builder
	say := func(what string, want, got any) {
		if !reflect.DeepEqual(want, got) {
			fmt.Fprintf(&b, "%s:\n    want %.1500q\n    got  %.1500q\n", what, fmt.Sprint(want), fmt.Sprint(got))
		}
	}
	say("first line", want.First, got.First)
	say("headers", fmt.Sprintf("%q", want.Headers), fmt.Sprintf("%q", got.Headers))
	say("framing", want.Framing, got.Framing)
	say("length", want.Length, got.Length)
	if !bytes.Equal(want.Body, got.Body) {
		say("body", want.Body, got.Body)
	}
	say("trailers", fmt.Sprintf("%q", want.Trailers), fmt.Sprintf("%q", got.Trailers))
	return b.String()
}
