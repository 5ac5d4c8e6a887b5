// Package upstream is a double of the OpenAI and Anthropic APIs for tests and
// benchmarks: a real HTTP server that checks the credential, answers in the
// API's shapes, records the bytes that reached it, and echoes the credential in
// any form a test asks for.
//
// Endpoints (each wants the key, as Authorization: Bearer or x-api-key):
//
//	POST   /v1/chat/completions   also "stream": true; model "error-429" and so on answers that error
//	POST   /v1/embeddings         floats, or base64
//	POST   /v1/responses          a minimal answer
//	POST   /v1/audio/speech, /v1/audio/transcriptions, /v1/images/generations: see media.go
//	POST   /v1/batches, GET /v1/batches/{id}
//	POST   /v1/organization/admin_api_keys, /v1/organizations/webhooks: a new secret, BornKey
//	GET    /v1/models[/{id}]
//	GET    /v1/files              after, limit; newest first
//	POST   /v1/files              multipart, hashed as it streams
//	GET    /v1/files/{id}[/content], DELETE /v1/files/{id}
//	any    /v1/error/{status}     the API's error of that status; 429 with Retry-After: 2
//	any    /v1/echo/{form}        the key, in a form: see echo.go
//	any    /v1/echo/request[/…]   what arrived, as JSON
//	GET    /v1/bytes/{n}          n bytes of Content; ?chunked=1 without Content-Length
//	POST   /v1/sink               swallows a body: its length and sha256; ?nohash=1 without the latter
//	any    /v1/hang               no answer until the client goes away or the server closes
//	any    /v1/hostile/{name}     what no good server does: see hostile.go; on any path, the header X-Hostile: name
//
// A request with the header anthropic-version is answered as Anthropic would,
// errors too. There are all of the above but OpenAI's own, and
//
//	POST   /v1/messages                 also "stream": true; model "error-529" and so on
//	POST   /v1/messages/count_tokens
//	POST   /v1/messages/batches, GET /v1/messages/batches/{id}[/results]
package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
)

// Options say what the double is. A double without Key refuses everybody.
type Options struct {
	Key       string          // the credential that is right
	Listen    string          // host:port; "127.0.0.1:0"
	TLS       bool            // https, with a certificate made at Start: see CertPEM
	Models    int             // how many models there are; 3
	Files     int             // how many files are there at the start; 0
	EchoKey   bool            // the 401 for a wrong key repeats the whole of it, where the real API masks it
	Gate      <-chan struct{} // where set, a streamed answer waits for one receive before each event but the first
	Record    int             // how many requests Requests remembers, the newest; 1000, below 0 none
	RawLimit  int64           // how many bytes RawIn keeps; 16 MiB, below 0 none
	BodyLimit int             // how many bytes of a body Seen keeps; 64 KiB
	Hostile   Hostile         // answers in unusual bytes, now and then
	Handler   http.Handler    // another API instead of these, which checks the key itself: see package apis
}

// Server is a double. Make it with New.
type Server struct {
	options  Options
	http     *http.Server
	listener net.Listener
	certPEM  []byte
	serving  sync.WaitGroup
	mu       sync.Mutex // over closing, and over handlers.Add
	closing  bool
	handlers sync.WaitGroup
	closed   chan struct{}
	ids      atomic.Int64
	events   atomic.Int64
	waiting  atomic.Int64
	tally    tally
	record   recorder
	files    fileTable
}

// New makes a double that isn't listening yet.
func New(o Options) *Server {
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Models == 0 {
		o.Models = 3
	}
	if o.Hostile.Seed == 0 {
		o.Hostile.Seed = rand.Uint64()
	}
	s := &Server{options: o, closed: make(chan struct{})}
	s.record.init(o)
	for range o.Files {
		s.files.add(generatedFile(s.nextID()))
	}
	s.http = &http.Server{
		Handler:     http.HandlerFunc(s.serve),
		ConnContext: withConn,
		ErrorLog:    log.New(io.Discard, "", 0),
		Protocols:   new(http.Protocols),
	}
	s.http.Protocols.SetHTTP1(true) // the record reads HTTP/1.1
	return s
}

// Start listens and gives the base URL, "http://127.0.0.1:PORT" with no path.
func (s *Server) Start() (baseURL string, err error) {
	s.listener, err = net.Listen("tcp", s.options.Listen)
	if err != nil {
		return "", fmt.Errorf("upstream double: %w", err)
	}
	scheme, inner := "http", s.listener
	if s.options.TLS {
		cert, certPEM, err := selfSigned()
		if err != nil {
			_ = s.listener.Close()
			return "", fmt.Errorf("upstream double: %w", err)
		}
		s.certPEM = certPEM
		scheme, inner = "https", tls.NewListener(s.listener, &tls.Config{Certificates: []tls.Certificate{cert}, NextProtos: []string{"http/1.1"}})
	}
	if s.options.Hostile.Probability > 0 {
		inner = &noisyListener{Listener: inner, hostile: s.options.Hostile}
	}
	s.serving.Go(func() { _ = s.http.Serve(s.record.listener(inner)) }) // ends with Close
	return scheme + "://" + s.listener.Addr().String(), nil
}

// URL is the base URL of a double that was started.
func (s *Server) URL() string {
	if s.options.TLS {
		return "https://" + s.listener.Addr().String()
	}
	return "http://" + s.listener.Addr().String()
}

// Seed is what the random choices of Hostile are made from.
func (s *Server) Seed() uint64 { return s.options.Hostile.Seed }

// Waiting is how many answers are waiting now: for Options.Gate, or in /v1/hang.
// One whose client has gone is not among them.
func (s *Server) Waiting() int { return int(s.waiting.Load()) }

// CertPEM is the certificate of a double with TLS, for a client to trust.
func (s *Server) CertPEM() []byte { return s.certPEM }

// Close cuts every connection and returns when all handlers have ended.
func (s *Server) Close() error {
	s.mu.Lock()
	if !s.closing {
		s.closing = true
		close(s.closed)
	}
	s.mu.Unlock()
	err := s.http.Close()
	s.serving.Wait()
	s.handlers.Wait()
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// Events counts the events of streamed answers that were sent so far, in all.
func (s *Server) Events() int { return int(s.events.Load()) }

func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	if s.closing {
		s.mu.Unlock()
		return
	}
	s.handlers.Add(1)
	s.mu.Unlock()
	defer s.handlers.Done()
	s.record.begin(r)
	id := s.newID("req")
	w.Header().Set("X-Request-Id", id)
	if s.options.Handler != nil {
		s.options.Handler.ServeHTTP(w, r)
		return
	}
	if r.Header.Get("Anthropic-Version") != "" {
		w.Header().Set("Request-Id", id)
		w = anthropicWriter{w}
	}
	if !s.authorize(w, r) {
		return
	}
	s.route(w, r)
}

// route is no http.ServeMux, which would redirect the paths that tests send.
func (s *Server) route(w http.ResponseWriter, r *http.Request) {
	path, _ := strings.CutPrefix(r.URL.Path, "/v1/")
	for _, name := range []string{"OpenAI-Organization", "OpenAI-Project"} { // the API says whom it bills
		if v := r.Header.Get(name); v != "" {
			w.Header().Set(name, v)
		}
	}
	head, rest, _ := strings.Cut(path, "/")
	if name := r.Header.Get("X-Hostile"); name != "" {
		head, rest = "hostile", name
	}
	if a, ok := w.(anthropicWriter); ok && s.routeAnthropic(a, r, head, rest) {
		return
	}
	switch {
	case head == "hostile":
		s.hostile(w, r, rest)
	case path == "chat/completions" && r.Method == http.MethodPost:
		s.chat(w, r)
	case path == "audio/speech" && r.Method == http.MethodPost:
		speech(w, r)
	case path == "audio/transcriptions" && r.Method == http.MethodPost:
		transcription(w, r)
	case path == "images/generations" && r.Method == http.MethodPost:
		images(w, r)
	case path == "batches" && r.Method == http.MethodPost:
		s.createJob(w, r)
	case head == "batches" && r.Method == http.MethodGet:
		s.job(w, rest, "/v1/chat/completions", "file-1")
	case path == "organization/admin_api_keys" && r.Method == http.MethodPost:
		born(w, r, "value")
	case path == "embeddings" && r.Method == http.MethodPost:
		s.embeddings(w, r)
	case path == "responses" && r.Method == http.MethodPost:
		s.responses(w, r)
	case head == "models" && r.Method == http.MethodGet:
		s.models(w, rest)
	case head == "files":
		s.serveFiles(w, r, rest)
	case head == "error":
		writeErrorNamed(w, rest)
	case head == "echo":
		s.echo(w, r, rest)
	case head == "bytes":
		serveBytes(w, r, rest)
	case path == "sink":
		sink(w, r)
	case path == "hang":
		s.wait(r.Context(), nil)
	default:
		writeError(w, http.StatusNotFound, "invalid_request_error", "", "Unknown request URL: "+r.Method+" "+r.URL.Path+".")
	}
}

// wait returns when gate lets go. Where the client or the server is gone first,
// it ends the handler and cuts the connection, so that what was sent so far does
// not look like a whole answer.
func (s *Server) wait(ctx context.Context, gate <-chan struct{}) {
	s.waiting.Add(1)
	defer s.waiting.Add(-1)
	select {
	case <-gate:
	case <-ctx.Done():
		panic(http.ErrAbortHandler) // net/http's own way to say so
	case <-s.closed:
		panic(http.ErrAbortHandler)
	}
}

func (s *Server) nextID() int64 { return s.ids.Add(1) }

func (s *Server) newID(prefix string) string {
	return fmt.Sprintf("%s-%024d", prefix, s.nextID())
}
