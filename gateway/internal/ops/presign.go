package ops

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/config"
	"github.com/seksbot/seks-broker/gateway/internal/request"
	"github.com/seksbot/seks-broker/gateway/internal/token"
	seks "github.com/seksbot/seks-broker/plugin-sdk"
	"github.com/seksbot/seks-broker/plugin-sdk/sigv4"
)

// PresignIn asks for a URL that does one request with a token.
type PresignIn struct {
	TokenID  string        `json:"token_id"`
	Method   string        `json:"method"`
	Bucket   string        `json:"bucket"`
	Key      string        `json:"key"`
	Expires  time.Duration `json:"expires"`
	Size     int64         `json:"size"`     // of the body; below 0: any
	Endpoint string        `json:"endpoint"` // where agents find S3; "" is public_url, or the first listener, and /api/NAME
}

// Presigned is such a URL.
type Presigned struct {
	Method    string    `json:"method"`
	URL       string    `json:"url"`
	ExpiresAt time.Time `json:"expires_at"`
}

// maxPresigned is how long S3 lets a URL live.
const maxPresigned = 7 * 24 * time.Hour

// S3Presign signs a URL with a token's secret half, which does not leave the
// broker. What the URL does is judged when it is used.
func (b *Broker) S3Presign(_ context.Context, in PresignIn) (Presigned, error) {
	r, err := b.Tokens.Show(in.TokenID)
	if err != nil {
		return Presigned{}, err
	}
	if err := b.presigns(&r, &in); err != nil {
		return Presigned{}, err
	}
	p := b.configured(r.Provider)
	endpoint, err := b.endpoint(in.Endpoint, r.Provider)
	if err != nil {
		return Presigned{}, err
	}
	now := b.now().UTC().Truncate(time.Second)
	signed := []string{"host"}
	q := sigv4.Request{
		Method: in.Method, Path: strings.TrimSuffix(endpoint.EscapedPath(), "/") + "/" + in.Bucket + "/" + sigv4.EscapePath(in.Key), Host: endpoint.Host,
	}
	if in.Size >= 0 {
		signed = []string{"content-length", "host"}
		q.Headers = []seks.Header{{Name: "content-length", Value: strconv.FormatInt(in.Size, 10)}}
	}
	query := presign(&q, &r, p.Parameters, signed, now, in.Expires)
	return Presigned{in.Method, endpoint.Scheme + "://" + endpoint.Host + q.Path + "?" + query, now.Add(in.Expires)}, nil
}

// presign gives the query that lets a request in for so long, signed with a pair.
func presign(q *sigv4.Request, r *token.Record, parameters map[string]string, signed []string, now time.Time, expires time.Duration) string {
	scope := sigv4.Scope{Date: now.Format("20060102"), Region: cmp.Or(parameters["region"], "us-east-1"), Service: cmp.Or(parameters["service"], "s3")}
	q.Payload, q.Time = "UNSIGNED-PAYLOAD", now.Format("20060102T150405Z")
	q.Query = strings.Join([]string{
		"X-Amz-Algorithm=" + sigv4.Algorithm, "X-Amz-Credential=" + sigv4.Escape(r.Name+"/"+scope.String()), "X-Amz-Date=" + q.Time,
		fmt.Sprintf("X-Amz-Expires=%d", expires/time.Second), "X-Amz-SignedHeaders=" + sigv4.Escape(strings.Join(signed, ";")),
	}, "&")
	return q.Query + "&X-Amz-Signature=" + signature4(r.Half().Reveal(), scope, q.Time, q.Canonical(signed))
}

// presigns says what is wrong with the token, or with what is asked of it.
func (b *Broker) presigns(r *token.Record, in *PresignIn) error {
	status := b.tokenInfo(*r).Status
	switch {
	case !r.Pair:
		return fmt.Errorf("the token %s is no pair: only the clients of an API whose requests are signed, such as S3, have those", r.ID)
	case r.Name == "":
		return fmt.Errorf("the token %s was issued by a version that did not keep its name: issue a new one", r.ID)
	case status != "active":
		return fmt.Errorf("the token %s is %s", r.ID, status)
	case in.Expires < time.Second || in.Expires > maxPresigned:
		return errors.New("a presigned URL lives from a second to 7 days")
	case in.Method != "GET" && in.Method != "HEAD" && in.Method != "PUT" && in.Method != "DELETE":
		return fmt.Errorf("the method %.16q is none of GET, HEAD, PUT and DELETE", in.Method)
	case in.Size >= 0 && in.Method != "PUT":
		return errors.New("only a PUT has a size")
	case in.Bucket == "" || strings.Trim(in.Bucket, "abcdefghijklmnopqrstuvwxyz0123456789.-") != "":
		return fmt.Errorf("the bucket %.64q has letters in lower case, digits, dots and hyphens", in.Bucket)
	case in.Key == "" || request.Sound("/"+in.Bucket+"/"+sigv4.EscapePath(in.Key)) == nil:
		return errors.New("the key is empty, or has a dot segment, a backslash or a control character, which the broker does not let through")
	}
	return nil
}

// configured is a provider's table in broker.toml; an empty one where it has none.
func (b *Broker) configured(name string) config.Provider {
	for _, p := range b.Config.Providers {
		if p.Name == name {
			return p
		}
	}
	return config.Provider{}
}

// endpoint is where agents find the provider.
func (b *Broker) endpoint(given, provider string) (*url.URL, error) {
	if given != "" {
		u, err := url.Parse(given)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.RawQuery != "" || u.Fragment != "" {
			return nil, fmt.Errorf("the endpoint %.128q is no URL such as https://broker.example/api/s3", given)
		}
		return u, nil
	}
	if u := b.Config.PublicURL; u != nil {
		return u.JoinPath("api", provider), nil
	}
	for _, l := range b.Config.Listen {
		if text := l.String(); !strings.HasPrefix(text, "unix:") && !strings.HasSuffix(text, ":0") {
			u := &url.URL{Scheme: "http", Host: text, Path: "/api/" + provider}
			if b.Config.TLS.Cert != "" {
				u.Scheme = "https"
			}
			return u, nil
		}
	}
	return nil, errors.New("broker.toml does not say how agents reach the broker: set public_url, or name an --endpoint")
}

// signature4 is SigV4: the key of the day, and the request's digest under it.
func signature4(secret []byte, scope sigv4.Scope, at, canonical string) string {
	key := append([]byte("AWS4"), secret...)
	digest := sha256.Sum256([]byte(canonical))
	toSign := sigv4.Algorithm + "\n" + at + "\n" + scope.String() + "\n" + hex.EncodeToString(digest[:])
	for step := range strings.SplitSeq(scope.String(), "/") {
		next := mac(key, step)
		clear(key)
		key = next
	}
	defer clear(key)
	return hex.EncodeToString(mac(key, toSign))
}

func mac(key []byte, text string) []byte {
	m := hmac.New(sha256.New, key)
	m.Write([]byte(text))
	return m.Sum(nil)
}
