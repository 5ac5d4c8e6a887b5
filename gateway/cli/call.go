package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/seksbot/seks-broker/gateway/internal/admin"
	"github.com/seksbot/seks-broker/gateway/internal/config"
	"github.com/seksbot/seks-broker/gateway/internal/kv"
	"github.com/seksbot/seks-broker/gateway/internal/ops"
)

// call gives one command, to the running broker or on the store: the same code
// either way, with the same JSON between.
func call[Out any](ctx context.Context, a *app, name string, in any) (Out, error) {
	var out Out
	c, err := a.load()
	if err != nil {
		return out, err
	}
	body, err := json.Marshal(in)
	if err != nil {
		return out, err
	}
	defer clear(body)
	answer, err := a.send(ctx, c, name, body)
	if err != nil {
		return out, err
	}
	return out, json.Unmarshal(answer, &out)
}

func (a *app) send(ctx context.Context, c *config.Config, name string, body []byte) ([]byte, error) {
	client, err := admin.Dial(ops.Socket(c))
	if err == nil {
		return client.Call(ctx, name, body)
	}
	if !errors.Is(err, admin.ErrNotRunning) {
		return nil, err
	}
	b, err := a.open(c)
	if err != nil {
		return nil, err
	}
	out, err := b.Call(ctx, name, body)
	if err = errors.Join(err, b.Close()); err != nil {
		return nil, err
	}
	return json.Marshal(out)
}

// open opens the store, where no broker runs.
func (a *app) open(c *config.Config) (*ops.Broker, error) {
	b, err := ops.Open(c, a.build, a.prompt)
	if errors.Is(err, kv.ErrLocked) {
		return nil, fmt.Errorf("%w, and its admin socket %s does not answer: wait until it has started, or stop it", err, ops.Socket(c))
	}
	return b, err
}

// print shows v as JSON where that was asked for, else as text.
func (a *app) print(v any, text func()) error {
	if !a.json {
		text()
		return nil
	}
	e := json.NewEncoder(a.out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// printf prints text. What stands in it may come from outside, a module that
// nobody trusts yet among it, and so is made clean.
func (a *app) printf(format string, args ...any) {
	for i, arg := range args {
		if s, ok := arg.(string); ok {
			args[i] = clean(s)
		}
	}
	fmt.Fprintf(a.out, format, args...)
}

// notef tells the person, beside the data.
func (a *app) notef(format string, args ...any) {
	fmt.Fprintf(a.err, "seks: "+format+"\n", args...)
}

// table prints rows under a head, in columns, or why there are none.
func (a *app) table(head string, rows [][]string, none string) {
	if len(rows) == 0 {
		a.notef("%s", none)
		return
	}
	w := tabwriter.NewWriter(a.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.ReplaceAll(head, " ", "\t"))
	for _, r := range rows {
		for i, cell := range r {
			if r[i] = clean(cell); cell == "" {
				r[i] = "-"
			}
		}
		fmt.Fprintln(w, strings.Join(r, "\t"))
	}
	_ = w.Flush()
}

// clean is s with everything that a terminal could act on written as \uXXXX:
// controls, line breaks and bidirectional marks among it.
func clean(s string) string { return escaped(s, false) }

// cleanLines is clean, but for the line breaks.
func cleanLines(s string) string { return escaped(s, true) }

func escaped(s string, lines bool) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case unicode.IsPrint(r), lines && r == '\n':
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
