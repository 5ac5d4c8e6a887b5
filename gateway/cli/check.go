package cli

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/seksbot/seks-broker/gateway/internal/conform"
	"github.com/seksbot/seks-broker/gateway/internal/ops"
)

func (a *app) pluginCheck() *cobra.Command {
	var fields []string
	c := &cobra.Command{
		Use:   "check FILE",
		Short: "Hold a module against the contract",
		Long: `Hold a module against the contract: its imports and exports, its manifest, and
what it answers to many requests, ordinary and odd ones, in instances that are
new and in one that is not. Says for each check what was found, or what to
change. Nothing is sent, and no store is opened.`,
		Example: "  seks plugin check acme/acme.wasm",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			standIns, err := ops.ParseFields(fields)
			if err != nil {
				return usagef("--field: %w", err)
			}
			module, err := os.ReadFile(args[0])
			if err != nil {
				return err
			}
			results := conform.Check(c.Context(), module, standIns)
			failed := 0
			for _, r := range results {
				if !r.OK {
					failed++
				}
			}
			err = a.print(results, func() {
				for _, r := range results {
					a.showResult(r)
				}
			})
			if err == nil && failed > 0 {
				err = fmt.Errorf("%s: %d of %d checks failed", args[0], failed, len(results))
			}
			return err
		},
	}
	c.Flags().StringArrayVar(&fields, "field", nil, "a stand-in `field=value`, where the module needs a particular one; may be repeated")
	return c
}

func (a *app) showResult(r conform.Result) {
	verdict := "ok"
	if !r.OK {
		verdict = "failed"
	}
	// Further lines stand below the first.
	under := "\n" + strings.Repeat(" ", 22)
	says := strings.ReplaceAll(cleanLines(strings.ReplaceAll(strings.TrimSpace(r.Says), "\t", "  ")), "\n", under)
	fmt.Fprintf(a.out, "%-7s %-13s %s\n", verdict, r.Check, says)
	for _, advice := range r.Advice {
		fmt.Fprintf(a.out, "%22sadvice: %s\n", "", clean(advice))
	}
}
