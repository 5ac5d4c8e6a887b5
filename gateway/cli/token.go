package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/seksbot/seks-broker/gateway/internal/ops"
	"github.com/seksbot/seks-broker/gateway/internal/token"
)

func (a *app) tokenCommand() *cobra.Command {
	c := &cobra.Command{Use: "token", Short: "Issue, show, revoke and resume proxy tokens"}
	c.AddCommand(a.tokenIssue(), a.tokenList(), a.tokenShow(), a.tokenRevoke(), a.tokenResume())
	return c
}

func (a *app) tokenIssue() *cobra.Command {
	var in ops.TokenIn
	var expires string
	c := &cobra.Command{
		Use:   "issue --agent A --credential C",
		Short: "Make a proxy token; it is shown once",
		Long: `Make a proxy token for one agent and one credential. It is shown once: only its
hash is kept. Where an API's clients sign their requests (S3), it is a pair: an
access key id, and a secret access key that is kept encrypted.

Rules narrow it. --allow and --deny match the method and the path at the API, as
in "GET /v1/models" or "* /v1/files/*"; * matches within and across segments. Any
--deny that matches denies; where there is an --allow, one must match.`,
		Example: `  seks token issue --agent ci --credential openai-prod --expires 24h
  seks token issue --agent ci --credential openai-prod --allow "POST /v1/chat/completions" --rate 60/m`,
		RunE: func(c *cobra.Command, _ []string) error {
			if in.Agent == "" || in.Credential == "" {
				return usagef("--agent and --credential are needed: who is it for, and what does it stand for?")
			}
			var err error
			if in.Expires, err = parseDuration(expires); err != nil {
				return usagef("--expires %q: %w", expires, err)
			}
			if err := checkRules(in); err != nil {
				return usageError{err}
			}
			out, err := call[ops.TokenIssued](c.Context(), a, "token/issue", in)
			if err != nil {
				return err
			}
			return a.print(out, func() {
				if out.SecretAccessKey != "" {
					a.printf("access_key_id=%s\nsecret_access_key=%s\n", out.AccessKeyID, out.SecretAccessKey)
				} else {
					a.printf("%s\n", out.Token)
				}
				a.notef("token %s: for agent %s, provider %s, credential %s; expires: %s. It is shown this once.",
					out.ID, out.Agent, out.Provider, out.Credential, moment(out.ExpiresAt))
			})
		},
	}
	f := c.Flags()
	f.StringVar(&in.Agent, "agent", "", "who holds it: a `name` for the access log")
	f.StringVar(&in.Credential, "credential", "", "the credential that it stands for, by `name`")
	f.StringVar(&expires, "expires", "", "its `lifetime`, as in 90m, 24h or 30d (default: until it is revoked)")
	f.StringArrayVar(&in.Allow, "allow", nil, "allow only this `\"METHOD /path\"`; may be repeated")
	f.StringArrayVar(&in.Deny, "deny", nil, "deny this `\"METHOD /path\"`; may be repeated")
	f.StringArrayVar(&in.Ops, "op", nil, "allow only operations of this `name`, as in \"files.*\"; may be repeated")
	f.BoolVar(&in.ReadOnly, "read-only", false, "allow only operations that read")
	f.BoolVar(&in.AllowGrant, "allow-grant", false, "allow operations that mint access outliving the token")
	f.StringVar(&in.Rate, "rate", "", "at most this `rate`, N/s, N/m or N/h: N at once, then refilled evenly")
	f.StringArrayVar(&in.From, "from", nil, "allow only clients in this `CIDR`; may be repeated")
	return c
}

// checkRules says what is wrong with rules before anything is asked of them.
func checkRules(in ops.TokenIn) error {
	for _, r := range in.Allow {
		if _, err := token.ParseRule(r); err != nil {
			return fmt.Errorf("--allow: %w", err)
		}
	}
	for _, r := range in.Deny {
		if _, err := token.ParseRule(r); err != nil {
			return fmt.Errorf("--deny: %w", err)
		}
	}
	if in.Rate != "" {
		if _, err := token.ParseRate(in.Rate); err != nil {
			return fmt.Errorf("--rate: %w", err)
		}
	}
	for _, f := range in.From {
		if _, err := ops.ParseFrom(f); err != nil {
			return err
		}
	}
	return nil
}

// parseDuration takes Go's durations, and days.
func parseDuration(s string) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(s)
	if days, ok := strings.CutSuffix(s, "d"); ok {
		var n int
		if n, err = strconv.Atoi(days); err == nil && n > 0 && n <= 36500 {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	}
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("write it as 90m, 24h or 30d")
	}
	return d, nil
}

// moment is a time of a token's life; nil is never.
func moment(t *time.Time) string {
	if t == nil {
		return "never"
	}
	return t.Local().Format("2006-01-02 15:04:05 MST")
}

func (a *app) tokenList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the tokens, without their text",
		RunE: func(c *cobra.Command, _ []string) error {
			list, err := call[[]ops.TokenInfo](c.Context(), a, "token/list", ops.Done{})
			if err != nil {
				return err
			}
			return a.print(list, func() {
				var rows [][]string
				for _, t := range list {
					rows = append(rows, []string{t.ID, t.Agent, t.Provider, t.Credential, t.Status, moment(t.ExpiresAt), strings.Join(rules(t), "; ")})
				}
				a.table("ID AGENT PROVIDER CREDENTIAL STATUS EXPIRES RULES", rows, "no tokens yet: make one with `seks token issue`")
			})
		},
	}
}

func rules(t ops.TokenInfo) []string {
	var r []string
	for _, s := range t.Allow {
		r = append(r, "allow "+s)
	}
	for _, s := range t.Deny {
		r = append(r, "deny "+s)
	}
	for _, s := range t.Ops {
		r = append(r, "op "+s)
	}
	if t.ReadOnly {
		r = append(r, "read-only")
	}
	if t.AllowGrant {
		r = append(r, "allow-grant")
	}
	if t.Rate != "" {
		r = append(r, "rate "+t.Rate)
	}
	for _, s := range t.From {
		r = append(r, "from "+s)
	}
	return r
}

func (a *app) showToken(c *cobra.Command, name, id string) error {
	t, err := call[ops.TokenInfo](c.Context(), a, name, ops.IDIn{ID: id})
	if err != nil {
		return err
	}
	return a.print(t, func() {
		a.printf("id          %s\nagent       %s\nprovider    %s\ncredential  %s\nstatus      %s\ncreated     %s\nexpires     %s\n",
			t.ID, t.Agent, t.Provider, t.Credential, t.Status, moment(&t.CreatedAt), moment(t.ExpiresAt))
		if t.RevokedAt != nil {
			a.printf("revoked     %s\n", moment(t.RevokedAt))
		}
		if t.Suspended != nil {
			a.printf("suspended   %s\n", moment(t.Suspended))
		}
		for _, r := range rules(t) {
			a.printf("rule        %s\n", r)
		}
	})
}

func (a *app) tokenShow() *cobra.Command {
	return &cobra.Command{
		Use: "show ID", Short: "Show one token, without its text", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return a.showToken(c, "token/show", args[0]) },
	}
}

func (a *app) tokenRevoke() *cobra.Command {
	return &cobra.Command{
		Use: "revoke ID", Short: "Revoke a token: at once, and for good", Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error { return a.showToken(c, "token/revoke", args[0]) },
	}
}

func (a *app) tokenResume() *cobra.Command {
	return &cobra.Command{
		Use: "resume ID", Short: "Let a suspended token in again", Args: cobra.ExactArgs(1),
		Long: `Let a token in again that was suspended, since secrets kept standing in what the
API answered to it (scrub.suspend_after). What is counted begins anew. Look into
why first: seks log shows the answers, by their "scrubbed".`,
		RunE: func(c *cobra.Command, args []string) error { return a.showToken(c, "token/resume", args[0]) },
	}
}
