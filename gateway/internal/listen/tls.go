package listen

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"
)

// Certificate is a TLS configuration whose certificate is read again when its
// files change, so that a renewal needs no restart. While a changed pair can't
// be used (one file of two is written), the one before goes on.
func Certificate(cert, key string) (*tls.Config, error) {
	c := &certificate{cert: cert, key: key}
	if _, err := c.get(nil); err != nil {
		return nil, fmt.Errorf("tls: %w: check [tls] cert and key", err)
	}
	return &tls.Config{GetCertificate: c.get, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}, nil
}

type certificate struct {
	cert, key string

	mu     sync.Mutex
	pair   *tls.Certificate
	looked time.Time // when the files' times were looked at last
	stamp  [2]time.Time
}

func (c *certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pair != nil && time.Since(c.looked) < time.Second {
		return c.pair, nil
	}
	c.looked = time.Now()
	stamp := [2]time.Time{changed(c.cert), changed(c.key)}
	if c.pair != nil && stamp == c.stamp {
		return c.pair, nil
	}
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		if c.pair != nil {
			return c.pair, nil
		}
		return nil, err
	}
	c.pair, c.stamp = &pair, stamp
	return c.pair, nil
}

func changed(path string) time.Time {
	fi, err := os.Stat(path)
	if err != nil {
		return time.Time{}
	}
	return fi.ModTime()
}
