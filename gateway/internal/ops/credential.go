package ops

import (
	"context"
	"fmt"
	"net/url"

	"github.com/seksbot/seks-broker/gateway/internal/config"
	"github.com/seksbot/seks-broker/gateway/internal/credential"
	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
)

// CredentialIn sets or rotates a credential. Bare is the value for the field
// that the manifest marks as main.
type CredentialIn struct {
	Name     string            `json:"name"`
	Provider string            `json:"provider,omitempty"` // for set
	Fields   map[string][]byte `json:"fields,omitempty"`
	Bare     []byte            `json:"bare,omitempty"`
	Short    bool              `json:"short,omitempty"`
}

// CredentialOut is a credential as it now is, without any value.
type CredentialOut struct {
	credential.Info
	Warnings []string `json:"warnings,omitempty"`
}

// NameIn names what a command is about.
type NameIn struct {
	Name string `json:"name"`
}

// Done is the answer of a command that has nothing to show.
type Done struct{}

// CredentialSet stores a new credential, bound to the provider's hosts of now.
func (b *Broker) CredentialSet(ctx context.Context, in CredentialIn) (CredentialOut, error) {
	p, m, err := b.provider(ctx, in.Provider)
	if err != nil {
		return CredentialOut{}, err
	}
	fields, warnings, err := in.check(m)
	if err != nil {
		return CredentialOut{}, err
	}
	info, err := b.Credentials.Set(Tenant, in.Name, in.Provider, hosts(p, m), fields)
	return CredentialOut{info, warnings}, err
}

// CredentialRotate replaces the values of a credential.
func (b *Broker) CredentialRotate(ctx context.Context, in CredentialIn) (CredentialOut, error) {
	old, err := b.Credentials.Show(Tenant, in.Name)
	if err != nil {
		return CredentialOut{}, err
	}
	_, m, err := b.provider(ctx, old.Provider)
	if err != nil {
		return CredentialOut{}, err
	}
	fields, warnings, err := in.check(m)
	if err != nil {
		return CredentialOut{}, err
	}
	info, err := b.Credentials.Rotate(Tenant, in.Name, fields)
	return CredentialOut{info, warnings}, err
}

// CredentialRebind binds a credential to the hosts that its provider has now.
func (b *Broker) CredentialRebind(ctx context.Context, in NameIn) (CredentialOut, error) {
	old, err := b.Credentials.Show(Tenant, in.Name)
	if err != nil {
		return CredentialOut{}, err
	}
	p, m, err := b.provider(ctx, old.Provider)
	if err != nil {
		return CredentialOut{}, err
	}
	info, err := b.Credentials.Rebind(Tenant, in.Name, hosts(p, m))
	return CredentialOut{Info: info}, err
}

// CredentialList lists all credentials.
func (b *Broker) CredentialList(context.Context, Done) ([]credential.Info, error) {
	return b.Credentials.List(Tenant)
}

// CredentialRemove deletes a credential.
func (b *Broker) CredentialRemove(_ context.Context, in NameIn) (Done, error) {
	return Done{}, b.Credentials.Remove(Tenant, in.Name)
}

func (in CredentialIn) check(m *plan.Manifest) (map[string]credential.Field, []string, error) {
	values := map[string]secret.Bytes{}
	for name, v := range in.Fields {
		values[name] = secret.New(v)
	}
	if in.Bare != nil {
		main := m.MainField()
		if main == nil {
			return nil, nil, fmt.Errorf("%s has no main field: give each as a line field=value", m.Name)
		}
		values[main.Name] = secret.New(in.Bare)
	}
	return credential.Check(m, values, in.Short)
}

// Origins are the upstreams of a provider, in the order of its manifest, with
// the operator's word in place of the plugin's.
func Origins(p *config.Provider, m *plan.Manifest) []*url.URL {
	origins := append([]*url.URL(nil), m.Origin...)
	for i := range origins {
		if u := p.Upstreams[m.Upstreams[i].Name]; u != nil {
			origins[i] = u
		}
	}
	if p.Upstream != nil {
		origins = append([]*url.URL{p.Upstream}, origins[min(1, len(origins)):]...)
	}
	return origins
}

func hosts(p *config.Provider, m *plan.Manifest) []string {
	var hosts []string
	for _, o := range Origins(p, m) {
		hosts = append(hosts, o.Host)
	}
	return hosts
}
