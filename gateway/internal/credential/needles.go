package credential

import (
	"crypto/sha256"
	"maps"
	"slices"

	"github.com/seksbot/seks-broker/gateway/internal/kv"
	"github.com/seksbot/seks-broker/gateway/internal/needle"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
)

// scope is what a tenant's answers are searched for: every secret field of its
// credentials that is long enough. It is built once for each state of these
// credentials, and shared by all that use any of them.
type scope struct {
	set    *needle.Set      // shows no name
	owners map[string][]int // a credential's needles, in order; two may hold the same value
}

// scopeOf is the tenant's scope. s.mu is held for writing.
func (s *Store) scopeOf(tenant string) (*scope, bool, error) {
	if sc := s.scopes[tenant]; sc != nil {
		return sc, false, nil
	}
	b := builder{scope: &scope{owners: map[string][]int{}}, seen: map[[sha256.Size]byte]int{}}
	err := s.kv.Scan(kv.Key("credential", tenant), func(k, value []byte) error {
		if parts, ok := kv.Split(k); ok && len(parts) == 3 {
			// Nobody can send a credential that does not open, so none comes back, and
			// one damaged row must not end the service of all the others.
			if r, _, err := s.decode(tenant, parts[2], value); err == nil {
				b.add(parts[2], r)
			}
		}
		return nil
	})
	if err != nil {
		return nil, false, err
	}
	sc := b.build()
	s.scopes[tenant] = sc
	return sc, true, nil
}

// builder gathers the secrets of a scope.
type builder struct {
	*scope
	list []needle.Needle
	seen map[[sha256.Size]byte]int
}

func (b *builder) add(name string, r *record) {
	for _, f := range r.Fields {
		if f.Public || len(f.Value) < MinSecret {
			clear(f.Value)
			continue
		}
		digest := sha256.Sum256(f.Value)
		index, there := b.seen[digest]
		if there {
			clear(f.Value)
		} else {
			index = len(b.list)
			b.seen[digest] = index
			b.list = append(b.list, needle.Needle{Value: secret.New(f.Value)})
		}
		b.owners[name] = append(b.owners[name], index)
	}
	slices.Sort(b.owners[name])
}

func (b *builder) build() *scope {
	b.set = needle.NewSet(b.list)
	for _, n := range b.list {
		n.Value.Destroy()
	}
	return b.scope
}

// of is what the answers to one credential's requests are searched for: the
// tenant's scope, and the credential's own short fields, since this request may
// bring them there. A mask names only the credential itself.
func (sc *scope) of(o *opened) *needle.Set {
	var short []needle.Needle
	for _, name := range slices.Sorted(maps.Keys(o.secrets)) {
		if v := o.secrets[name]; v.Len() < MinSecret {
			short = append(short, needle.Needle{Name: o.name, Value: v})
		}
	}
	return sc.set.Named(o.name, sc.owners[o.name]).With(short)
}

// changed forgets what was built of the tenant's credentials. Streams that run
// keep what they began with. s.mu is held for writing.
func (s *Store) changed(tenant string) {
	delete(s.scopes, tenant)
	for k, e := range s.open {
		if k.tenant == tenant {
			s.open[k] = entry{opened: e.opened}
		}
	}
}
