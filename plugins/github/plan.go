package main

import (
	"strings"

	seks "github.com/seksbot/seks-broker/plugin-sdk"
)

// plan sends a request where GitHub takes it. A client that was made for GitHub
// Enterprise Server puts /api/v3, /api/uploads or goes to /api/graphql; where
// the upstream is such a server (its base path is /api/v3), so does the plan.
func plan(v *seks.View) *seks.Plan {
	p := seks.Bearer("token").Inspect()
	path, uploads := canonical(v.Method, v.Path)
	if path == "/graphql" {
		p = graphQL(p, v)
	}
	enterprise := strings.HasSuffix(v.UpstreamBase, "/api/v3")
	api := strings.TrimSuffix(v.UpstreamBase, "/v3")
	switch {
	case uploads:
		p.To("uploads")
		if path != v.Path && enterprise {
			p.SetPath(api + "/uploads" + path)
		} else if path != v.Path {
			p.SetPath(path)
		}
	case enterprise && path == "/graphql":
		p.SetPath(api + "/graphql")
	case path != v.Path:
		p.SetPath(v.UpstreamBase + path)
	}
	return p
}

// canonical is the path as GitHub's documents have it, and whether it is one of
// the uploads host. A slash at the end means nothing to GitHub, and must mean
// nothing to a rule.
func canonical(method, path string) (p string, uploads bool) {
	p = path
	if rest, ok := below(p, "/api/v3"); ok {
		p = rest
	} else if rest, ok := below(p, "/api/uploads"); ok {
		p, uploads = rest, true
	} else if p == "/api/graphql" {
		p = "/graphql"
	}
	if len(p) > 1 {
		p = "/" + strings.Trim(p, "/")
	}
	return p, uploads || method == "POST" && isAssets(p)
}

// below is what follows prefix in path, "/" for nothing.
func below(path, prefix string) (rest string, ok bool) {
	rest, ok = strings.CutPrefix(path, prefix)
	if rest == "" {
		return "/", ok
	}
	return rest, ok && rest[0] == '/'
}

// isAssets: /repos/O/R/releases/ID/assets, or /repositories/N/releases/ID/assets.
func isAssets(path string) bool {
	parts := strings.Split(path, "/")
	switch {
	case len(parts) == 7 && parts[1] == "repos":
		parts = parts[4:]
	case len(parts) == 6 && parts[1] == "repositories":
		parts = parts[3:]
	default:
		return false
	}
	return parts[0] == "releases" && parts[2] == "assets"
}

// scrub makes the links that name GitHub's API name the broker: the pages that
// follow (Link), where a repository has moved to (Location), and the members that
// clients follow: PyGithub all of them, gh and octokit "upload_url". A Location
// elsewhere is a signed download; it passes as it is. What is born in an answer is
// masked.
func scrub(a *seks.AnswerHead) *seks.ScrubPlan {
	s := births.Scrub(a)
	if s == nil {
		s = new(seks.ScrubPlan)
	}
	seks.ToBroker(s, a, "link", "location")
	if !raw(a.Headers) {
		s.Links = []string{"url", "*_url", "href"}
	}
	return s
}

// raw says that the answer is a file of a repository, which must pass as it is.
func raw(headers []seks.Header) bool {
	for _, h := range headers {
		if strings.EqualFold(h.Name, "content-type") {
			return strings.Contains(h.Value, "raw")
		}
	}
	return false
}
