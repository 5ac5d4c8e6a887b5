// Package route finds the provider that a canonical request is for, and the
// path that it has at the provider's API. It is a table, made once and pure.
//
// Two things name a provider: the first segments of the path, /api/NAME/, or
// the host. Both are compared whole and as sent; nothing is decoded, so that
// what was matched here is what is seen further on.
package route

import (
	"net/url"
	"strings"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/gateway/internal/request"
)

// Provider is what a route must know of one provider.
type Provider struct {
	Name            string
	VersionPrefixes []string   // "/v1"; the first is added to a path that has none of them
	Hosts           []string   // the broker's own names for it, without a port; any port matches
	UpstreamHosts   []string   // "host" or "host:port" of the real API, which a request may name; port 80 and 443 are as none
	Upstream        *url.URL   // the main one, with its base path
	Origins         []*url.URL // all of the manifest's upstreams, in its order: the main one is the first
	Opaque          bool       // its paths are names, and no version prefix is ever added
	Subdomains      bool       // names below its hosts are its too
	MountHosts      []string   // with Subdomains: the broker's names below which one belongs to it, where /api/NAME/ is asked for
}

// Route is where a request goes. Only a Table makes one; the zero Route has no
// provider.
type Route struct {
	provider  *Provider
	mount     string
	path      string
	upstream  string
	subdomain string
}

// Provider is whom the request is for; nil in the zero Route.
func (r Route) Provider() *Provider { return r.provider }

// Mount is what stood before the API's own path: "/api/openai", or "" where the
// host named the provider.
func (r Route) Mount() string { return r.mount }

// Subdomain is what stood before the provider's host name: "bucket" of
// bucket.s3.broker.example.
func (r Route) Subdomain() string { return r.subdomain }

// Path is the path below the upstream's base, with its version prefix.
func (r Route) Path() string { return r.path }

// UpstreamPath is the path that goes on the wire: base path and Path.
func (r Route) UpstreamPath() string { return r.upstream }

// Find is the route of r, by its host or else by its path.
func (t *Table) Find(r request.Request) (Route, error) {
	if !r.Valid() {
		return Route{}, fault.New(fault.BadRequest)
	}
	if e, sub := t.byHost(r.Host(), r.Port()); e != nil {
		return e.route("", r.Path()).below(sub), nil
	}
	name, mount, path := splitMount(r.Path())
	if e := t.names[name]; e != nil {
		return e.route(mount, path).below(e.subdomain(r.Host(), e.MountHosts)), nil
	}
	if !nameLike(name) {
		return Route{}, fault.New(fault.ProviderUnknown)
	}
	return Route{}, fault.Newf(fault.ProviderUnknown, "no provider %q here: the path is /api/PROVIDER/…", name)
}

// At is the route of a request that came in on the named provider's own
// listener: whatever its host and path, it is for that provider.
func (t *Table) At(name string, r request.Request) (Route, error) {
	e := t.names[name]
	switch {
	case !r.Valid():
		return Route{}, fault.New(fault.BadRequest)
	case e == nil:
		return Route{}, fault.New(fault.ProviderUnknown)
	}
	return e.route("", r.Path()).below(e.subdomain(r.Host(), e.Hosts)), nil
}

func (r Route) below(subdomain string) Route {
	r.subdomain = subdomain
	return r
}

const root = "/api/"

// splitMount takes /api/NAME/rest apart. name is "" where the path isn't one.
func splitMount(path string) (name, mount, rest string) {
	after, ok := strings.CutPrefix(path, root)
	if !ok {
		return "", "", ""
	}
	end := strings.IndexByte(after, '/')
	if end < 0 {
		return after, path, "/"
	}
	return after[:end], path[:len(root)+end], after[end:]
}

// nameLike says whether s may be repeated to the agent: it has the form of a
// provider's name, which no token has (theirs hold a "_").
func nameLike(s string) bool {
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (i == 0 || c != '-' && (c < '0' || c > '9')) {
			return false
		}
	}
	return s != "" && len(s) <= 32
}

func (e *entry) route(mount, path string) Route {
	path = e.versioned(path)
	upstream := path
	if e.base != "" {
		upstream = e.base + path
	}
	return Route{provider: &e.Provider, mount: mount, path: path, upstream: upstream}
}

// versioned adds the first version prefix to a path that has none. The root
// stays as it is: it asks for nothing of the API, and a client that probes its
// base URL means that.
func (e *entry) versioned(path string) string {
	if path == "/" || e.Opaque || len(e.VersionPrefixes) == 0 {
		return path
	}
	for _, p := range e.VersionPrefixes {
		if rest, ok := strings.CutPrefix(path, p); ok && (rest == "" || rest[0] == '/') {
			return path
		}
	}
	return e.VersionPrefixes[0] + path
}
