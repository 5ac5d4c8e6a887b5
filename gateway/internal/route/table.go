package route

import (
	"fmt"
	"slices"
	"strings"
)

// Table is every route there is. It doesn't change; a new configuration is a
// new Table.
type Table struct {
	names     map[string]*entry
	own       map[string]*entry // by host
	upstreams map[string]*entry // by host or host:port; nil where two providers share it

	subdomains bool // some provider has them
}

type entry struct {
	Provider
	base string // the upstream's base path, escaped, without a slash at its end
}

// NewTable makes the table. A name or a host of the broker's own that two
// providers have is an error. An upstream host may be shared (two accounts with
// one API): it then names neither, and such requests must come by /api/NAME/.
func NewTable(providers []Provider) (*Table, error) {
	t := &Table{names: map[string]*entry{}, own: map[string]*entry{}, upstreams: map[string]*entry{}}
	for _, p := range providers {
		e := &entry{Provider: p}
		e.VersionPrefixes = slices.Clone(p.VersionPrefixes)
		switch {
		case p.Upstream == nil:
			return nil, fmt.Errorf("provider %s has no upstream: set upstream in [providers.%s]", p.Name, p.Name)
		case t.names[p.Name] != nil:
			return nil, fmt.Errorf("two providers are called %s: rename one", p.Name)
		}
		for _, v := range p.VersionPrefixes {
			if len(v) < 2 || v[0] != '/' || strings.HasSuffix(v, "/") {
				return nil, fmt.Errorf("provider %s has the version prefix %q: one begins with / and doesn't end with it", p.Name, v)
			}
		}
		e.base = strings.TrimRight(p.Upstream.EscapedPath(), "/")
		t.names[p.Name] = e
		t.subdomains = t.subdomains || p.Subdomains
		if err := t.addHosts(e); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (t *Table) addHosts(e *entry) error {
	for _, h := range e.Hosts {
		h = strings.ToLower(h)
		if other := t.own[h]; other != nil && other != e {
			return fmt.Errorf("providers %s and %s both have the host %s: name it in one of them", other.Name, e.Name, h)
		}
		t.own[h] = e
	}
	for _, h := range e.UpstreamHosts {
		h = canonical(h)
		if other, known := t.upstreams[h]; known && other != e {
			t.upstreams[h] = nil
			continue
		}
		t.upstreams[h] = e
	}
	return nil
}

// byHost compares whole names, and then those that a name is below. The broker's
// own come first: they are the operator's word.
func (t *Table) byHost(name, port string) (e *entry, subdomain string) {
	if e := t.named(name, port); e != nil {
		return e, ""
	}
	for i := range len(name) {
		if t.subdomains && name[i] == '.' && i > 0 {
			if e := t.named(name[i+1:], port); e != nil && e.Subdomains {
				return e, name[:i]
			}
		}
	}
	return nil, ""
}

func (t *Table) named(name, port string) *entry {
	if e := t.own[name]; e != nil {
		return e
	}
	if port == "" || isDefault(port) {
		return t.upstreams[name]
	}
	if len(t.upstreams) == 0 {
		return nil
	}
	return t.upstreams[name+":"+port]
}

// subdomain is what stands in name before one of the hosts; "" for nothing.
func (e *entry) subdomain(name string, hosts []string) string {
	if !e.Subdomains {
		return ""
	}
	for _, h := range hosts {
		if i := len(name) - len(h) - 1; i > 0 && name[i] == '.' && strings.EqualFold(name[i+1:], h) {
			return name[:i]
		}
	}
	return ""
}

func canonical(hostport string) string {
	h := strings.ToLower(hostport)
	if i := strings.LastIndexByte(h, ':'); i > strings.LastIndexByte(h, ']') && isDefault(h[i+1:]) {
		return h[:i]
	}
	return h
}

// isDefault takes both: behind a proxy with TLS the port says what the client
// used, and the connection something else.
func isDefault(port string) bool { return port == "80" || port == "443" }
