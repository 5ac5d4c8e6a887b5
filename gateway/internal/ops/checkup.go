package ops

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/seksbot/seks-broker/gateway/internal/credential"
	"github.com/seksbot/seks-broker/gateway/internal/plugin"
)

// Standing is how one thing stands.
type Standing string

// What stops requests is Broken; what will, or is less safe than it could be, is a
// Warning.
const (
	Fine    Standing = "ok"
	Warning Standing = "warning"
	Broken  Standing = "error"
)

// Finding is what a check-up says of one thing, and how to mend it.
type Finding struct {
	About   string   `json:"about"` // "data_dir", "provider openai", "token tok_…"
	Status  Standing `json:"status"`
	Message string   `json:"message"`
	Fix     string   `json:"fix,omitempty"`
}

// findings are gathered one after the other.
type findings []Finding

func (f *findings) fine(about, format string, args ...any) {
	*f = append(*f, Finding{about, Fine, fmt.Sprintf(format, args...), ""})
}

func (f *findings) warn(about, fix, format string, args ...any) {
	*f = append(*f, Finding{about, Warning, fmt.Sprintf(format, args...), fix})
}

func (f *findings) broken(about, fix, format string, args ...any) {
	*f = append(*f, Finding{about, Broken, fmt.Sprintf(format, args...), fix})
}

// Checkup looks at what the store and the plugins hold. Nothing is sent anywhere,
// and no credential is opened.
func (b *Broker) Checkup(ctx context.Context, _ Done) ([]Finding, error) {
	var f findings
	all, err := b.serving(ctx)
	if err != nil {
		return nil, err
	}
	credentials, err := b.Credentials.List(Tenant)
	if err != nil {
		return nil, err
	}
	tokens, err := b.TokenList(ctx, Done{})
	if err != nil {
		return nil, err
	}
	for _, s := range b.plugins.States() {
		f.plugin(s)
	}
	for i := range all {
		f.provider(&all[i], credentials)
	}
	for _, c := range credentials {
		f.credential(c, all)
	}
	f.tokens(tokens, credentials)
	return f, nil
}

func (f *findings) plugin(s plugin.State) {
	about := "plugin " + s.Path
	switch s.Status {
	case plugin.Waiting:
		f.warn(about, "seks plugin inspect "+s.Path+", then seks plugin trust "+s.Path, "it waits to be trusted, and does not serve")
	case plugin.Refused:
		f.broken(about, "put a module there that `seks plugin check` passes, or take it away", "it is refused: %s", s.Reason)
	}
}

func (f *findings) provider(s *served, credentials []credential.Info) {
	about := "provider " + s.Name
	if s.plugin == nil {
		f.warn(about, "or take [providers."+s.Name+"] out of broker.toml", "it does not serve: %s", s.why)
		return
	}
	if !slices.ContainsFunc(credentials, func(c credential.Info) bool { return c.Provider == s.Name }) {
		f.fine(about, "it serves, and has no credential yet: seks credential set NAME --provider %s", s.Name)
		return
	}
	f.fine(about, "it serves, to %s", strings.Join(hosts(&s.Provider, s.plugin.Manifest), ", "))
}

func (f *findings) credential(c credential.Info, all []served) {
	about := "credential " + c.Name
	i := slices.IndexFunc(all, func(s served) bool { return s.Name == c.Provider })
	if i < 0 || all[i].plugin == nil {
		f.broken(about, "add [providers."+c.Provider+"] to broker.toml, or seks credential remove "+c.Name, "its provider %s does not serve", c.Provider)
		return
	}
	s := &all[i]
	if now := hosts(&s.Provider, s.plugin.Manifest); !slices.Equal(slices.Sorted(slices.Values(now)), slices.Sorted(slices.Values(c.Hosts))) {
		f.broken(about, "seks credential rebind "+c.Name+", if that is where it is to go",
			"it may go to %s, and %s is now at %s", strings.Join(c.Hosts, ", "), c.Provider, strings.Join(now, ", "))
		return
	}
	for _, field := range s.plugin.Manifest.Fields {
		if !field.Optional && !slices.Contains(c.Fields, field.Name) {
			f.broken(about, "seks credential rotate "+c.Name+", with a line "+field.Name+"=…", "it has no field %s, which %s needs", field.Name, c.Provider)
			return
		}
	}
	f.fine(about, "version %d, for %s", c.Version, strings.Join(c.Hosts, ", "))
}

func (f *findings) tokens(tokens []TokenInfo, credentials []credential.Info) {
	active := 0
	for _, t := range tokens {
		about := "token " + t.ID
		switch {
		case t.Status == "suspended":
			f.warn(about, "see what it did (seks log --agent "+t.Agent+"), then seks token resume "+t.ID+" or seks token revoke "+t.ID,
				"it is suspended: answers to %s kept bearing secrets", t.Agent)
		case t.Status != "active":
		case !slices.ContainsFunc(credentials, func(c credential.Info) bool { return c.Name == t.Credential }):
			f.warn(about, "seks token revoke "+t.ID, "its credential %s is no more", t.Credential)
		default:
			active++
		}
	}
	f.fine("tokens", "%d active", active)
}
