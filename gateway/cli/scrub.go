package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/seksbot/seks-broker/gateway/internal/admin"
	"github.com/seksbot/seks-broker/gateway/internal/ops"
)

func (a *app) scrubCommand() *cobra.Command {
	var from, name, kind string
	c := &cobra.Command{
		Use:   "scrub --credential NAME | --needles-from FILE",
		Short: "Mask secrets in what comes on standard input",
		Long: `Copy standard input to standard output with every form of some secrets masked:
raw, base64, hex, escaped, and one over the other, as in answers of an API. What
was found is counted on standard error, by form; a secret is never shown.

With --credential, what is searched for is what an answer to that credential's
requests is: its secrets, and all others of its tenant's. It stays in the running
broker where there is one, and has a line in the access log. With --needles-from,
it is a file with one secret a line. That is read once, and nothing is kept.`,
		Example: `  seks scrub --credential my-openai < app.log > clean.log
  seks scrub --needles-from keys.txt < app.log > clean.log`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			var forms map[string]int
			var err error
			switch {
			case (from == "") == (name == ""):
				return usagef("say which secrets: --credential NAME or --needles-from FILE")
			case name != "":
				forms, err = a.scrubCredential(c.Context(), ops.ScrubIn{Credential: name, Type: kind})
			default:
				forms, err = a.scrubFile(from, kind)
			}
			for _, form := range slices.Sorted(maps.Keys(forms)) {
				a.notef("%d masked: %s", forms[form], form)
			}
			return err
		},
	}
	c.Flags().StringVar(&name, "credential", "", "a stored credential, by `name`")
	c.Flags().StringVar(&from, "needles-from", "", "`file` with one secret a line")
	c.Flags().StringVar(&kind, "type", "text/plain", "media `type` of the input; events and NDJSON leave as they come")
	return c
}

func (a *app) scrubFile(file, kind string) (map[string]int, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	needles, err := ops.Needles(f)
	_ = f.Close() // it was only read
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return ops.Scrub(a.out, a.in, needles, kind)
}

func (a *app) scrubCredential(ctx context.Context, what ops.ScrubIn) (map[string]int, error) {
	c, err := a.load()
	if err != nil {
		return nil, err
	}
	client, err := admin.Dial(ops.Socket(c))
	if err == nil {
		return client.Scrub(ctx, a.out, a.in, what)
	}
	if !errors.Is(err, admin.ErrNotRunning) {
		return nil, err
	}
	b, err := a.open(c)
	if err != nil {
		return nil, err
	}
	forms, err := b.CredentialScrub(a.out, a.in, what)
	return forms, errors.Join(err, b.Close())
}
