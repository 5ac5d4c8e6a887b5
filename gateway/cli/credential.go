package cli

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/seksbot/seks-broker/gateway/internal/credential"
	"github.com/seksbot/seks-broker/gateway/internal/ops"
)

func (a *app) credentialCommand() *cobra.Command {
	c := &cobra.Command{Use: "credential", Short: "Store, rotate and remove real credentials"}
	c.AddCommand(a.credentialSet(), a.credentialRotate(), a.credentialList(),
		a.credentialRebind(), a.credentialRemove())
	return c
}

// valueFlags are where a credential's values come from. Never an argument:
// those show in the process list and in the shell's history.
type valueFlags struct {
	env, file string
	short     bool
}

func (v *valueFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&v.env, "from-env", "", "take the value from this environment `variable`")
	c.Flags().StringVar(&v.file, "from-file", "", "take the value or the field=value lines from this `file`")
	c.Flags().BoolVar(&v.short, "short", false, "allow a secret under 16 bytes")
}

const valueHelp = `The value is read from standard input: either the bare value of the provider's
main field, or one field=value a line. It is never an argument, since those show
in the process list and in the shell's history.`

func (a *app) credentialSet() *cobra.Command {
	var v valueFlags
	var provider string
	c := &cobra.Command{
		Use:     "set NAME --provider P",
		Short:   "Store a new credential",
		Long:    "Store a new credential, bound to the hosts that its provider has now.\n\n" + valueHelp,
		Example: "  seks credential set openai-prod --provider openai < key.txt\n  seks credential set openai-prod --provider openai --from-env OPENAI_API_KEY",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if provider == "" {
				return usagef("--provider is needed: which API is this credential for?")
			}
			return a.putCredential(c, "credential/set", ops.CredentialIn{Name: args[0], Provider: provider, Short: v.short}, v)
		},
	}
	c.Flags().StringVar(&provider, "provider", "", "the `provider` in broker.toml that it is for")
	v.add(c)
	return c
}

func (a *app) credentialRotate() *cobra.Command {
	var v valueFlags
	c := &cobra.Command{
		Use:   "rotate NAME",
		Short: "Replace the value of a credential; its tokens go on",
		Long:  "Replace the value of a credential; its tokens go on.\n\n" + valueHelp,
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.putCredential(c, "credential/rotate", ops.CredentialIn{Name: args[0], Short: v.short}, v)
		},
	}
	v.add(c)
	return c
}

func (a *app) putCredential(c *cobra.Command, name string, in ops.CredentialIn, v valueFlags) error {
	raw, err := a.readValue(v)
	if err != nil {
		return err
	}
	defer clear(raw)
	if in.Fields, in.Bare, err = parseValue(raw); err != nil {
		return err
	}
	out, err := call[ops.CredentialOut](c.Context(), a, name, in)
	if err != nil {
		return err
	}
	for _, w := range out.Warnings {
		a.notef("warning: %s", clean(w))
	}
	return a.print(out, func() {
		a.printf("credential %s, version %d: for %s, may be sent to %s\n", out.Name, out.Version, out.Provider, strings.Join(out.Hosts, ", "))
	})
}

func (a *app) readValue(v valueFlags) ([]byte, error) {
	switch {
	case v.env != "" && v.file != "":
		return nil, usagef("--from-env and --from-file: give one of them")
	case v.env != "":
		s, ok := os.LookupEnv(v.env)
		if !ok {
			return nil, fmt.Errorf("the environment has no variable %s", v.env)
		}
		return []byte(s), nil
	case v.file != "":
		return os.ReadFile(v.file)
	}
	if f, ok := a.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprint(a.err, "Value (not shown): ")
		b, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(a.err)
		return b, err
	}
	return io.ReadAll(io.LimitReader(a.in, 1<<20))
}

// parseValue reads field=value lines, or else one bare value. A line is a field
// only if its name could be one, since a bare secret may hold "=" too.
func parseValue(raw []byte) (fields map[string][]byte, bare []byte, err error) {
	text := bytes.TrimRight(raw, "\r\n")
	first, _, _ := bytes.Cut(text, []byte("\n"))
	if name, _, ok := bytes.Cut(first, []byte("=")); !ok || !isFieldName(name) {
		if len(text) == 0 {
			return nil, nil, errors.New("the value is empty: give it on standard input")
		}
		return nil, bytes.Clone(text), nil
	}
	fields = map[string][]byte{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for n := 1; lines.Scan(); n++ {
		line := bytes.TrimRight(lines.Bytes(), "\r")
		if len(line) == 0 {
			continue
		}
		name, value, ok := bytes.Cut(line, []byte("="))
		if !ok || !isFieldName(name) {
			return nil, nil, fmt.Errorf("line %d is not field=value", n)
		}
		if _, twice := fields[string(name)]; twice {
			return nil, nil, fmt.Errorf("line %d gives the field %s a second time", n, name)
		}
		fields[string(name)] = bytes.Clone(value)
	}
	return fields, nil, lines.Err()
}

func isFieldName(b []byte) bool {
	if len(b) == 0 || len(b) > 32 || b[0] < 'a' || b[0] > 'z' {
		return false
	}
	for _, c := range b {
		if c != '_' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

func (a *app) credentialList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the credentials, without their values",
		RunE: func(c *cobra.Command, _ []string) error {
			list, err := call[[]credential.Info](c.Context(), a, "credential/list", ops.Done{})
			if err != nil {
				return err
			}
			return a.print(list, func() {
				var rows [][]string
				for _, i := range list {
					rows = append(rows, []string{i.Name, i.Provider, fmt.Sprint(i.Version), strings.Join(i.Fields, ","),
						strings.Join(i.Hosts, ","), i.Updated.Local().Format("2006-01-02 15:04")})
				}
				a.table("NAME PROVIDER VERSION FIELDS HOSTS UPDATED", rows, "no credentials yet: store one with `seks credential set`")
			})
		},
	}
}

func (a *app) credentialRebind() *cobra.Command {
	return &cobra.Command{
		Use:   "rebind NAME",
		Short: "Let a credential go to the hosts that its provider has now",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			out, err := call[ops.CredentialOut](c.Context(), a, "credential/rebind", ops.NameIn{Name: args[0]})
			if err != nil {
				return err
			}
			return a.print(out, func() {
				a.printf("credential %s may now be sent to %s\n", out.Name, strings.Join(out.Hosts, ", "))
			})
		},
	}
}

func (a *app) credentialRemove() *cobra.Command {
	return &cobra.Command{
		Use:   "remove NAME",
		Short: "Delete a credential; its tokens answer credential_unavailable",
		Args:  cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if _, err := call[ops.Done](c.Context(), a, "credential/remove", ops.NameIn{Name: args[0]}); err != nil {
				return err
			}
			return a.print(ops.NameIn{Name: args[0]}, func() { a.printf("credential %s is removed\n", args[0]) })
		},
	}
}
