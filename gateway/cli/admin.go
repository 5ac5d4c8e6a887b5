package cli

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/seksbot/seks-broker/gateway/internal/ops"
)

func (a *app) adminCommand() *cobra.Command {
	c := &cobra.Command{Use: "admin", Short: "Manage access to the admin API"}
	c.AddCommand(&cobra.Command{
		Use:   "token",
		Short: "Make a new admin token, shown once; the one before ends with it",
		RunE: func(c *cobra.Command, _ []string) error {
			out, err := call[ops.AdminToken](c.Context(), a, "admin/token", ops.Done{})
			if err != nil {
				return err
			}
			return a.print(out, func() {
				a.printf("%s\n", out.Token)
				fmt.Fprintln(a.err, "Send it to the admin listener as Authorization: Bearer … It is shown this once, and any older one has ended.")
			})
		},
	})
	return c
}
