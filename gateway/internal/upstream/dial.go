package upstream

import (
	"net"
	"time"
)

// watchedConn is a connection with a deadline that moves on with every byte,
// so that a stream may last for hours and a dead peer may not; and one that
// shutdown can cut.
type watchedConn struct {
	net.Conn
	client *Client
	idle   time.Duration
	// When each deadline was set last: setting one costs more than reading the
	// clock, so it is moved at most once a second.
	readSet, writeSet time.Time
}

func (c *Client) dial(addr string) (net.Conn, error) {
	d := net.Dialer{Timeout: c.config.ConnectTimeout}
	conn, err := d.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	w := &watchedConn{Conn: conn, client: c, idle: c.config.IdleTimeout}
	c.mu.Lock()
	c.conns[w] = struct{}{}
	c.mu.Unlock()
	return w, nil
}

func (w *watchedConn) Read(p []byte) (int, error) {
	if err := move(&w.readSet, w.idle, w.Conn.SetReadDeadline); err != nil {
		return 0, err
	}
	return w.Conn.Read(p)
}

func (w *watchedConn) Write(p []byte) (int, error) {
	if err := move(&w.writeSet, w.idle, w.Conn.SetWriteDeadline); err != nil {
		return 0, err
	}
	return w.Conn.Write(p)
}

func move(set *time.Time, idle time.Duration, deadline func(time.Time) error) error {
	now := time.Now()
	if idle <= 0 || now.Sub(*set) < time.Second {
		return nil
	}
	*set = now
	return deadline(now.Add(idle))
}

func (w *watchedConn) Close() error {
	w.client.mu.Lock()
	delete(w.client.conns, w)
	w.client.mu.Unlock()
	return w.Conn.Close()
}

// Abort cuts every connection: what is still streaming ends with an error.
func (c *Client) Abort() {
	c.mu.Lock()
	conns := make([]*watchedConn, 0, len(c.conns))
	for w := range c.conns {
		conns = append(conns, w)
	}
	c.mu.Unlock()
	for _, w := range conns {
		_ = w.Close()
	}
}
