package admin

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"syscall"
)

// ErrNotRunning means that no broker listens on the socket.
var ErrNotRunning = errors.New("no broker is running")

// Client gives commands to a running broker over its socket.
type Client struct{ http http.Client }

// Dial finds the broker that listens on a socket.
func Dial(socket string) (*Client, error) {
	// Looked for first: a path too long for a socket can't be dialled, and so
	// nobody listens there.
	if _, err := os.Lstat(socket); errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotRunning
	}
	c, err := net.Dial("unix", socket)
	if errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ECONNREFUSED) {
		return nil, ErrNotRunning
	}
	if err != nil {
		return nil, fmt.Errorf("the broker's admin socket: %w", err)
	}
	_ = c.Close()
	return &Client{http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", socket)
		},
	}}}, nil
}

// Call gives a command and returns the JSON of its answer.
func (c *Client) Call(ctx context.Context, name string, in []byte) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://localhost/admin/v1/"+name, bytes.NewReader(in))
	if err != nil {
		return nil, err
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, fmt.Errorf("the running broker did not answer: %w", err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("the running broker's answer was cut: %w", err)
	}
	if resp.StatusCode != http.StatusOK {
		var f failure
		if json.Unmarshal(body, &f) != nil || f.Error.Message == "" {
			return nil, fmt.Errorf("the running broker answered %s", resp.Status)
		}
		return nil, errors.New(f.Error.Message)
	}
	return body, nil
}
