// Package leak looks for a way by which a secret gets through the broker: a double
// of an API says a stand-in secret in every writing at every place of an answer, and
// what an agent gets of it is searched, byte by byte, for what must not be in it.
// Nothing of the scrubber's is used for that.
package leak

import (
	"compress/gzip"
	"compress/zlib"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// caseHeader names the answer that a request is for.
const caseHeader = "X-Leak-Case"

// Double is the API's double.
type Double struct {
	cases    []one
	server   *http.Server
	listener net.Listener
	asked    atomic.Int64
}

// NewDouble starts a double on loopback that knows these stand-in secrets. Bodies that
// are opaque to the broker are in no coding: it does not look inside of those.
func NewDouble(secrets []string, opaque bool) (*Double, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	d := &Double{cases: cases(secrets, opaque), listener: l}
	d.server = &http.Server{Handler: d, ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = d.server.Serve(l) }() // ends with Close
	return d, nil
}

// Addr is the double's host and port.
func (d *Double) Addr() string { return d.listener.Addr().String() }

// Close ends it.
func (d *Double) Close() { _ = d.server.Close() }

// ServeHTTP gives the answer that the request is for.
func (d *Double) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.Atoi(r.Header.Get(caseHeader))
	if err != nil || n < 0 || n >= len(d.cases) {
		http.NotFound(w, r)
		return
	}
	d.asked.Add(1)
	d.cases[n].say(w)
}

// Report is what came of it.
type Report struct {
	Writings int      `json:"writings"`
	Answers  int      `json:"answers"`
	Leaks    []string `json:"leaks"`
}

// errVain is the error of a check that has shown nothing.
var errVain = errors.New("the broker did not ask the double")

// Run asks for each answer by way of the broker: request makes a request to it, as an
// agent of this API does. The error says why not all could be looked at.
func (d *Double) Run(ctx context.Context, request func(context.Context) (*http.Request, error)) (Report, error) {
	r := Report{Writings: len(writings), Leaks: []string{}}
	client := &http.Client{
		Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 1},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	for n := range d.cases {
		c := &d.cases[n]
		req, err := request(ctx)
		if err != nil {
			return r, err
		}
		req.Header.Set(caseHeader, strconv.Itoa(n))
		before := d.asked.Load()
		came, err := get(client, req)
		if err != nil {
			return r, fmt.Errorf("%s in %s: %w", c.writing.name, c.place.name, err)
		}
		if d.asked.Load() == before {
			return r, errVain
		}
		r.Answers++
		if c.leaks(came) {
			r.Leaks = append(r.Leaks, c.writing.name+" in "+c.place.name)
		}
	}
	return r, nil
}

// get is all that an agent gets of an answer. One of the broker's own is an error: it
// shows nothing.
func get(client *http.Client, req *http.Request) (string, error) {
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	reader, err := plain(resp)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(reader)
	if err != nil {
		return "", err
	}
	if code := resp.Header.Get("X-Seks-Error"); code != "" {
		return "", fmt.Errorf("the broker refused the check's own request: %s: %.300s", code, body)
	}
	came := resp.Status + "\n" + string(body)
	for _, headers := range []http.Header{resp.Header, resp.Trailer} {
		for name, values := range headers {
			came += fmt.Sprintf("\n%s: %s", name, values)
		}
	}
	return came, nil
}

// plain undoes the coding of an answer that came in one, as any agent can.
func plain(resp *http.Response) (io.Reader, error) {
	switch resp.Header.Get("Content-Encoding") {
	case "gzip":
		return gzip.NewReader(resp.Body)
	case "deflate":
		return zlib.NewReader(resp.Body)
	}
	return resp.Body, nil
}
