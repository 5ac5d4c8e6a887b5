package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/seksbot/seks-broker/gateway/internal/leak"
	"github.com/seksbot/seks-broker/gateway/internal/ops"
)

func (a *app) doctorCommand() *cobra.Command {
	var provider string
	c := &cobra.Command{
		Use:   "doctor --leak PROVIDER",
		Short: "Show that no secret comes through the broker",
		Long: `Send a stand-in secret through the broker in every form that an API could answer
it in, at every place of an answer, and show what came through. A double of the
provider's API gives the answers; the provider's plugin and the broker are the real
ones, the running one where there is one. No stored credential is touched, and
nothing of the check is kept. The exit status is 1 where anything came through.`,
		Example: "  seks doctor --leak openai",
		RunE: func(c *cobra.Command, _ []string) error {
			if provider == "" {
				return usagef("say what to look at: --leak PROVIDER")
			}
			r, err := call[leak.Report](c.Context(), a, "doctor/leak", ops.LeakIn{Provider: provider})
			if err != nil {
				return err
			}
			err = a.print(r, func() {
				for _, l := range r.Leaks {
					a.printf("came through: %s\n", l)
				}
				a.printf("%s: a stand-in secret in %d writings, in %d answers: %d came through\n", provider, r.Writings, r.Answers, len(r.Leaks))
			})
			if err == nil && len(r.Leaks) > 0 {
				err = fmt.Errorf("%d of %d answers showed the secret", len(r.Leaks), r.Answers)
			}
			return err
		},
	}
	c.Flags().StringVar(&provider, "leak", "", "look for leaks by way of this `provider`")
	return c
}
