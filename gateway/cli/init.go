package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	broker "github.com/seksbot/seks-broker"
	"github.com/seksbot/seks-broker/gateway/internal/ops"
)

func (a *app) initCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "init",
		Short: "Set up: broker.toml, the master key and the store (again: changes nothing)",
		RunE: func(*cobra.Command, []string) error {
			wrote, err := a.writeSample()
			if err != nil {
				return err
			}
			c, err := a.load()
			if err != nil {
				return err
			}
			r, err := ops.Init(c, a.build, a.prompt)
			if err != nil {
				return err
			}
			return a.print(r, func() {
				if wrote {
					a.printf("wrote %s: every key at its default, with what it does\n", a.config)
				}
				if r.MasterKey != "" {
					a.printf("wrote %s: the master key. Keep a copy elsewhere: without it nothing in the store can be read\n", r.MasterKey)
				}
				if r.Created {
					a.printf("made the store in %s\n", r.DataDir)
				} else {
					a.printf("%s is set up already: nothing changed\n", r.DataDir)
				}
			})
		},
	}
}

// writeSample writes the sample configuration where there is none.
func (a *app) writeSample() (bool, error) {
	f, err := os.OpenFile(a.config, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("write %s: %w", filepath.Clean(a.config), err)
	}
	_, err = f.WriteString(broker.Sample)
	return true, errors.Join(err, f.Close())
}
