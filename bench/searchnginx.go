package main

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/seksbot/seks-broker/bench/figures"
	"github.com/seksbot/seks-broker/bench/peers"
)

const (
	nginxRow    = "nginx, three sub_filter"
	nginxServes = 8 // of the body in one measurement: the clock has ticks of 10 ms
)

// searchNginx is nginx's search for three forms of one secret over the same body: the
// CPU time of serving it from a file, less that of serving it unsearched.
func (b *bench) searchNginx(c *figures.Case, dir, file, secret string) error {
	path, err := peers.FindNginx()
	if err != nil {
		c.Note(nginxRow, err.Error())
		return nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	at := l.Addr().String()
	_ = l.Close() // nginx takes it
	conf := filepath.Join(dir, "nginx.conf")
	text := fmt.Sprintf(`daemon off;
master_process off;
pid %[1]s/nginx.pid;
error_log stderr error;
events { }
http {
  access_log off;
  client_body_temp_path %[1]s/b; proxy_temp_path %[1]s/p; fastcgi_temp_path %[1]s/f; uwsgi_temp_path %[1]s/u; scgi_temp_path %[1]s/s;
  server {
    listen %[2]s;
    sendfile off;
    location = /plain { alias %[3]s; }
    location = /searched {
      alias %[3]s;
      sub_filter_types *;
      sub_filter_once off;
      sub_filter "%[4]s" "[REDACTED]";
      sub_filter "%[5]s" "[REDACTED]";
      sub_filter "%[6]s" "[REDACTED]";
    }
  }
}
`, dir, at, file, secret, base64.StdEncoding.EncodeToString([]byte(secret)), hex.EncodeToString([]byte(secret)))
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		return err
	}
	p := exec.Command(path, "-p", dir, "-c", conf, "-e", "stderr")
	if err := p.Start(); err != nil {
		return err
	}
	defer func() {
		_ = p.Process.Kill()
		_ = p.Wait() // it was killed
	}()
	if err := answersAt(at); err != nil {
		return err
	}
	for range b.options.rounds {
		plain, err := served(p.Process.Pid, "http://"+at+"/plain")
		if err != nil {
			return err
		}
		searched, err := served(p.Process.Pid, "http://"+at+"/searched")
		if err != nil {
			return err
		}
		c.Add(nginxRow, nginxServes*searchSize/1e9/max(searched-plain, 10*time.Millisecond).Seconds())
	}
	return nil
}

func answersAt(at string) error {
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		c, err := net.Dial("tcp", at)
		if err == nil {
			return c.Close()
		}
		if time.Now().After(end) {
			return err
		}
	}
}

// served is the CPU time of a process for some answers.
func served(pid int, url string) (time.Duration, error) {
	before, err := peers.CPU(pid)
	if err != nil {
		return 0, err
	}
	for range nginxServes {
		resp, err := http.Get(url)
		if err != nil {
			return 0, err
		}
		n, err := io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close() // it was read to its end
		if err == nil && n < searchSize-1<<20 {
			err = errors.New("nginx did not serve the whole body")
		}
		if err != nil {
			return 0, err
		}
	}
	after, err := peers.CPU(pid)
	return after - before, err
}
