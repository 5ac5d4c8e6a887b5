package ops

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"

	"github.com/seksbot/seks-broker/gateway/internal/plan"
	"github.com/seksbot/seks-broker/gateway/internal/plugin"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

// PluginIn is a module's bytes. Digest, where given, is what the operator was
// shown: other bytes are refused. Install also puts it into plugins_dir.
type PluginIn struct {
	Module  []byte `json:"module"`
	Digest  string `json:"digest,omitempty"`
	Install bool   `json:"install,omitempty"`
}

// PluginInfo is what an operator reads before trusting a module.
type PluginInfo struct {
	Name       string            `json:"name"`
	Version    string            `json:"version"`
	Title      string            `json:"title"`
	Digest     string            `json:"digest"`
	Hosts      []string          `json:"hosts"`
	Prefixes   []string          `json:"version_prefixes"`
	Fields     map[string]string `json:"fields"` // name → what may become of it
	TokenSlots []string          `json:"token_slots"`
	Headers    []string          `json:"headers"` // request headers that it is shown
	Operations int               `json:"operations"`
	Parameters map[string]string `json:"parameters"` // name → help
	Grants     []string          `json:"grants"`     // operations that mint access
	Changes    []string          `json:"changes,omitempty"`
	File       string            `json:"file,omitempty"` // once trusted: where plugins_dir has it
}

// Describe is the PluginInfo of a manifest.
func Describe(m *plan.Manifest) PluginInfo {
	i := PluginInfo{
		Name: m.Name, Version: m.Version, Title: m.Title, Digest: m.Digest, Hosts: m.Hosts(),
		Prefixes: list(m.VersionPrefixes), Fields: plugin.FieldUses(m), TokenSlots: []string{},
		Headers: list(m.Headers), Operations: len(m.Operations), Grants: []string{},
	}
	for _, s := range m.TokenSlots {
		i.TokenSlots = append(i.TokenSlots, slotText(s))
	}
	i.Parameters = map[string]string{}
	for _, p := range m.Parameters {
		i.Parameters[p.Name] = p.Help
	}
	for _, o := range m.Operations {
		if o.Class == abi.ClassGrant {
			i.Grants = append(i.Grants, o.Name)
		}
	}
	return i
}

func slotText(s abi.Slot) string {
	switch s.Kind {
	case abi.SlotQuery:
		return "?" + s.Name + "="
	case abi.SlotBasic:
		return "authorization: Basic (password)"
	}
	if s.Scheme != "" {
		return s.Name + ": " + s.Scheme
	}
	return s.Name
}

// PluginList lists the modules of plugins_dir and how they stand.
func (b *Broker) PluginList(ctx context.Context, _ Done) ([]plugin.State, error) {
	h, err := b.Plugins(ctx)
	if err != nil {
		return nil, err
	}
	states := append([]plugin.State{}, h.States()...)
	for i := range states {
		states[i].Hosts = list(states[i].Hosts)
	}
	return states, nil
}

// PluginDescribe shows a module and what changed since the version of it that
// was trusted last. Nothing is trusted by it.
func (b *Broker) PluginDescribe(ctx context.Context, in PluginIn) (PluginInfo, error) {
	h, err := b.Plugins(ctx)
	if err != nil {
		return PluginInfo{}, err
	}
	m, err := h.Inspect(ctx, in.Module)
	if err != nil {
		return PluginInfo{}, err
	}
	info := Describe(m)
	old, ok, err := b.trust().Latest(m.Name)
	if err != nil || !ok {
		return info, err
	}
	info.Changes = changes(old, info)
	return info, nil
}

func changes(old plugin.Record, now PluginInfo) []string {
	if old.Digest == now.Digest {
		return []string{"this very file is trusted already"}
	}
	said := []string{"other code, of the same version " + now.Version}
	if old.Version != now.Version {
		said[0] = fmt.Sprintf("version %s → %s", old.Version, now.Version)
	}
	for _, h := range now.Hosts {
		if !slices.Contains(old.Hosts, h) {
			said = append(said, "new host "+h)
		}
	}
	var fields []string
	for name, use := range now.Fields {
		if was, ok := old.Fields[name]; !ok {
			fields = append(fields, "new field "+name+" ("+use+")")
		} else if was != use {
			fields = append(fields, "field "+name+": was "+was+", is "+use)
		}
	}
	sort.Strings(fields)
	return append(said, fields...)
}

// PluginTrust trusts a module by its digest; it serves before this returns if
// its file is in plugins_dir, or is put there.
func (b *Broker) PluginTrust(ctx context.Context, in PluginIn) (PluginInfo, error) {
	h, err := b.Plugins(ctx)
	if err != nil {
		return PluginInfo{}, err
	}
	m, err := h.Inspect(ctx, in.Module)
	if err != nil {
		return PluginInfo{}, err
	}
	if in.Digest != "" && in.Digest != m.Digest {
		return PluginInfo{}, errors.New("the file is not the one that was shown: look at it again with `seks plugin inspect`")
	}
	if in.Install {
		if err := h.Install(m.Name, in.Module); err != nil {
			return PluginInfo{}, err
		}
	}
	if _, err := b.trust().Add(in.Module, m, b.now()); err != nil {
		return PluginInfo{}, err
	}
	if err := h.Load(ctx); err != nil {
		return PluginInfo{}, err
	}
	if b.changed != nil {
		b.changed()
	}
	info := Describe(m)
	info.File = h.File(m.Digest)
	return info, nil
}
