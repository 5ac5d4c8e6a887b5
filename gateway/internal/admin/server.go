// Package admin serves the commands to whoever may give them: the same user
// over a unix socket, or the bearer of the admin token over TCP.
package admin

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/ops"
)

// maxInput bounds a command's input: a plugin's module, in base64, is the
// largest.
const maxInput = 64 << 20

// Server is the admin API on its two listeners.
type Server struct {
	broker  *ops.Broker
	metrics *Metrics
	socket  *http.Server
	tcp     *http.Server
	hosts   map[string]bool
}

// New makes a server.
func New(b *ops.Broker, m *Metrics) *Server {
	s := &Server{broker: b, metrics: m, hosts: map[string]bool{"localhost": true, "127.0.0.1": true, "::1": true}}
	s.socket = &http.Server{Handler: s.routes(func(*http.Request) bool { return true }), ReadHeaderTimeout: 10 * time.Second}
	s.tcp = &http.Server{Handler: s.checkHost(s.routes(s.bearsToken)), ReadHeaderTimeout: 10 * time.Second}
	return s
}

// ServeSocket listens on the admin socket. It can be reached by this user only:
// by its mode, and by the peer's uid.
func (s *Server) ServeSocket(path string) error {
	// A socket that was left behind by a killed process: the store's lock says
	// that no other process uses this data_dir.
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	l, err := listenPrivate(path)
	if err != nil {
		return err
	}
	go serve(s.socket, peerListener{l})
	return nil
}

// ServeTCP listens on the admin address; certificate is nil for plain http.
func (s *Server) ServeTCP(address string, certificate *tls.Config) (net.Addr, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	if certificate != nil {
		l = tls.NewListener(l, certificate)
	}
	if host, _, err := net.SplitHostPort(address); err == nil && host != "" {
		s.hosts[host] = true
	}
	go serve(s.tcp, l)
	return l.Addr(), nil
}

func serve(s *http.Server, l net.Listener) {
	_ = s.Serve(l) // ends with ErrServerClosed at shutdown
}

// Shutdown lets running commands finish.
func (s *Server) Shutdown(ctx context.Context) {
	_ = s.tcp.Shutdown(ctx)
	_ = s.socket.Shutdown(ctx)
}

func (s *Server) routes(allowed func(*http.Request) bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.Handle("GET /metrics", s.metrics.handler())
	guarded := func(next http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if !allowed(r) {
				w.Header().Set("WWW-Authenticate", "Bearer")
				fail(w, http.StatusUnauthorized, errors.New("an admin token is needed: make one with `seks admin token`, and send it as Authorization: Bearer …"))
				return
			}
			next(w, r)
		}
	}
	mux.HandleFunc("POST /admin/v1/{command...}", guarded(s.command))
	mux.HandleFunc("POST /admin/v1/stream/scrub", guarded(s.scrub))
	mux.HandleFunc("/admin/v1/{command...}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Allow", http.MethodPost)
		fail(w, http.StatusMethodNotAllowed, errors.New("commands are given by POST"))
	})
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		fail(w, http.StatusNotFound, errors.New("commands are at POST /admin/v1/NOUN/VERB"))
	})
	return mux
}

func (s *Server) command(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxInput))
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		fail(w, http.StatusRequestEntityTooLarge, fmt.Errorf("the input has more than %d MiB", maxInput>>20))
		return
	case err != nil:
		fail(w, http.StatusBadRequest, errors.New("the input was cut short: send it again"))
		return
	}
	defer clear(body) // it may hold a credential
	out, err := s.broker.Call(r.Context(), r.PathValue("command"), body)
	switch {
	case errors.Is(err, ops.ErrUnknown):
		fail(w, http.StatusNotFound, err)
	case err != nil:
		fail(w, http.StatusBadRequest, err)
	default:
		reply(w, http.StatusOK, out)
	}
}

func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	health, _ := s.broker.Ready(r.Context(), ops.Done{})
	status := http.StatusOK
	if !health.Ready {
		status = http.StatusServiceUnavailable
	}
	reply(w, status, health)
}

func (s *Server) bearsToken(r *http.Request) bool {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return ok && strings.EqualFold(scheme, "Bearer") && s.broker.IsAdmin(token)
}

// checkHost refuses names that aren't ours, so that no page in an operator's
// browser can reach the API by pointing its own name here (DNS rebinding).
func (s *Server) checkHost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if h, _, err := net.SplitHostPort(host); err == nil {
			host = h
		}
		if !s.hosts[strings.Trim(host, "[]")] {
			fail(w, http.StatusForbidden, errors.New("this Host is not the admin listener's: reach it by the address in [admin] listen, or as localhost"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

type failure struct {
	Error struct {
		Message string `json:"message"`
	} `json:"error"`
}

func fail(w http.ResponseWriter, status int, err error) {
	var f failure
	f.Error.Message = err.Error()
	reply(w, status, f)
}

func reply(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
