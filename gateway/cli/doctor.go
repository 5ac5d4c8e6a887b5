package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/seksbot/seks-broker/gateway/internal/admin"
	"github.com/seksbot/seks-broker/gateway/internal/leak"
	"github.com/seksbot/seks-broker/gateway/internal/ops"
)

func (a *app) doctorCommand() *cobra.Command {
	var provider string
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Say what is wrong and how to mend it; show that no secret comes through",
		Long: `Look at the configuration, the files, the addresses, the plugins, and what the store
holds, and say what is wrong and how to mend it. The exit status is 1 where something
is that stops requests; what could be better is a warning. Nothing is changed, and
nothing is sent anywhere.

With --leak, send a stand-in secret through the broker in every form that an API could
answer it in, at every place of an answer, and show what came through. A double of the
provider's API gives the answers; the provider's plugin and the broker are the real
ones, the running one where there is one. No stored credential is touched, and
nothing of the check is kept. The exit status is 1 where anything came through.`,
		Example: `  seks doctor
  seks doctor --leak openai`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if c.Flags().Changed("leak") {
				return a.doctorLeak(c.Context(), provider)
			}
			return a.doctorCheckup(c.Context())
		},
	}
	c.Flags().StringVar(&provider, "leak", "", "look for leaks by way of this `provider`")
	return c
}

func (a *app) doctorCheckup(ctx context.Context) error {
	found := a.checkup(ctx)
	count := map[ops.Standing]int{}
	for _, f := range found {
		count[f.Status]++
	}
	err := a.print(found, func() {
		for _, f := range found {
			a.printf("%-8s %s: %s\n", f.Status, f.About, f.Message)
			if f.Fix != "" {
				a.printf("         → %s\n", f.Fix)
			}
		}
	})
	if err == nil && count[ops.Broken] > 0 {
		err = fmt.Errorf("%d to mend, and %d warnings", count[ops.Broken], count[ops.Warning])
	}
	return err
}

// checkup finds what can be found: what stands in the way of looking further is a
// finding too.
func (a *app) checkup(ctx context.Context) []ops.Finding {
	c, err := a.load()
	if err != nil {
		return []ops.Finding{{About: a.config, Status: ops.Broken, Message: cleanLines(err.Error()), Fix: "mend the lines that it names; without the file, seks init writes one"}}
	}
	_, err = admin.Dial(ops.Socket(c))
	running := err == nil
	found := append([]ops.Finding{{About: a.config, Status: ops.Fine, Message: "it can be read"}}, ops.Surroundings(c, running)...)
	if err != nil && !errors.Is(err, admin.ErrNotRunning) {
		return append(found, ops.Finding{About: "broker", Status: ops.Broken, Message: err.Error(), Fix: "run this as the broker's user"})
	}
	if !running && slices.ContainsFunc(found, func(f ops.Finding) bool {
		return f.Status == ops.Broken && f.About == "data_dir" && f.Fix == "seks init"
	}) {
		return found
	}
	more, err := call[[]ops.Finding](ctx, a, "doctor/checkup", ops.Done{})
	if err != nil {
		found = append(found, ops.Finding{About: "store", Status: ops.Broken, Message: err.Error(), Fix: "it was made with another master key, or is damaged, where the key above is good"})
	}
	return append(found, more...)
}

func (a *app) doctorLeak(ctx context.Context, provider string) error {
	r, err := call[leak.Report](ctx, a, "doctor/leak", ops.LeakIn{Provider: provider})
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
}
