package e2e

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-github/v74/github"
)

func (c *conn) github() *github.Client {
	client := github.NewClient(nil).WithAuthToken(c.token)
	client.BaseURL, _ = url.Parse(c.base + "/")
	client.UploadURL = client.BaseURL
	return client
}

func (c *conn) githubEnterprise() *github.Client {
	client, err := github.NewClient(nil).WithAuthToken(c.token).WithEnterpriseURLs(c.base, c.base)
	if err != nil {
		panic(err) // c.base is a URL
	}
	return client
}

func goGitHub(t *testing.T) goClient { return githubWith(t, "google/go-github", (*conn).github) }

func goGitHubEnterprise(t *testing.T) goClient {
	return githubWith(t, "google/go-github, WithEnterpriseURLs", (*conn).githubEnterprise)
}

func githubWith(t *testing.T, name string, client func(*conn) *github.Client) goClient {
	return goClient{
		name: name, module: "github.com/google/go-github/v74", provider: "github",
		wants: wants{kinds: map[int]string{0: "*github.ErrorResponse"}, upstream: 404},
		call: func(c *conn) error {
			r, _, err := client(c).Repositories.Get(c, "octo", "hello")
			if err == nil {
				err = expect("the name", r.GetFullName(), "octo/hello")
			}
			return err
		},
		pages: func(c *conn) error {
			n := 0
			for o := (&github.IssueListByRepoOptions{ListOptions: github.ListOptions{PerPage: 2}}); ; {
				list, answer, err := client(c).Issues.ListByRepo(c, "octo", "hello", o)
				if err != nil {
					return err
				}
				if n += len(list); answer.NextPage == 0 {
					return expect("the number of issues", n, 5)
				}
				o.ListOptions.Page = answer.NextPage
			}
		},
		upload: func(c *conn) error {
			file := filepath.Join(t.TempDir(), "a.bin")
			if err := os.WriteFile(file, c.content, 0o600); err != nil {
				return err
			}
			f, err := os.Open(file)
			if err != nil {
				return err
			}
			defer f.Close()
			asset, _, err := client(c).Repositories.UploadReleaseAsset(c, "octo", "hello", 1, &github.UploadOptions{Name: "a.bin"}, f)
			if err != nil {
				return err
			}
			sum := sha256.Sum256(c.content)
			return expect("the digest", asset.GetLabel(), hex.EncodeToString(sum[:]))
		},
		download: func(c *conn) error {
			u, _, err := client(c).Repositories.GetArchiveLink(c, "octo", "hello", github.Zipball, &github.RepositoryContentGetOptions{Ref: "main"}, 0)
			if err != nil {
				return err
			}
			answer, err := client(c).Client().Get(u.String())
			if err != nil {
				return err
			}
			defer answer.Body.Close()
			b, err := io.ReadAll(answer.Body)
			if err == nil && !bytes.Contains(b, []byte(`token "SIGNED"`)) {
				err = fmt.Errorf("the download gave %s", b)
			}
			return err
		},
		upstream: func(c *conn) error {
			_, _, err := client(c).Repositories.Get(c, "octo", "missing")
			return err
		},
		writing: func(c *conn) error {
			_, _, err := client(c).Issues.Create(c, "octo", "hello", &github.IssueRequest{Title: github.Ptr("a")})
			return err
		},
		granting: func(c *conn) error {
			_, _, err := client(c).Repositories.CreateKey(c, "octo", "hello", &github.Key{Key: github.Ptr("ssh-ed25519 AAAA"), Title: github.Ptr("a")})
			if err != nil {
				return err
			}
			installation, _, err := client(c).Apps.CreateInstallationToken(c, 1, nil)
			if err != nil {
				return err
			}
			runner, _, err := client(c).Actions.CreateRegistrationToken(c, "octo", "hello")
			if err != nil {
				return err
			}
			jit, _, err := client(c).Actions.GenerateRepoJITConfig(c, "octo", "hello", &github.GenerateJITConfigRequest{Name: "a", RunnerGroupID: 1, Labels: []string{"a"}})
			if err != nil {
				return err
			}
			return errors.Join(masked("the installation's token", installation.GetToken()), masked("the runner's token", runner.GetToken()),
				masked("the runner's configuration", jit.GetEncodedJITConfig()), expect("the runner", jit.GetRunner().GetName(), "a"))
		},
	}
}
