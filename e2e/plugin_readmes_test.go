package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What the page of each plugin has to copy, copied: its commands set a credential
// and issue a token, and with that token each client's line reaches the API.
func TestPluginReadmes(t *testing.T) {
	w := theWorld(t)
	var ofNode []nodeLine
	for name, p := range w.providers {
		page := readPage(t, name)
		token := page.issue(t, w, p)
		for _, row := range page.rows {
			at := func(code string) string {
				return page.token.ReplaceAllLiteralString(strings.ReplaceAll(code, "B/api/", w.URL+"/api/"), token)
			}
			switch client := row.client; {
			case client == "curl":
				page.shell(t, w, at(row.code[0]))
			case strings.HasPrefix(client, "gh, over"):
				page.gh(t, w, row.code, at)
			case strings.HasPrefix(client, "gh, by host"): // which needs TLS: TestClients has it
			case strings.Contains(client, "(npm)"), client == "any that reads the environment", strings.HasPrefix(client, "OpenAI's SDKs"):
				ofNode = append(ofNode, row.ofNode(t, name, at)...)
			case strings.Contains(client, "(Python)"), client == "PyGithub":
				python(t, row.code[0])
			case readmeGo[client] != nil:
				row.inSource(t)
				if err := readmeGo[client](t.Context(), w.URL, token); err != nil {
					t.Errorf("%s: %s: %v", name, client, err)
				}
			case strings.HasPrefix(client, "any that sends the Global API Key"): // goCloudflareKey is one
			default:
				t.Errorf("plugins/%s/README.md: nothing here tries the line for %q", name, client)
			}
		}
	}
	if len(ofNode) < 12 {
		t.Fatalf("%d lines for npm's clients were found", len(ofNode))
	}
	runNodeLines(t, ofNode)
	w.clean(t)
}

// page is a plugin's README.
type page struct {
	provider, setup string
	token           *regexp.Regexp // what stands for a token there
	rows            []pageRow
}

// pageRow is a line of the table of clients, with what is code in it.
type pageRow struct {
	client string
	code   []string
}

func readPage(t *testing.T, provider string) *page {
	t.Helper()
	text, err := os.ReadFile("../plugins/" + provider + "/README.md")
	if err != nil {
		t.Fatal(err)
	}
	setup := regexp.MustCompile("(?s)```\n(.*?)```").FindSubmatch(text)
	_, table, ok := bytes.Cut(text, []byte("| client | lines |\n|---|---|\n"))
	if setup == nil || !ok {
		t.Fatalf("plugins/%s/README.md has no commands, or no table of clients", provider)
	}
	p := &page{provider: provider, setup: string(setup[1]), token: regexp.MustCompile(`seks_` + provider + `_…`)}
	code := regexp.MustCompile("`([^`]+)`")
	for line := range strings.Lines(string(table)) {
		client, lines, ok := strings.Cut(strings.TrimPrefix(line, "| "), " | ")
		if !ok {
			break
		}
		r := pageRow{client: client}
		for _, m := range code.FindAllStringSubmatch(lines, -1) {
			r.code = append(r.code, m[1])
		}
		if r.code == nil {
			r.code = []string{""}
		}
		p.rows = append(p.rows, r)
	}
	return p
}

// issue runs the page's first commands, with the real key where the page says to
// paste it, and gives the token that they print.
func (p *page) issue(t *testing.T, w *world, of *provider) string {
	t.Helper()
	out := p.bash(t, w, strings.ReplaceAll(p.setup, "=…", "="+of.key), of.key)
	token := regexp.MustCompile(`seks_` + p.provider + `_\w+`).FindString(out)
	if token == "" {
		t.Fatalf("plugins/%s/README.md: its commands print no token:\n%s", p.provider, out)
	}
	return token
}

func (p *page) shell(t *testing.T, w *world, line string) {
	t.Helper()
	if out := p.bash(t, w, line, ""); !strings.Contains(out, "{") {
		t.Errorf("plugins/%s/README.md: %s prints %q", p.provider, line, out)
	}
}

// gh runs the commands that point it at the broker's socket.
func (p *page) gh(t *testing.T, w *world, code []string, at func(string) string) {
	t.Helper()
	if _, err := exec.LookPath("gh"); err != nil {
		t.Log("gh's lines are not tested: it is not on the PATH")
		return
	}
	line := strings.ReplaceAll(at(code[0])+"\n"+at(code[1]), "/run/seks/agent.sock", w.socket)
	if out := p.bash(t, w, line+"\ngh api repos/octo/hello --jq .full_name", ""); out != "octo/hello\n" {
		t.Errorf("gh over the socket prints %q", out)
	}
}

// bash runs commands where broker.toml is, with a curl that fails where the answer
// is an error.
func (p *page) bash(t *testing.T, w *world, script, stdin string) string {
	t.Helper()
	bin, err := filepath.Abs(build)
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	if err := os.WriteFile(filepath.Join(home, ".curlrc"), []byte("fail-with-body\nsilent\nshow-error\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), "bash", "-ec", script)
	c.Dir, c.Stdin = w.Dir, strings.NewReader(stdin)
	c.Env = []string{"HOME=" + home, "PATH=" + bin + ":" + os.Getenv("PATH"), "no_proxy=*", "GH_NO_UPDATE_NOTIFIER=1"}
	out, err := c.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		t.Fatalf("plugins/%s/README.md: %v\n%s\n%s%s", p.provider, err, script, out, exit.Stderr)
	} else if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// python wants the line to be one of the language: only PyGithub is in a package
// of Debian's, and has its own test.
func python(t *testing.T, code string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), "python3", "-c", "import ast, sys; ast.parse(sys.stdin.read())")
	c.Stdin = strings.NewReader(code)
	if out, err := c.CombinedOutput(); errors.Is(err, exec.ErrNotFound) {
		t.Log("Python's lines are not tested: python3 is not on the PATH")
	} else if err != nil {
		t.Errorf("%s: %v\n%s", code, err, out)
	}
}

// nodeLine is a line that makes a client of npm's, for node/readme.mjs.
type nodeLine struct {
	Suite, Code string
	Env         map[string]string
}

func (r pageRow) ofNode(t *testing.T, provider string, at func(string) string) (lines []nodeLine) {
	t.Helper()
	switch {
	case r.client == "any that reads the environment":
		env := map[string]string{}
		for _, set := range strings.Fields(strings.TrimPrefix(at(r.code[0]), "export ")) {
			name, value, _ := strings.Cut(set, "=")
			env[name] = value
		}
		make := map[string]string{"openai": "new OpenAI()", "anthropic": "new Anthropic()", "gemini": "new GoogleGenAI({})"}[provider]
		for suite, c := range nodeClients {
			if c.provider == provider {
				lines = append(lines, nodeLine{suite, make, env})
			}
		}
	case strings.HasPrefix(r.client, "OpenAI's SDKs"):
		lines = append(lines, nodeLine{"openai, elsewhere", fmt.Sprintf("new OpenAI({ baseURL: '%s', apiKey: '%s' })", at(r.code[0]), at(r.code[1])), nil})
	default:
		names, _, _ := strings.Cut(r.client, " (npm)")
		for suite := range nodeClients {
			if pkg, _, _ := strings.Cut(nodeVersion(t, suite), " "); slices.Contains(strings.Split(names, ", "), pkg) {
				lines = append(lines, nodeLine{suite, at(r.code[0]), nil})
			}
		}
	}
	if len(lines) == 0 {
		t.Errorf("plugins/%s/README.md: no client here is %q", provider, r.client)
	}
	return lines
}

func runNodeLines(t *testing.T, lines []nodeLine) {
	t.Helper()
	node := installNode(t)
	text, err := json.Marshal(lines)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), node, "node/readme.mjs")
	c.Env = []string{"HOME=" + t.TempDir(), "LINES=" + string(text)}
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Errorf("%v: %s", err, stderr.Bytes())
	}
	if good := strings.Count(string(out), "good: "); good != len(lines) {
		t.Errorf("%d of %d lines have served:\n%s", good, len(lines), out)
	}
}
