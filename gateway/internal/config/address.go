package config

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
)

// Address is where to listen, as net.Listen takes it. The zero Address is
// nowhere.
type Address struct {
	Network string // "tcp" or "unix"
	Addr    string // "host:port" or a path
}

// IsZero says that the address is nowhere.
func (a Address) IsZero() bool { return a == Address{} }

// String is the address as broker.toml writes it.
func (a Address) String() string {
	if a.Network == "unix" {
		return "unix:" + a.Addr
	}
	return a.Addr
}

// Local says that only this machine can reach the address.
func (a Address) Local() bool {
	if a.Network == "unix" {
		return true
	}
	host, _, err := net.SplitHostPort(a.Addr)
	return err == nil && loopback(host)
}

// ephemeral says that the system picks the port, so that the same Address twice
// is two listeners.
func (a Address) ephemeral() bool { return a.Network == "tcp" && strings.HasSuffix(a.Addr, ":0") }

func parseAddress(s, dir string) (Address, error) {
	if path, ok := strings.CutPrefix(s, "unix:"); ok {
		if path == "" {
			return Address{}, errors.New(`names no socket: write "unix:" and a path`)
		}
		return Address{Network: "unix", Addr: resolve(dir, path)}, nil
	}
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return Address{}, fmt.Errorf(`%q is no address: write "host:port", as in "127.0.0.1:8080", or "unix:/path"`, s)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || strconv.FormatUint(n, 10) != port {
		return Address{}, fmt.Errorf("port %q is none: write a number from 0 to 65535", port)
	}
	if _, err := netip.ParseAddr(host); host != "" && err != nil && !hostname(host) {
		return Address{}, fmt.Errorf("%q is no host: write an IP address or a host name", host)
	}
	return Address{Network: "tcp", Addr: s}, nil
}

// parseUpstream reads where requests of a provider go. Plain http would show
// the credential to the network, so it is for loopback, or for an operator who
// says that it is meant.
func parseUpstream(s string, allowPlaintext bool) (*url.URL, error) {
	u, err := parseURL(s)
	if err != nil {
		return nil, err
	}
	if u.Scheme == "http" && !loopback(u.Hostname()) && !allowPlaintext {
		return nil, fmt.Errorf("%q would send the credential unencrypted: write https://, or set allow_plaintext = true for this provider", s)
	}
	return u, nil
}

func parseURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch { // the value is not repeated before it is known to hold no password
	case err != nil || u.Opaque != "" || (u.Scheme != "https" && u.Scheme != "http"):
		return nil, errors.New("is no URL: write https://host, with a port and a path where there are any")
	case u.User != nil:
		return nil, errors.New("holds a user name or a password: take out what stands before the @, credentials belong into `seks credential set`")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.Contains(s, "#"):
		return nil, errors.New("holds a ? or a #: write the URL up to its path only")
	}
	if _, err := netip.ParseAddr(u.Hostname()); err != nil && !hostname(u.Hostname()) {
		return nil, fmt.Errorf("%q is no host: write a host name or an IP address after the //", u.Hostname())
	}
	if port := u.Port(); port != "" || strings.HasSuffix(u.Host, ":") {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return nil, fmt.Errorf("port %q is none: write a number from 1 to 65535", port)
		}
	}
	for segment := range strings.SplitSeq(u.Path, "/") {
		if segment == "." || segment == ".." || strings.Contains(segment, `\`) {
			return nil, fmt.Errorf("its path %q has dot segments or backslashes: write the path that they lead to", u.Path)
		}
	}
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), strings.TrimRight(u.RawPath, "/")
	u.Host = strings.ToLower(u.Host)
	return u, nil
}

// parseProxy reads one address or prefix whose X-Forwarded-For is believed.
func parseProxy(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil && a.Zone() == "" {
		a = a.Unmap()
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	switch {
	case err != nil:
		return netip.Prefix{}, fmt.Errorf(`%q is no address: write an IP address, or a range such as "10.0.0.0/8"`, s)
	case p.Masked() != p:
		return netip.Prefix{}, fmt.Errorf("%q has bits behind its prefix: write %q", s, p.Masked())
	case p.Bits() == 0:
		return netip.Prefix{}, fmt.Errorf("%q trusts everyone, and so any agent could claim any address: name your proxies", s)
	}
	return p, nil
}

func loopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(host)
	return err == nil && a.Unmap().IsLoopback()
}

// hostname says whether s is a host name: letters, digits, hyphens (RFC 1123
// §2.1) and underscores, which some internal names have. A name that is all
// digits at its end is a spelling of an IP address, and none is wanted here.
func hostname(s string) bool {
	if s == "" || len(s) > 253 {
		return false
	}
	last := ""
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, c := range []byte(label) {
			if !alphanumeric(c) && c != '-' && c != '_' {
				return false
			}
		}
		last = label
	}
	return strings.Trim(last, "0123456789") != "" && !strings.HasPrefix(strings.ToLower(last), "0x")
}

func alphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// resolve makes a path that is relative in the file one from the file's folder.
func resolve(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}
