package cli

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/seksbot/seks-broker/gateway/internal/accesslog"
	"github.com/seksbot/seks-broker/gateway/internal/admin"
	"github.com/seksbot/seks-broker/gateway/internal/config"
	"github.com/seksbot/seks-broker/gateway/internal/ops"
)

func (a *app) logCheckpointCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "checkpoint",
		Short: "Print the log's newest signed checkpoint, to be kept elsewhere",
		Long: `Print the log's newest signed checkpoint as one line of JSON. A running broker
signs all that has ended first. Keep it where nobody who can change the log can
change it: "seks log verify --checkpoint" then finds whatever happened to a line
up to it since.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := a.load()
			if err != nil {
				return err
			}
			newest, err := a.newestCheckpoint(c.Context(), cfg)
			if err != nil {
				return err
			}
			a.printf("%s\n", newest.Line())
			return nil
		},
	}
}

// newestCheckpoint needs no master key where no broker runs: a checkpoint is
// public.
func (a *app) newestCheckpoint(ctx context.Context, c *config.Config) (accesslog.Checkpoint, error) {
	if _, err := admin.Dial(ops.Socket(c)); errors.Is(err, admin.ErrNotRunning) {
		return accesslog.NewestCheckpoint(ops.LogDir(c))
	} else if err != nil {
		return accesslog.Checkpoint{}, err
	}
	return call[accesslog.Checkpoint](ctx, a, "log/checkpoint", ops.Done{})
}

func (a *app) logVerifyCommand() *cobra.Command {
	var held []string
	var key string
	c := &cobra.Command{
		Use:   "verify",
		Short: "Find any line of the log that was changed, dropped, doubled or swapped",
		Long: `Read the whole log, recompute its chain and check it against its signed
checkpoints. Exit status 0: it is as it was written. 1: it is not, and what is
wrong is named.

Who can change the log can also put another key beside it and sign anew. So keep
copies of log.pub and of a checkpoint elsewhere, and give them.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := a.load()
			if err != nil {
				return err
			}
			return a.verifyLog(c.Context(), cfg, key, held)
		},
	}
	c.Flags().StringArrayVar(&held, "checkpoint", nil, "a `file` of what \"seks log checkpoint\" printed; may be repeated")
	c.Flags().StringVar(&key, "key", "", "a `file` with the log's public key (default: log.pub beside the log)")
	return c
}

func (a *app) verifyLog(ctx context.Context, c *config.Config, keyFile string, heldFiles []string) error {
	var key ed25519.PublicKey
	if keyFile != "" {
		var err error
		if key, err = accesslog.ReadKey(keyFile); err != nil {
			return err
		}
	}
	var held []accesslog.Checkpoint
	for _, name := range heldFiles {
		read, err := readCheckpoints(name)
		if err != nil {
			return err
		}
		held = append(held, read...)
	}
	// A running broker signs what has ended, so that as much as can be is proven.
	_, err := a.newestCheckpoint(ctx, c)
	if err != nil && !errors.Is(err, accesslog.ErrNoCheckpoint) {
		fmt.Fprintf(a.err, "seks: warning: %s\n", err)
	}
	r, err := accesslog.Verify(ops.LogDir(c), key, held...)
	if errors.Is(err, fs.ErrNotExist) && len(held) == 0 { // nothing was ever served
		r, err = &accesslog.Report{Findings: []accesslog.Finding{}, Notes: []string{}}, nil
	}
	if err != nil {
		return err
	}
	if err := a.print(r, func() { a.printReport(r, keyFile == "" && len(held) == 0) }); err != nil {
		return err
	}
	if !r.Whole() {
		return fmt.Errorf("the access log is not as it was written: %s", count(len(r.Findings)+r.More, "finding"))
	}
	return nil
}

func readCheckpoints(name string) ([]accesslog.Checkpoint, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	read, err := accesslog.ReadCheckpoints(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return read, nil
}

func (a *app) printReport(r *accesslog.Report, alone bool) {
	for _, f := range r.Findings {
		a.printf("%s\n", f)
	}
	if r.More > 0 {
		a.printf("and %d more\n", r.More)
	}
	for _, n := range r.Notes {
		a.printf("note: %s\n", n)
	}
	state := "chain whole up to"
	if !r.Whole() {
		state = "NOT whole; it ends with"
	}
	a.printf("%s in %s, %s %s; ", count(int(r.Lines), "line"), count(r.Segments, "segment"), state, or(r.Hash, "nothing"))
	if r.Newest == nil {
		a.printf("no checkpoint yet, so nothing of it is signed\n")
		return
	}
	a.printf("newest checkpoint at line %d, %s, key %s, with %s after it\n",
		r.Newest.Last, r.Newest.Time.Format("2006-01-02T15:04:05Z"), r.Key, count(int(r.Unsealed), "line"))
	if alone {
		a.printf("note: the key is the one beside the log; what you keep elsewhere proves more: --key, --checkpoint\n")
	}
}

func count(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

func or(s, instead string) string {
	if s == "" {
		return instead
	}
	return s
}
