package cli

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seksbot/seks-broker/gateway/internal/ops"
)

func (a *app) pluginEval() *cobra.Command {
	var file, at string
	var fields []string
	c := &cobra.Command{
		Use:   "eval FILE --request R",
		Short: "Show the plan for a request, and the request it makes",
		Long: `Show the plan that a module makes for a request, and the request that the plan
makes with stand-in fields. R is a raw HTTP/1.1 request in a file. Nothing is
sent, and no store is opened: the same input prints the same bytes every time.`,
		Example: "  seks plugin eval build/plugins/openai.wasm --request chat.http --field api_key=sk-stand-in",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			if file == "" {
				return usagef("--request is needed: a file with a raw HTTP/1.1 request")
			}
			values, err := ops.ParseFields(fields)
			if err != nil {
				return usagef("--field: %w", err)
			}
			now := time.Now()
			if at != "" {
				if now, err = time.Parse(time.RFC3339, at); err != nil {
					return usagef("--time %q: write it as 2026-01-31T12:00:00Z", at)
				}
			}
			raw, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			_, p, err := inspect(c.Context(), args[0])
			if err != nil {
				return err
			}
			out, err := ops.Eval(p, raw, values, now)
			if err != nil {
				return err
			}
			return a.print(out, func() {
				fmt.Fprintf(a.out, "plan\n%s", indent(out.Plan))
				if len(out.Operations) > 0 {
					a.printf("\noperations\n")
					for _, o := range out.Operations {
						a.printf("  %s\n", o)
					}
				}
				if out.Request != "" {
					fmt.Fprintf(a.out, "\nrequest\n%s", indent(out.Request))
				}
			})
		},
	}
	c.Flags().StringVar(&file, "request", "", "a `file` with a raw HTTP/1.1 request")
	c.Flags().StringArrayVar(&fields, "field", nil, "a stand-in `field=value`; may be repeated")
	c.Flags().StringVar(&at, "time", "", "the `time` that the plugin is shown, where it asks for it (RFC 3339)")
	return c
}

func indent(text string) string {
	lines := strings.Split(cleanLines(strings.TrimSuffix(text, "\n")), "\n")
	for i, line := range lines {
		if line != "" {
			lines[i] = "  " + line
		}
	}
	return strings.Join(lines, "\n") + "\n"
}
