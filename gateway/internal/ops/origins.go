package ops

import (
	"context"
	"crypto/x509"
	"fmt"
	"os"

	"github.com/seksbot/seks-broker/gateway/internal/config"
	"github.com/seksbot/seks-broker/gateway/internal/upstream"
)

// Trust in upstreams: which of them broker.toml names, and whose certificates
// they must show.

// Roots reads the ca files of broker.toml, by provider.
func Roots(c *config.Config) (map[string]*x509.CertPool, error) {
	roots := map[string]*x509.CertPool{}
	for _, p := range c.Providers {
		if p.CA == "" {
			continue
		}
		pem, err := os.ReadFile(p.CA)
		if err != nil {
			return nil, fmt.Errorf("providers.%s.ca: %w", p.Name, err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("providers.%s.ca: %s holds no certificate in PEM", p.Name, p.CA)
		}
		roots[p.Name] = pool
	}
	return roots, nil
}

// Origin is the operator's word on an upstream, "host" or "host:port", with the
// plugins that serve now.
func (b *Broker) Origin(roots map[string]*x509.CertPool) func(host string) upstream.Origin {
	return func(host string) upstream.Origin {
		var o upstream.Origin
		all, err := b.serving(context.Background())
		if err != nil {
			return o
		}
		for i := range all {
			s := &all[i]
			o.Named = o.Named || s.Upstream != nil && s.Upstream.Host == host
			for _, u := range s.Upstreams {
				o.Named = o.Named || u.Host == host
			}
			if s.plugin == nil || roots[s.Name] == nil {
				continue
			}
			for _, u := range Origins(&s.Provider, s.plugin.Manifest) {
				if u.Host == host {
					o.Roots = roots[s.Name]
				}
			}
		}
		return o
	}
}
