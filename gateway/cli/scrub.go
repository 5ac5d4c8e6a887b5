package cli

import (
	"fmt"
	"maps"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"github.com/seksbot/seks-broker/gateway/internal/ops"
)

func (a *app) scrubCommand() *cobra.Command {
	var from, kind string
	c := &cobra.Command{
		Use:   "scrub --needles-from FILE",
		Short: "Mask secrets in what comes on standard input",
		Long: `Copy standard input to standard output with every form of some secrets masked:
raw, base64, hex, escaped, and one over the other, as in answers of an API. What
was found is counted on standard error, by form; a secret is never shown.

The file has one secret a line. It is read once, and nothing is kept.`,
		Example: "  seks scrub --needles-from keys.txt < app.log > clean.log",
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if from == "" {
				return usagef("say which secrets: --needles-from FILE")
			}
			f, err := os.Open(from)
			if err != nil {
				return err
			}
			needles, err := ops.Needles(f)
			_ = f.Close() // it was only read
			if err != nil {
				return fmt.Errorf("%s: %w", from, err)
			}
			forms, err := ops.Scrub(a.out, a.in, needles, kind)
			for _, form := range slices.Sorted(maps.Keys(forms)) {
				a.notef("%d masked: %s", forms[form], form)
			}
			return err
		},
	}
	c.Flags().StringVar(&from, "needles-from", "", "`file` with one secret a line")
	c.Flags().StringVar(&kind, "type", "text/plain", "media `type` of the input; events and NDJSON leave as they come")
	return c
}
