package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/seksbot/seks-broker/gateway/internal/accesslog"
	"github.com/seksbot/seks-broker/gateway/internal/admin"
	"github.com/seksbot/seks-broker/gateway/internal/ops"
)

// followEvery is how often `seks log --follow` looks for more.
const followEvery = 250 * time.Millisecond

func (a *app) logCommand() *cobra.Command {
	var f accesslog.Filter
	var since string
	var follow bool
	c := &cobra.Command{
		Use:   "log",
		Short: "Show the access log: who used what, when",
		Example: `  seks log --agent ci --since 1h
  seks log --status 4xx --json | jq .reason
  seks log checkpoint > /elsewhere/checkpoint.json
  seks log verify --checkpoint /elsewhere/checkpoint.json`,
		RunE: func(c *cobra.Command, _ []string) error {
			var err error
			if f.Since, err = parseSince(since); err != nil {
				return usagef("--since %q: %w", since, err)
			}
			if _, _, err := accesslog.ParseStatus(f.Status); err != nil {
				return usagef("--status: %w", err)
			}
			return a.showLog(c.Context(), f, follow)
		},
	}
	c.Flags().StringVar(&f.Agent, "agent", "", "only this `agent`")
	c.Flags().StringVar(&f.Credential, "credential", "", "only this credential, by `name`")
	c.Flags().StringVar(&f.Provider, "provider", "", "only this `provider`")
	c.Flags().StringVar(&since, "since", "", "only what began at this `time` (2026-01-31, or RFC 3339) or later, or so long ago (1h, 7d)")
	c.Flags().StringVar(&f.Status, "status", "", "only this `status` (403) or class of them (4xx)")
	c.Flags().BoolVar(&follow, "follow", false, "go on and show new lines as they come")
	c.AddCommand(a.logVerifyCommand(), a.logCheckpointCommand())
	return c
}

func parseSince(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	if t, err := time.ParseInLocation(time.DateOnly, s, time.Local); err == nil {
		return t, nil
	}
	d, err := parseDuration(s)
	if err != nil {
		return time.Time{}, errors.New("write it as 1h, 7d, 2026-01-31 or 2026-01-31T12:00:00Z")
	}
	return time.Now().Add(-d), nil
}

func (a *app) showLog(ctx context.Context, f accesslog.Filter, follow bool) error {
	c, err := a.load()
	if err != nil {
		return err
	}
	if _, err := os.Stat(c.DataDir); err != nil {
		return fmt.Errorf("%s: %w", c.DataDir, ops.ErrNoData)
	}
	r, err := accesslog.NewReader(ops.LogDir(c), f)
	if err != nil {
		return err
	}
	show := a.logPrinter()
	for {
		// What has ended in a running broker is on disk before it is read.
		if client, err := admin.Dial(ops.Socket(c)); err == nil {
			if _, err := client.Call(ctx, "log/flush", nil); err != nil {
				return err
			}
		} else if !errors.Is(err, admin.ErrNotRunning) {
			return err
		}
		damage, err := r.Next(show)
		if err != nil && !errors.Is(err, fs.ErrNotExist) { // nothing was ever served
			return err
		}
		for _, d := range damage {
			a.notef("warning: %s", clean(d.String()))
		}
		if !follow {
			return r.Open(show) // a follower sees each outcome when it comes
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(followEvery):
		}
	}
}

func (a *app) logPrinter() func(line []byte, e accesslog.Entry) error {
	if a.json {
		return func(line []byte, _ accesslog.Entry) error {
			_, err := io.WriteString(a.out, string(line)+"\n")
			return err
		}
	}
	t := accesslog.NewTable(a.out)
	return func(_ []byte, e accesslog.Entry) error { return t.Write(e) }
}
