// Package config reads broker.toml: every key has a default, an unknown key is
// an error, and all errors are reported at once, each with its line and with
// what to change.
//
// It checks what can be told from the file alone. Whether a plugin is there, a
// file readable or an address free, is for those who use them.
package config

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Config is a whole broker.toml. Paths in it are resolved from the file's
// folder.
type Config struct {
	Listen         []Address
	AllowPlaintext bool     // plain http for agents off loopback
	PublicURL      *url.URL // nil: the listener itself is how agents reach it; no slash at its end
	DataDir        string
	PluginsDir     string
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed
	TLS            TLS
	Admin          Admin
	MasterKey      MasterKey
	Providers      []Provider // by name
	Scrub          Scrub
	AccessLog      AccessLog
	Limits         Limits
}

// TLS names the files of the certificate that every listener shows: both or
// neither.
type TLS struct {
	Cert, Key string
}

// Admin is the listener of the admin API. The admin socket in DataDir is there
// without it.
type Admin struct {
	Listen Address // zero: no listener
}

// KeySource says where the master key comes from.
type KeySource string

// The sources of a master key.
const (
	KeyFile       KeySource = "file"       // Value is a path
	KeyEnv        KeySource = "env"        // Value is the name of a variable
	KeyCommand    KeySource = "command"    // Value is a command line for the shell
	KeyPassphrase KeySource = "passphrase" // Value is empty: it is asked for
)

// MasterKey is where the master key comes from; never the key itself.
type MasterKey struct {
	Source KeySource
	Value  string
}

// String is the source as broker.toml writes it, with its path resolved.
func (k MasterKey) String() string {
	if k.Source == KeyPassphrase {
		return string(k.Source)
	}
	return string(k.Source) + ":" + k.Value
}

// Provider is one [providers.NAME].
type Provider struct {
	Name           string
	Plugin         string              // the manifest's name
	Parameters     map[string]string   // for the plugin; nil where there are none
	Upstream       *url.URL            // nil: the manifest's main one
	Upstreams      map[string]*url.URL // instead of the manifest's further ones; nil where there are none
	CA             string              // PEM file of the roots for its upstreams; "": the system's
	Hosts          []string            // the broker's own names for this provider, in lower case, no port
	Listen         Address             // zero: no listener of its own
	AllowPlaintext bool                // plain http to an upstream off loopback
}

// Shapes says what becomes of a key in an answer that has the shape of a secret
// but is none of ours.
type Shapes string

// What becomes of such a key.
const (
	ShapesOff  Shapes = "off"
	ShapesLog  Shapes = "log"
	ShapesMask Shapes = "mask"
)

// Scrub tunes the scrubber; what it does by exact value can't be turned off.
type Scrub struct {
	Shapes       Shapes
	SuspendAfter int // answers with a secret in them, until the token is suspended; 0: never
}

// Durability says when a line of the access log must be on disk.
type Durability string

// The durabilities.
const (
	DurabilityBatch Durability = "batch" // soon after
	DurabilitySync  Durability = "sync"  // before a credential is used
)

// AccessLog tunes the access log.
type AccessLog struct {
	Durability Durability
	Keep       time.Duration // how long lines are kept; 0: for good
	MaxBytes   int64         // bytes of its segments on disk above which the oldest go; 0: without bound
}

// Limits bound what agents and upstreams can take of the broker.
type Limits struct {
	MaxConcurrent          int           // exchanges at one time, streams included
	Drain                  time.Duration // how long running exchanges may go on after a signal to stop
	UpstreamConnectTimeout time.Duration // to a usable connection, TLS included
	UpstreamHeaderTimeout  time.Duration // from the request sent to the head of the answer
	IdleTimeout            time.Duration // a connection without a request
}

// Errors is everything that is wrong with a file, one line each.
type Errors []error

// Error is one line for each error.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, err := range e {
		lines[i] = err.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.Is and errors.As see each of them.
func (e Errors) Unwrap() []error { return e }

// Default is the Config of an empty file in the working folder.
func Default() *Config {
	d := &document{file: "broker.toml", root: map[string]any{}, lines: map[string]int{}, asked: map[string]bool{}}
	return d.config("")
}

// Load reads the file at path. The error of a file with faults is an Errors,
// each "PATH:LINE: key: what is wrong, and what to change".
func Load(path string) (*Config, error) {
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s isn't there: make one with `seks init`, or name another with --config: %w", path, fs.ErrNotExist)
	case err != nil:
		return nil, fmt.Errorf("%s can't be read: make it a file that this user may read: %w", path, err)
	}
	d, err := parseDocument(path, string(text))
	if err != nil {
		return nil, err
	}
	c := d.config(filepath.Dir(path))
	if err := d.err(); err != nil {
		return nil, err
	}
	return c, nil
}
