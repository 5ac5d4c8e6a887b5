package cli

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/seksbot/seks-broker/gateway/internal/ops"
)

func (a *app) s3Command() *cobra.Command {
	c := &cobra.Command{Use: "s3", Short: "Presign URLs for S3"}
	c.AddCommand(a.s3Presign())
	return c
}

func (a *app) s3Presign() *cobra.Command {
	in := ops.PresignIn{Size: -1}
	var expires string
	c := &cobra.Command{
		Use:   "presign --token-id ID --bucket B --key K",
		Short: "Make a URL that does one request at the broker, with no key",
		Long: `Make a URL that does one request at the broker, for whoever holds it. It is signed
with the token's secret half, and judged when it is used: by the token's rules,
and no longer than the token lasts.`,
		Example: `  seks s3 presign --token-id tok_… --bucket data --key reports/may.csv
  curl -T may.csv "$(seks s3 presign --token-id tok_… --method PUT --bucket data --key reports/may.csv --expires 10m)"`,
		RunE: func(c *cobra.Command, _ []string) error {
			if in.TokenID == "" || in.Bucket == "" || in.Key == "" {
				return usagef("--token-id, --bucket and --key are needed: who signs, and for what?")
			}
			var err error
			if in.Expires, err = parseDuration(expires); err != nil {
				return usagef("--expires %q: %w", expires, err)
			}
			out, err := call[ops.Presigned](c.Context(), a, "s3/presign", in)
			if err != nil {
				return err
			}
			return a.print(out, func() {
				a.printf("%s\n", out.URL)
				a.notef("for %s, until %s", out.Method, out.ExpiresAt.Format(time.RFC3339))
			})
		},
	}
	f := c.Flags()
	f.StringVar(&in.TokenID, "token-id", "", "the token that signs, by its `id`")
	f.StringVar(&in.Method, "method", "GET", "GET, HEAD, PUT or DELETE")
	f.StringVar(&in.Bucket, "bucket", "", "the bucket's `name`")
	f.StringVar(&in.Key, "key", "", "the object's `key`")
	f.StringVar(&expires, "expires", "1h", "the URL's `lifetime`, as in 10m or 7d, which is the most")
	f.Int64Var(&in.Size, "size", -1, "of a PUT: the body has exactly so many `bytes`")
	f.StringVar(&in.Endpoint, "endpoint", "", "the `URL` at which its users find S3 (default: public_url, or the first listener, and /api/NAME)")
	return c
}
