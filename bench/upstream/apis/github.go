package apis

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// issues is how many issues every repository has.
const issues = 5

// GitHub is api.github.com and uploads.github.com in one; uploads is the URL that
// it gives the latter, elsewhere that of signed downloads:
//
//	GET  /user, /repos/{owner}/{repo}; the repository "missing" is a 404, "old" has moved, "limited" is over its rate
//	GET  /repos/{owner}/{repo}/issues     5 of them; Link names /repositories/7/issues
//	POST /repos/{owner}/{repo}/issues, /repos/{owner}/{repo}/keys
//	GET  /repos/{owner}/{repo}/releases/tags/{tag}
//	POST /repos/{owner}/{repo}/releases/1/assets   the digest of what came
//	GET  /repos/{owner}/{repo}/zipball/{ref}       a redirect to elsewhere
//	POST /app/installations/{id}/access_tokens     a token, "ghs_born…"
//	POST /repos/{owner}/{repo}/actions/runners/registration-token, remove-token, generate-jitconfig
//	POST, GET /graphql
func GitHub(key, elsewhere, uploads string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /user", func(w http.ResponseWriter, r *http.Request) { answer(w, 200, user(r, "octo")) })
	mux.HandleFunc("GET /repos/{owner}/{repo}", repository)
	mux.HandleFunc("GET /repositories/7", func(w http.ResponseWriter, r *http.Request) { answer(w, 200, repo(r, "octo", "hello")) })
	mux.HandleFunc("GET /repos/{owner}/{repo}/issues", listIssues)
	mux.HandleFunc("GET /repositories/7/issues", listIssues)
	mux.HandleFunc("POST /repos/{owner}/{repo}/issues", func(w http.ResponseWriter, r *http.Request) {
		i := issue(r, issues+1)
		i["title"] = read(r)["title"]
		answer(w, 201, i)
	})
	mux.HandleFunc("POST /repos/{owner}/{repo}/keys", func(w http.ResponseWriter, r *http.Request) {
		answer(w, 201, object{"id": 1, "key": read(r)["key"], "title": "a key", "read_only": true, "verified": true})
	})
	mux.HandleFunc("GET /repos/{owner}/{repo}/releases/tags/{tag}", release(uploads))
	mux.HandleFunc("GET /repos/{owner}/{repo}/releases/1", release(uploads))
	mux.HandleFunc("POST /repos/{owner}/{repo}/releases/1/assets", asset)
	mux.HandleFunc("GET /repos/{owner}/{repo}/zipball/{ref}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", elsewhere+"/octo/legacy.zip/refs/heads/main?token=SIGNED")
		w.WriteHeader(http.StatusFound)
	})
	mux.HandleFunc("POST /app/installations/{id}/access_tokens", func(w http.ResponseWriter, r *http.Request) {
		answer(w, 201, object{"token": BornToken, "expires_at": "2030-01-01T00:00:00Z", "permissions": object{"contents": "read"}})
	})
	mux.HandleFunc("POST /repos/{owner}/{repo}/actions/runners/{call}", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("call") == "generate-jitconfig" {
			answer(w, 201, object{"runner": object{"id": 1, "name": read(r)["name"], "os": "linux"}, "encoded_jit_config": BornToken})
			return
		}
		answer(w, 201, object{"token": BornToken, "expires_at": "2030-01-01T00:00:00Z"})
	})
	mux.HandleFunc("/graphql", graphQL)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { githubError(w, 404, "Not Found") })
	return keyed("Bearer "+key, header("Authorization"), func(w http.ResponseWriter, _ *http.Request) { githubError(w, 401, "Bad credentials") }, mux)
}

// BornToken is the installation token that the double of GitHub mints.
const BornToken = "ghs_born0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

func githubError(w http.ResponseWriter, status int, message string) {
	answer(w, status, object{"message": message, "documentation_url": "https://docs.github.com/rest", "status": fmt.Sprint(status)})
}

func user(r *http.Request, login string) object {
	return object{"login": login, "id": 1, "type": "User", "url": self(r, "/users/%s", login), "repos_url": self(r, "/users/%s/repos", login)}
}

func repo(r *http.Request, owner, name string) object {
	u := self(r, "/repos/%s/%s", owner, name)
	return object{"id": 7, "name": name, "full_name": owner + "/" + name, "private": true, "owner": user(r, owner), "url": u,
		"issues_url": u + "/issues{/number}", "releases_url": u + "/releases{/id}", "html_url": "https://github.com/" + owner + "/" + name}
}

func repository(w http.ResponseWriter, r *http.Request) {
	switch r.PathValue("repo") {
	case "missing":
		githubError(w, 404, "Not Found")
	case "old":
		w.Header().Set("Location", self(r, "/repositories/7"))
		githubError(w, 301, "Moved Permanently")
	case "limited":
		w.Header().Set("X-RateLimit-Limit", "60")
		w.Header().Set("X-RateLimit-Remaining", "0")
		w.Header().Set("X-RateLimit-Reset", "4102444800")
		githubError(w, 403, "API rate limit exceeded")
	default:
		w.Header().Set("Set-Cookie", "_octo=1; Path=/")
		w.Header().Set("X-OAuth-Scopes", "repo")
		answer(w, 200, repo(r, r.PathValue("owner"), r.PathValue("repo")))
	}
}

func issue(r *http.Request, n int) object {
	return object{"id": 100 + n, "number": n, "title": fmt.Sprint("issue ", n), "state": "open", "user": user(r, "octo"), "url": self(r, "/repos/octo/hello/issues/%d", n)}
}

// listIssues answers as GitHub does: the pages that follow are named by the
// repository's number, wherever the first was asked for.
func listIssues(w http.ResponseWriter, r *http.Request) {
	page, per := number(r, "page", 1), number(r, "per_page", 30)
	list := []object{}
	for n := (page-1)*per + 1; n <= min(page*per, issues); n++ {
		list = append(list, issue(r, n))
	}
	if last := (issues + per - 1) / per; page < last {
		w.Header().Set("Link", fmt.Sprintf(`<%s>; rel="next", <%s>; rel="last"`,
			self(r, "/repositories/7/issues?per_page=%d&page=%d", per, page+1), self(r, "/repositories/7/issues?per_page=%d&page=%d", per, last)))
	}
	answer(w, 200, list)
}

// release names the uploads host for its assets.
func release(uploads string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer(w, 200, object{"id": 1, "tag_name": "v1", "name": "v1", "draft": false, "assets": []object{}, "url": self(r, "/repos/octo/hello/releases/1"),
			"html_url": "https://github.com/octo/hello/releases/v1", "upload_url": uploads + "/repos/octo/hello/releases/1/assets{?name,label}"})
	}
}

func asset(w http.ResponseWriter, r *http.Request) {
	h := sha256.New()
	n, err := io.Copy(h, r.Body)
	if err != nil {
		githubError(w, 400, "the upload was cut short")
		return
	}
	answer(w, 201, object{"id": 9, "name": r.URL.Query().Get("name"), "size": n, "state": "uploaded", "content_type": r.Header.Get("Content-Type"),
		"label": hex.EncodeToString(h.Sum(nil)), "url": self(r, "/repos/octo/hello/releases/assets/9")})
}

func graphQL(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query().Get("query")
	if r.Method == http.MethodPost {
		query, _ = read(r)["query"].(string)
	}
	switch {
	case query == "":
		githubError(w, 400, "A query attribute must be specified and must be a string.")
	case strings.Contains(query, "nobody"):
		answer(w, 200, object{"data": nil, "errors": []object{{"type": "NOT_FOUND", "message": "Could not resolve to a User with the login of 'nobody'."}}})
	case strings.Contains(query, "release(tagName"): // gh asks for a draft; there is none
		answer(w, 200, object{"data": object{"repository": object{"release": nil}}})
	case strings.Contains(query, "addStar"):
		answer(w, 200, object{"data": object{"addStar": object{"clientMutationId": "1"}}})
	default:
		answer(w, 200, object{"data": object{"viewer": object{"login": "octo"}}})
	}
}
