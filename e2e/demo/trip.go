package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/openai/openai-go/v3"
	"github.com/openai/openai-go/v3/option"

	"github.com/seksbot/seks-broker/bench/upstream"
	"github.com/seksbot/seks-broker/e2e/harness"
)

// view is what one party saw.
type view struct {
	title string
	shown string // the part of it that is printed
	all   string // every byte of it
}

// limit is how long the whole trip may take.
const limit = time.Minute

// trip is what was seen, and what must be where.
type trip struct {
	key, token string
	views      [4]view
}

const (
	agentSent = 0 // the view that holds the token
	apiSaw    = 1 // the view that holds the key
)

// roundTrip runs everything for real.
func roundTrip(build, dir string) (trip, error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	key := "sk-proj-" + rand.Text() + rand.Text() // another one each time
	double := upstream.New(upstream.Options{Key: key})
	api, err := double.Start()
	if err != nil {
		return trip{}, err
	}
	defer double.Close()
	b, token, err := serve(build, dir, api, key)
	if err != nil {
		return trip{}, err
	}
	defer b.Stop()

	agent := &wiretap{}
	client := openai.NewClient(
		option.WithBaseURL(b.URL+"/api/openai/v1/"), option.WithAPIKey(token), option.WithHTTPClient(agent.client()))
	var echoed string
	if err := client.Get(ctx, "echo/body", nil, &echoed); err != nil {
		return trip{}, err
	}
	head, answer := agent.sent(), agent.got()
	pieces, err := completion(ctx, client)
	if err != nil {
		return trip{}, err
	}
	log, err := accessLog(b)
	if err != nil {
		return trip{}, err
	}
	streamed := strings.TrimPrefix(agent.got(), answer)
	line, _, _ := strings.Cut(log, "\n")
	return trip{key: key, token: token, views: [4]view{
		{"What the agent sent: the official SDK, with a proxy token for its key", head, agent.sent()},
		{"What the API saw: the real key, put in on the way", string(double.Requests()[0].Head), string(double.RawIn())},
		{"What the agent got: the API repeats the key, and the broker masks it", answer + excerpt(streamed, pieces), agent.got()},
		{"The line in the access log", line, log},
	}}, nil
}

// serve is what an operator does: four commands.
func serve(build, dir, api, key string) (b *harness.Broker, token string, err error) {
	if b, err = harness.New(build, harness.Options{Dir: dir, Upstream: api}); err != nil {
		return nil, "", err
	}
	if err := b.Must(key, "credential", "set", "openai-prod", "--provider", "openai"); err != nil {
		return nil, "", err
	}
	if _, token, err = b.Issue("demo-agent", "openai-prod", "--expires", "1h"); err != nil {
		return nil, "", err
	}
	return b, token, b.Start()
}

// completion streams a chat completion and joins its pieces.
func completion(ctx context.Context, client openai.Client) (string, error) {
	stream := client.Chat.Completions.NewStreaming(ctx, openai.ChatCompletionNewParams{
		Model: "gpt-double", Messages: []openai.ChatCompletionMessageParamUnion{openai.UserMessage("Say hello.")},
	})
	defer stream.Close()
	var pieces []string
	for stream.Next() {
		if c := stream.Current().Choices; len(c) > 0 && c[0].Delta.Content != "" {
			pieces = append(pieces, c[0].Delta.Content)
		}
	}
	if len(pieces) == 0 && stream.Err() == nil {
		return "", fmt.Errorf("the streamed completion is empty")
	}
	return strings.Join(pieces, "|"), stream.Err()
}

// excerpt is the streamed answer's status line and the text of its events,
// instead of all their JSON.
func excerpt(raw, pieces string) string {
	status, _, _ := strings.Cut(raw, "\r\n")
	return fmt.Sprintf("\nand a chat completion, streamed to the SDK (%d bytes; a | between two events):\n\n%s\n%s\n", len(raw), status, pieces)
}

func accessLog(b *harness.Broker) (string, error) {
	r, err := b.Run("", "log", "--json")
	if err == nil && r.Status != 0 {
		err = fmt.Errorf("seks log: exit %d: %s", r.Status, r.Err)
	}
	return r.Out, err
}

// wiretap keeps every byte that a client sends and gets.
type wiretap struct {
	mu      sync.Mutex
	out, in bytes.Buffer
}

func (w *wiretap) client() *http.Client {
	var d net.Dialer
	return &http.Client{Transport: &http.Transport{
		DisableCompression: true, // so that what is shown can be read
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := d.DialContext(ctx, network, addr)
			return tapped{c, w}, err
		},
	}}
}

func (w *wiretap) sent() string { return w.text(&w.out) }
func (w *wiretap) got() string  { return w.text(&w.in) }

func (w *wiretap) text(b *bytes.Buffer) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return b.String()
}

func (w *wiretap) keep(b *bytes.Buffer, p []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	b.Write(p)
}

type tapped struct {
	net.Conn
	tap *wiretap
}

func (t tapped) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	t.tap.keep(&t.tap.in, p[:n])
	return n, err
}

func (t tapped) Write(p []byte) (int, error) {
	t.tap.keep(&t.tap.out, p)
	return t.Conn.Write(p)
}
