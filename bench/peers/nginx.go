package peers

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// ErrAbsent is a peer that isn't installed here.
var ErrAbsent = errors.New("not installed")

// nginxConfig does what the broker does as far as nginx can: it sets the
// credential, takes three of its forms out of answers, and logs. Its log is
// buffered for as long as the broker's own batch, its upstream connections are
// kept, and events pass at once.
func nginxConfig(dir, listen, upstream, key string) string {
	return fmt.Sprintf(`daemon off;
master_process off;
pid %[1]s/nginx.pid;
error_log stderr error;
events { worker_connections 4096; }
http {
  log_format full '$remote_addr [$time_iso8601] "$request" $status $bytes_sent "$http_user_agent" $request_time $upstream_response_time';
  access_log %[1]s/access.log full buffer=64k flush=100ms;
  client_body_temp_path %[1]s/body;
  proxy_temp_path %[1]s/proxy;
  fastcgi_temp_path %[1]s/fastcgi;
  uwsgi_temp_path %[1]s/uwsgi;
  scgi_temp_path %[1]s/scgi;
  keepalive_requests 1000000000;
  client_max_body_size 0;
  tcp_nodelay on;
  upstream api { server %[3]s; keepalive 1024; keepalive_requests 1000000000; }
  server {
    listen %[2]s;
    proxy_http_version 1.1;
    proxy_request_buffering off;
    proxy_set_header Connection "";
    proxy_set_header Host $proxy_host;
    proxy_set_header Accept-Encoding "";
    proxy_set_header Authorization "Bearer %[4]s";
    sub_filter_types *;
    sub_filter_once off;
    sub_filter "%[4]s" "[REDACTED]";
    sub_filter "%[5]s" "[REDACTED]";
    sub_filter "%[6]s" "[REDACTED]";
    location / { proxy_pass http://api; }
    location /v1/responses { proxy_pass http://api; proxy_buffering off; }
    location /v1/files { proxy_pass http://api; proxy_buffering off; }
  }
}
`, dir, listen, upstream, key, base64.StdEncoding.EncodeToString([]byte(key)), hex.EncodeToString([]byte(key)))
}

// nginx runs as one process with a configuration of its own in dir.
func (s *setup) nginx(dir string) (*Target, error) {
	path, err := FindNginx()
	if err != nil {
		return nil, err
	}
	// nginx says nothing of a port that it was given by the system: one is
	// picked here, and free again.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	at := l.Addr().String()
	if err := l.Close(); err != nil {
		return nil, err
	}
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(nginxConfig(dir, at, s.upstream, s.key)), 0o600); err != nil {
		return nil, err
	}
	c, err := start(s.cores.Gateway, exec.Command(path, "-p", dir, "-c", file, "-e", "stderr"), nil)
	if err != nil {
		return nil, err
	}
	t := &Target{Name: "nginx", Address: at, Bearer: s.token, Child: c}
	return t, t.answers()
}

// FindNginx is the path of nginx, or ErrAbsent.
func FindNginx() (string, error) {
	for _, name := range []string{"nginx", "/usr/sbin/nginx", "/usr/local/sbin/nginx"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", ErrAbsent
}

// answers waits until the target takes connections.
func (t *Target) answers() error {
	for end := time.Now().Add(startLimit); ; time.Sleep(10 * time.Millisecond) {
		c, err := net.Dial("tcp", t.Address)
		if err == nil {
			return c.Close()
		}
		if gone := t.Child.Ended(); gone != nil {
			return gone
		}
		if time.Now().After(end) {
			t.Child.Stop()
			return fmt.Errorf("%s takes no connection: %w", t.Name, err)
		}
	}
}
