// Package cli is the command line of seks: one command a file. It parses,
// prints and asks; what a command does is in ops.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/seksbot/seks-broker/gateway/internal/config"
	"github.com/seksbot/seks-broker/gateway/internal/ops"
	"github.com/seksbot/seks-broker/gateway/internal/secret"
)

// Exit statuses.
const (
	Done   = 0
	Failed = 1
	Usage  = 2
)

// app is what every command shares.
type app struct {
	build  ops.Build
	in     io.Reader
	out    io.Writer
	err    io.Writer
	config string
	json   bool
}

// usageError is a command line that can't be understood: exit status 2.
type usageError struct{ error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// Run runs one command line and returns the exit status.
func Run(ctx context.Context, args []string, in io.Reader, out, errs io.Writer, b ops.Build) int {
	a := &app{build: b, in: in, out: out, err: errs}
	root := a.root()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errs)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return Done
	}
	fmt.Fprintf(errs, "seks: %s\n", cleanLines(err.Error()))
	var usage usageError
	if errors.As(err, &usage) {
		fmt.Fprintln(errs, "Try `seks --help`, or `seks COMMAND --help`.")
		return Usage
	}
	return Failed
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "seks",
		Short: "A credential gateway for AI agents",
		Long: `seks keeps API credentials away from AI agents. An agent holds a proxy token
that is worth nothing elsewhere; seks swaps it for the real credential on the
way to the API, scrubs the credential from what comes back, and logs the access.

While a broker runs (seks serve), the other commands reach it over its admin
socket; else they open the store themselves.`,
		Version:           a.build.Version,
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.PersistentFlags().StringVar(&a.config, "config", "broker.toml", "configuration `file`; relative paths in it are from its folder")
	root.PersistentFlags().BoolVar(&a.json, "json", false, "print data as JSON")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(a.initCommand(), a.serveCommand(), a.credentialCommand(), a.tokenCommand(),
		a.logCommand(), a.pluginCommand(), a.scrubCommand(), a.s3Command(), a.doctorCommand(), a.adminCommand())
	demandUsage(root)
	// A command that only groups others is not one to type by itself.
	root.SetUsageTemplate(strings.Replace(root.UsageTemplate(), "{{if .Runnable}}", "{{if not (index .Annotations \"group\")}}", 1))
	return root
}

// demandUsage makes wrong arguments a usage error, and a command that only
// groups others show its help.
func demandUsage(c *cobra.Command) {
	check := c.Args
	if check == nil {
		check = cobra.NoArgs
	}
	c.Args = func(c *cobra.Command, args []string) error {
		if c.HasSubCommands() && len(args) > 0 {
			return usagef("%q is not a command of `%s`", args[0], c.CommandPath())
		}
		if err := check(c, args); err != nil {
			return usagef("wrong number of arguments; usage: %s", strings.TrimSuffix(c.UseLine(), " [flags]"))
		}
		return nil
	}
	if c.RunE == nil && c.HasSubCommands() {
		c.Annotations = map[string]string{"group": "yes"}
		c.RunE = func(c *cobra.Command, _ []string) error {
			_ = c.Help()
			if c.HasParent() {
				return usagef("`%s` needs a command", c.CommandPath())
			}
			return nil
		}
	}
	for _, sub := range c.Commands() {
		demandUsage(sub)
	}
}

func (a *app) load() (*config.Config, error) { return config.Load(a.config) }

// prompt asks for a passphrase on the terminal.
func (a *app) prompt() (secret.Bytes, error) {
	f, ok := a.in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return secret.Bytes{}, errors.New("the master key needs a passphrase: set SEKS_PASSPHRASE, or run this on a terminal")
	}
	fmt.Fprint(a.err, "Passphrase of the master key: ")
	p, err := term.ReadPassword(int(f.Fd()))
	fmt.Fprintln(a.err)
	return secret.New(p), err
}
