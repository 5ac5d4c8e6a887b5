package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"sync"

	"github.com/seksbot/seks-broker/gateway/internal/pipeline"
	"github.com/seksbot/seks-broker/gateway/internal/plugin"
)

// notices say each thing once, for as long as it stays so.
type notices struct {
	mu   sync.Mutex
	said map[string]bool
	past map[string]string // what served, by provider: its version and digest
}

// reroute takes over the plugins that serve now, and says what has changed. One
// at a time, or an older table could take the place of a newer one.
func (g *gateway) reroute(ctx context.Context) error {
	n := &g.notices
	n.mu.Lock()
	defer n.mu.Unlock()
	h, err := g.broker.Plugins(ctx)
	if err != nil {
		return err
	}
	now, warnings, err := g.broker.Routes(ctx)
	if err != nil {
		return err
	}
	g.now.Store(now)
	for _, line := range append(n.changes(now), n.fresh(h.States(), warnings)...) {
		g.app.notef("%s", clean(line))
	}
	return nil
}

// took says where the plugins that serve could not be taken over: those of before
// go on.
func (g *gateway) took(err error) {
	if err != nil {
		g.app.notef("warning: plugins: %s", clean(err.Error()))
	}
}

// fresh are the lines about modules that don't serve, and about providers that
// have none, which have not been said yet.
func (n *notices) fresh(states []plugin.State, warnings []string) []string {
	var lines []string
	for _, s := range states {
		name := filepath.Base(s.Path)
		switch s.Status {
		case plugin.Waiting:
			lines = append(lines, fmt.Sprintf("plugin %s %s (%s, sha256 %s) is waiting for trust: %s", s.Name, s.Version, name, short(s.Digest), s.Reason))
		case plugin.Refused:
			lines = append(lines, fmt.Sprintf("warning: plugin file %s is refused: %s", name, s.Reason))
		}
	}
	for _, w := range warnings {
		lines = append(lines, "warning: "+w)
	}
	said := map[string]bool{}
	var list []string
	for _, l := range lines {
		if said[l] = true; !n.said[l] {
			list = append(list, l)
		}
	}
	n.said = said
	return list
}

// changes are the lines about providers that another version serves from now on,
// or none. At the start there is nothing to tell.
func (n *notices) changes(now *pipeline.Providers) []string {
	served := map[string]string{}
	for name, p := range now.Plugins {
		served[name] = fmt.Sprintf("%s (sha256 %s)", p.Manifest.Version, short(p.Manifest.Digest))
	}
	past := n.past
	n.past = served
	var lines []string
	for name, version := range served {
		if past != nil && past[name] != version {
			lines = append(lines, fmt.Sprintf("provider %s: version %s of its plugin serves from now on", name, version))
		}
	}
	for name := range past {
		if served[name] == "" {
			lines = append(lines, fmt.Sprintf("provider %s: its plugin is gone, and it answers provider_unknown", name))
		}
	}
	slices.Sort(lines)
	return lines
}
