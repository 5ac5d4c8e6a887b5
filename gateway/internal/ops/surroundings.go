package ops

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/seksbot/seks-broker/gateway/internal/config"
)

// Surroundings looks at the files, addresses and the user that a broker runs with.
// Where one runs, its addresses are its own; else each is bound for a moment.
func Surroundings(c *config.Config, running bool) []Finding {
	var f findings
	f.dataDir(c)
	f.masterKey(c)
	f.certificate(c)
	f.listeners(c, running)
	if os.Geteuid() == 0 {
		f.warn("user", "run `seks serve` as a user of its own, and agents as others", "the broker is root's: what breaks into it has the machine")
	} else {
		f.fine("user", "it is to run as another user than its agents: who runs as this one can read data_dir")
	}
	if running {
		f.fine("broker", "it runs, and answers on its admin socket")
	} else {
		f.warn("broker", "seks serve", "it does not run")
	}
	return f
}

// room is how much is to be free for the log and the store, in bytes.
const room = 1 << 30

func (f *findings) dataDir(c *config.Config) {
	fi, err := os.Stat(c.DataDir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		f.broken("data_dir", "seks init", "%s is not there", c.DataDir)
		return
	case err != nil:
		f.broken("data_dir", "run this as the broker's user", "%v", err)
		return
	case fi.Mode().Perm()&0o077 != 0:
		f.broken("data_dir", "chmod 700 "+c.DataDir, "others can look into %s (mode %04o)", c.DataDir, fi.Mode().Perm())
	default:
		f.fine("data_dir", "%s is private", c.DataDir)
	}
	if _, err := os.Stat(storeDir(c)); err != nil {
		f.broken("data_dir", "seks init", "it has no store: %v", ErrNoData)
	}
	var st unix.Statfs_t
	if err := unix.Statfs(c.DataDir, &st); err == nil {
		if free := int64(st.Bavail) * st.Bsize; free < room {
			f.warn("disk", "make room, or let access_log.keep and max_bytes bound the log: without a line in it, no request is answered",
				"%d MB are free where data_dir is", free>>20)
		}
	}
}

func (f *findings) masterKey(c *config.Config) {
	switch c.MasterKey.Source {
	case config.KeyFile:
		path := c.MasterKey.Value
		fi, err := os.Stat(path)
		switch {
		case err != nil:
			f.broken("master key", "put it back from where you keep its copy; for a new store, seks init", "%v", err)
		case fi.Mode().Perm()&0o077 != 0:
			f.broken("master key", "chmod 600 "+path, "others can read %s (mode %04o)", path, fi.Mode().Perm())
		default:
			f.fine("master key", "%s is private; a copy belongs elsewhere", path)
		}
	case config.KeyEnv:
		if os.Getenv(c.MasterKey.Value) == "" {
			f.warn("master key", "set it where the broker starts", "%s is not set here", c.MasterKey.Value)
			return
		}
		f.fine("master key", "in the environment, as %s", c.MasterKey.Value)
	default:
		f.fine("master key", "from a %s", c.MasterKey.Source)
	}
}

// soon is when a certificate that runs out is told of.
const soon = 14 * 24 * time.Hour

func (f *findings) certificate(c *config.Config) {
	if c.TLS.Cert == "" {
		return
	}
	pair, err := tls.LoadX509KeyPair(c.TLS.Cert, c.TLS.Key)
	if err != nil {
		f.broken("tls", "check [tls] cert and key", "%v", err)
		return
	}
	leaf, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		f.broken("tls", "check [tls] cert", "%v", err)
		return
	}
	switch left := time.Until(leaf.NotAfter); {
	case left < 0:
		f.broken("tls", "renew it: the files are read again when they change", "the certificate ran out on %s", leaf.NotAfter.Format(time.DateOnly))
	case left < soon:
		f.warn("tls", "renew it: the files are read again when they change", "the certificate runs out on %s", leaf.NotAfter.Format(time.DateOnly))
	default:
		f.fine("tls", "the certificate is good until %s", leaf.NotAfter.Format(time.DateOnly))
	}
}

func (f *findings) listeners(c *config.Config, running bool) {
	list := append([]config.Address{}, c.Listen...)
	for _, p := range c.Providers {
		list = append(list, p.Listen)
	}
	for _, a := range append(list, c.Admin.Listen) {
		if a.IsZero() {
			continue
		}
		about := "listener " + a.String()
		if a.Network == "unix" || running {
			f.fine(about, "as broker.toml has it")
			continue
		}
		l, err := net.Listen("tcp", a.Addr)
		if err != nil {
			f.broken(about, "stop what is there, or name another address in broker.toml", "%v", err)
			continue
		}
		_ = l.Close() // it was only tried
		f.fine(about, "it is free")
	}
	if c.AllowPlaintext {
		f.warn("listen", "set [tls], unless a proxy with TLS is right in front", "allow_plaintext is set: tokens may cross a network that anyone can read")
	}
}
