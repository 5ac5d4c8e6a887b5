package e2e

import (
	"bytes"
	"io"

	"github.com/cloudflare/cloudflare-go/v6/d1"
	"github.com/cloudflare/cloudflare-go/v6/kv"
	"github.com/cloudflare/cloudflare-go/v6/option"
	"github.com/cloudflare/cloudflare-go/v6/shared"
	"github.com/cloudflare/cloudflare-go/v6/user"
	"github.com/cloudflare/cloudflare-go/v6/workers"
	"github.com/cloudflare/cloudflare-go/v6/zones"
)

// cloudflare is the options of cloudflare-go. Its services are made with them
// one by one, as its NewClient makes them: all of them together take two minutes
// to compile.
func (c *conn) cloudflare() []option.RequestOption {
	return []option.RequestOption{option.WithBaseURL(c.base + "/client/v4/"), option.WithAPIToken(c.token), option.WithMaxRetries(0)}
}

func (c *conn) cloudflareKey() []option.RequestOption {
	return []option.RequestOption{option.WithBaseURL(c.base + "/client/v4/"), option.WithAPIKey(c.token), option.WithAPIEmail("agent@example.com"), option.WithMaxRetries(0)}
}

func goCloudflare() goClient { return cloudflareWith("cloudflare-go", (*conn).cloudflare) }

func goCloudflareKey() goClient {
	return cloudflareWith("cloudflare-go, key and email", (*conn).cloudflareKey)
}

const account = "023e105f4ecef8ad9ca31a8372d0c353"

func cloudflareWith(name string, options func(*conn) []option.RequestOption) goClient {
	zone := func(id string) func(c *conn) error {
		return func(c *conn) error {
			var q zones.ZoneGetParams
			q.ZoneID.Value, q.ZoneID.Present = id, true
			z, err := zones.NewZoneService(options(c)...).Get(c, q)
			if err != nil {
				return err
			}
			return expect("the name", z.Name, id+".example")
		}
	}
	query := func(c *conn) error {
		var query d1.DatabaseQueryParamsBodyD1SingleQuery
		query.Sql.Value, query.Sql.Present = "SELECT 1", true
		q := d1.DatabaseQueryParams{Body: query}
		q.AccountID.Value, q.AccountID.Present = account, true
		r, err := d1.NewD1Service(options(c)...).Database.Query(c, "d1", q)
		if err != nil {
			return err
		}
		return expect("the number of results", len(r.Result), 1)
	}
	return goClient{
		name: name, module: "github.com/cloudflare/cloudflare-go/v6", provider: "cloudflare",
		wants: wants{kinds: map[int]string{0: "*apierror.Error"}, upstream: 404},
		call:  zone("zone1"),
		pages: func(c *conn) error {
			var q zones.ZoneListParams
			q.PerPage.Value, q.PerPage.Present = 2, true
			n, all := 0, zones.NewZoneService(options(c)...).ListAutoPaging(c, q)
			for all.Next() {
				n++
			}
			if all.Err() != nil {
				return all.Err()
			}
			return expect("the number of zones", n, 5)
		},
		// A Worker, in parts.
		upload: func(c *conn) error {
			var q workers.ScriptUpdateParams
			q.AccountID.Value, q.AccountID.Present = account, true
			q.Metadata.Value.MainModule.Value, q.Metadata.Value.MainModule.Present, q.Metadata.Present = "worker.js", true, true
			q.Files.Value, q.Files.Present = []io.Reader{namedReader{bytes.NewReader(c.content)}}, true
			got, err := workers.NewScriptService(options(c)...).Update(c, "hello", q)
			if err != nil {
				return err
			}
			return expect("has modules", got.HasModules, true)
		},
		// A value of KV, which is any bytes.
		download: func(c *conn) error {
			values := kv.NewNamespaceService(options(c)...).Values
			var in kv.NamespaceValueUpdateParams
			in.AccountID.Value, in.AccountID.Present = account, true
			in.Value.Value, in.Value.Present = shared.UnionString(c.content), true
			if _, err := values.Update(c, "n1", "a%2Fb", in); err != nil {
				return err
			}
			var out kv.NamespaceValueGetParams
			out.AccountID.Value, out.AccountID.Present = account, true
			answer, err := values.Get(c, "n1", "a%2Fb", out)
			if err != nil {
				return err
			}
			defer answer.Body.Close()
			return same(answer.Body, c.content)
		},
		more:     map[string]func(*conn) error{"D1": query},
		upstream: zone("missing"),
		writing:  query,
		granting: func(c *conn) error {
			var q user.TokenNewParams
			q.Name.Value, q.Name.Present = "a", true
			q.Policies.Value, q.Policies.Present = []shared.TokenPolicyParam{}, true
			made, err := user.NewTokenService(options(c)...).New(c, q)
			if err != nil {
				return err
			}
			if err := masked("the new token", made.Value); err != nil {
				return err
			}
			rolled, err := user.NewTokenService(options(c)...).Value.Update(c, "t1", user.TokenValueUpdateParams{})
			if err != nil {
				return err
			}
			return masked("the rolled token", *rolled)
		},
	}
}

type namedReader struct{ io.Reader }

func (namedReader) Filename() string    { return "worker.js" }
func (namedReader) ContentType() string { return "application/javascript+module" }
