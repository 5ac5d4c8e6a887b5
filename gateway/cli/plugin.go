package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seksbot/seks-broker/gateway/internal/ops"
	"github.com/seksbot/seks-broker/gateway/internal/plugin"
)

func (a *app) pluginCommand() *cobra.Command {
	c := &cobra.Command{Use: "plugin", Short: "List, inspect, trust and try provider plugins"}
	c.AddCommand(a.pluginList(), a.pluginNew(), a.pluginInspect(), a.pluginCheck(), a.pluginEval(), a.pluginTrust())
	return c
}

func (a *app) pluginList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the modules in plugins_dir, and which of them serve",
		RunE: func(c *cobra.Command, _ []string) error {
			list, err := call[[]plugin.State](c.Context(), a, "plugin/list", ops.Done{})
			if err != nil {
				return err
			}
			return a.print(list, func() {
				var rows [][]string
				for _, s := range list {
					rows = append(rows, []string{s.Name, s.Version, string(s.Status), strings.Join(s.Hosts, ","), short(s.Digest), filepath.Base(s.Path)})
				}
				a.table("NAME VERSION STATUS HOSTS DIGEST FILE", rows, "no modules in plugins_dir: `make build` puts the built-in ones into build/plugins")
				for _, s := range list {
					if s.Reason != "" {
						a.printf("\n%s: %s\n", filepath.Base(s.Path), s.Reason)
					}
				}
			})
		},
	}
}

func short(digest string) string { return digest[:min(12, len(digest))] }

func (a *app) pluginInspect() *cobra.Command {
	return &cobra.Command{
		Use:   "inspect FILE",
		Short: "Show what a module says of itself; nothing is trusted by it",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			_, m, err := inspect(c.Context(), args[0])
			if err != nil {
				return err
			}
			info := ops.Describe(m.Manifest)
			return a.print(info, func() { a.showPlugin(info) })
		},
	}
}

// inspect runs a module in this process, with no store: all that a guest could
// do is to say its manifest.
func inspect(ctx context.Context, file string) ([]byte, *plugin.Plugin, error) {
	module, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, err
	}
	p, err := plugin.Open(ctx, module)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", file, err)
	}
	return module, p, nil
}

func (a *app) showPlugin(i ops.PluginInfo) {
	a.printf("%s %s: %s\ndigest      %s\nhosts       %s\n", i.Name, i.Version, i.Title, i.Digest, strings.Join(i.Hosts, ", "))
	var names []string
	for name := range i.Fields {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		a.printf("field       %s: %s\n", name, i.Fields[name])
	}
	for _, name := range slices.Sorted(maps.Keys(i.Parameters)) {
		a.printf("parameter   %s: %s\n", name, i.Parameters[name])
	}
	a.printf("token in    %s\n", strings.Join(i.TokenSlots, "; "))
	if len(i.Prefixes) > 0 {
		a.printf("prefixes    %s\n", strings.Join(i.Prefixes, ", "))
	}
	if len(i.Headers) > 0 {
		a.printf("is shown    headers %s\n", strings.Join(i.Headers, ", "))
	}
	a.printf("operations  %d\n", i.Operations)
	if len(i.Grants) > 0 {
		a.printf("grants      %s\n", strings.Join(i.Grants, ", "))
	}
	for _, change := range i.Changes {
		a.printf("change      %s\n", change)
	}
}

func (a *app) pluginTrust() *cobra.Command {
	var yes, install bool
	c := &cobra.Command{
		Use:   "trust FILE",
		Short: "Trust a module by its digest, after showing what it may do",
		Long: `Trust a module by its digest, after showing what it may do. A file in
plugins_dir serves as soon as it is trusted, also in a broker that runs.`,
		Example: "  seks plugin trust --install acme/acme.wasm",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			module, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			info, err := call[ops.PluginInfo](c.Context(), a, "plugin/describe", ops.PluginIn{Module: module})
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			if !yes {
				a.showPlugin(info)
				if err := a.confirm("Trust this module to shape requests with these credentials?"); err != nil {
					return err
				}
			}
			info, err = call[ops.PluginInfo](c.Context(), a, "plugin/trust", ops.PluginIn{Module: module, Digest: info.Digest, Install: install})
			if err != nil {
				return err
			}
			return a.print(info, func() {
				a.printf("%s %s is trusted (%s)\n", info.Name, info.Version, short(info.Digest))
				if info.File == "" {
					a.notef("it is not in plugins_dir, and so does not serve yet: copy it there, or trust it with --install")
				} else {
					a.printf("it serves from %s\n", info.File)
				}
			})
		},
	}
	c.Flags().BoolVar(&install, "install", false, "put the module into plugins_dir too, so that it serves at once")
	c.Flags().BoolVar(&yes, "yes", false, "ask nothing")
	return c
}

func (a *app) confirm(question string) error {
	fmt.Fprintf(a.err, "%s [y/N] ", question)
	line, _ := bufio.NewReader(a.in).ReadString('\n')
	if s := strings.ToLower(strings.TrimSpace(line)); s != "y" && s != "yes" {
		return errors.New("not trusted: nothing changed (say y, or --yes)")
	}
	return nil
}
