package ops

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/token"
)

// TokenIn asks for a new token. Expires is how long it lasts; zero is for ever.
type TokenIn struct {
	Agent      string        `json:"agent"`
	Credential string        `json:"credential"`
	Expires    time.Duration `json:"expires,omitempty"`
	Allow      []string      `json:"allow,omitempty"`
	Deny       []string      `json:"deny,omitempty"`
	Ops        []string      `json:"ops,omitempty"`
	ReadOnly   bool          `json:"read_only,omitempty"`
	AllowGrant bool          `json:"allow_grant,omitempty"`
	Rate       string        `json:"rate,omitempty"`
	From       []string      `json:"from,omitempty"`
}

// TokenIssued shows a token, this once. Where this API's clients sign, Token is
// the access key id, which is public, and SecretAccessKey what they sign with.
type TokenIssued struct {
	ID         string     `json:"id"`
	Token      string     `json:"token"`
	Agent      string     `json:"agent"`
	Provider   string     `json:"provider"`
	Credential string     `json:"credential"`
	ExpiresAt  *time.Time `json:"expires_at"`

	AccessKeyID     string `json:"access_key_id,omitempty"`
	SecretAccessKey string `json:"secret_access_key,omitempty"`
}

// TokenInfo is a token as it may be shown: all but the token.
type TokenInfo struct {
	ID         string     `json:"id"`
	Agent      string     `json:"agent"`
	Provider   string     `json:"provider"`
	Credential string     `json:"credential"`
	Status     string     `json:"status"` // active, suspended, expired or revoked
	CreatedAt  time.Time  `json:"created_at"`
	ExpiresAt  *time.Time `json:"expires_at"`
	RevokedAt  *time.Time `json:"revoked_at"`
	Suspended  *time.Time `json:"suspended_at"`
	Allow      []string   `json:"allow"`
	Deny       []string   `json:"deny"`
	Ops        []string   `json:"ops"`
	ReadOnly   bool       `json:"read_only"`
	AllowGrant bool       `json:"allow_grant"`
	Rate       string     `json:"rate"`
	From       []string   `json:"from"`
}

// IDIn names a token by its id.
type IDIn struct {
	ID string `json:"id"`
}

// TokenIssue makes a token for an agent and a credential. Only the provider's
// plugin knows whether its clients sign, so it has to be there.
func (b *Broker) TokenIssue(ctx context.Context, in TokenIn) (TokenIssued, error) {
	c, err := b.Credentials.Show(Tenant, in.Credential)
	if err != nil {
		return TokenIssued{}, err
	}
	_, m, err := b.provider(ctx, c.Provider)
	if err != nil {
		return TokenIssued{}, err
	}
	r := token.Record{
		Tenant: Tenant, Agent: in.Agent, Provider: c.Provider, Credential: c.Name, Pair: m.Pairs(),
		Rules: token.Rules{Allow: in.Allow, Deny: in.Deny, Ops: in.Ops, ReadOnly: in.ReadOnly, AllowGrant: in.AllowGrant},
	}
	if in.Expires < 0 {
		return TokenIssued{}, errors.New("--expires must lie in the future")
	}
	if in.Expires > 0 {
		r.Expires = b.now().Add(in.Expires).UTC().Truncate(time.Second)
	}
	if in.Rate != "" {
		if r.Rules.Rate, err = token.ParseRate(in.Rate); err != nil {
			return TokenIssued{}, err
		}
	}
	for _, f := range in.From {
		p, err := ParseFrom(f)
		if err != nil {
			return TokenIssued{}, err
		}
		r.Rules.From = append(r.Rules.From, p)
	}
	plain, r, err := b.Tokens.Issue(r)
	if err != nil {
		return TokenIssued{}, err
	}
	defer plain.Destroy()
	out := TokenIssued{
		ID: r.ID, Token: string(plain.Reveal()), Agent: r.Agent, Provider: r.Provider,
		Credential: r.Credential, ExpiresAt: timeOrNil(r.Expires),
	}
	if r.Pair {
		out.AccessKeyID, out.SecretAccessKey = out.Token, string(r.Half().Reveal())
	}
	return out, nil
}

// ParseFrom reads a network, or one address as a network of its own.
func ParseFrom(s string) (netip.Prefix, error) {
	if p, err := netip.ParsePrefix(s); err == nil {
		return p.Masked(), nil
	}
	a, err := netip.ParseAddr(s)
	if err != nil {
		return netip.Prefix{}, fmt.Errorf("--from %.64q is no address or network: write it as 10.0.0.0/8", s)
	}
	return netip.PrefixFrom(a, a.BitLen()), nil
}

// TokenList lists all tokens.
func (b *Broker) TokenList(context.Context, Done) ([]TokenInfo, error) {
	records, err := b.Tokens.List()
	infos := []TokenInfo{}
	for _, r := range records {
		infos = append(infos, b.tokenInfo(r))
	}
	return infos, err
}

// TokenShow shows one token.
func (b *Broker) TokenShow(_ context.Context, in IDIn) (TokenInfo, error) {
	r, err := b.Tokens.Show(in.ID)
	if err != nil {
		return TokenInfo{}, err
	}
	return b.tokenInfo(r), nil
}

// TokenRevoke revokes a token; when it returns, no request gets in with it.
func (b *Broker) TokenRevoke(_ context.Context, in IDIn) (TokenInfo, error) {
	if err := b.Tokens.Revoke(in.ID); err != nil {
		return TokenInfo{}, err
	}
	return b.TokenShow(context.Background(), in)
}

// TokenResume ends the suspension of a token.
func (b *Broker) TokenResume(_ context.Context, in IDIn) (TokenInfo, error) {
	if err := b.Tokens.Resume(in.ID); err != nil {
		return TokenInfo{}, err
	}
	return b.TokenShow(context.Background(), in)
}

func (b *Broker) tokenInfo(r token.Record) TokenInfo {
	i := TokenInfo{
		ID: r.ID, Agent: r.Agent, Provider: r.Provider, Credential: r.Credential, Status: "active",
		CreatedAt: r.Created, ExpiresAt: timeOrNil(r.Expires), RevokedAt: timeOrNil(r.Revoked), Suspended: timeOrNil(r.Suspended),
		Allow: list(r.Rules.Allow), Deny: list(r.Rules.Deny), Ops: list(r.Rules.Ops), From: []string{},
		ReadOnly: r.Rules.ReadOnly, AllowGrant: r.Rules.AllowGrant, Rate: r.Rules.Rate.String(),
	}
	for _, f := range r.Rules.From {
		i.From = append(i.From, f.String())
	}
	switch {
	case !r.Revoked.IsZero():
		i.Status = "revoked"
	case !r.Expires.IsZero() && !b.now().Before(r.Expires):
		i.Status = "expired"
	case !r.Suspended.IsZero():
		i.Status = "suspended"
	}
	return i
}

// list is never null in JSON.
func list(s []string) []string { return append([]string{}, s...) }

func timeOrNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
