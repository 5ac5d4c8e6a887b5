package upstream

import (
	"bufio"
	"fmt"
	"net"
	"sync"
	"time"
)

// Scripted is an upstream that answers with bytes given beforehand, and keeps
// what arrived as it was on the wire. It is no HTTP server: nothing is added,
// checked or put in order on the way.
type Scripted struct {
	listener net.Listener
	serving  sync.WaitGroup

	mu      sync.Mutex
	conns   map[net.Conn]bool
	answers map[string]string
	arrived map[string][]Message
}

// ScriptHeader names the answer that a request asks for.
const ScriptHeader = "X-Script"

// StartScripted listens on loopback and gives the base URL.
func StartScripted() (*Scripted, string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", fmt.Errorf("scripted upstream: %w", err)
	}
	s := &Scripted{listener: l, conns: map[net.Conn]bool{}, answers: map[string]string{}, arrived: map[string][]Message{}}
	s.serving.Go(s.serve)
	return s, "http://" + l.Addr().String(), nil
}

// Answer says what a request with "X-Script: name" gets: these bytes. A
// connection is kept open after an answer that says how long it is.
func (s *Scripted) Answer(name, answer string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[name] = answer
}

// Take gives the requests of that name that have arrived since it was asked last.
func (s *Scripted) Take(name string) []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	arrived := s.arrived[name]
	delete(s.arrived, name)
	return arrived
}

// Close cuts every connection.
func (s *Scripted) Close() error {
	err := s.listener.Close()
	s.mu.Lock()
	for c := range s.conns {
		_ = c.Close()
	}
	s.mu.Unlock()
	s.serving.Wait()
	return err
}

func (s *Scripted) serve() {
	for {
		c, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns[c] = true
		s.mu.Unlock()
		s.serving.Go(func() {
			s.talk(c)
			_ = c.Close()
			s.mu.Lock()
			delete(s.conns, c)
			s.mu.Unlock()
		})
	}
}

func (s *Scripted) talk(c net.Conn) {
	_ = c.SetDeadline(time.Now().Add(hostileLimit))
	for in := bufio.NewReader(c); ; {
		request, err := ReadMessage(in, false)
		if err != nil {
			return
		}
		name := ""
		for _, h := range request.Headers {
			if h[0] == ScriptHeader {
				name = h[1]
			}
		}
		s.mu.Lock()
		s.arrived[name] = append(s.arrived[name], request)
		answer, ok := s.answers[name]
		s.mu.Unlock()
		if _, err := c.Write([]byte(answer)); err != nil || !ok || endsByClose(request.First, answer) {
			return
		}
	}
}
