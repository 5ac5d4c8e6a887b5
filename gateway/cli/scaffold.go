package cli

import (
	"github.com/spf13/cobra"

	"github.com/seksbot/seks-broker/gateway/internal/ops"
)

func (a *app) pluginNew() *cobra.Command {
	return &cobra.Command{
		Use:   "new NAME",
		Short: "Make a folder with a plugin to start from",
		Long: `Make the folder NAME here: a plugin for an API that takes its key in
"Authorization: Bearer", with tests, a Makefile and the SDK's sources. It builds
with Go and make alone, with no network, outside any repository.`,
		Example: "  seks plugin new acme",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			name := args[0]
			if err := ops.NewPlugin(".", name); err != nil {
				return err
			}
			next := []string{
				"make -C " + name,
				"seks plugin trust --install " + name + "/" + name + ".wasm",
			}
			made := struct {
				Name string   `json:"name"`
				Next []string `json:"next"`
			}{name, next}
			return a.print(made, func() {
				a.printf("made %s/: say in main.go how the API takes its key, then\n\n", name)
				for _, command := range next {
					a.printf("  %s\n", command)
				}
				a.printf("\nand /api/%s serves. It needs a credential, and an agent a token:\n\n", name)
				a.printf("  seks credential set my-%s --provider %s\n", name, name)
				a.printf("  seks token issue --agent me --credential my-%s --expires 24h\n", name)
			})
		},
	}
}
