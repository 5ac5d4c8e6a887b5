package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http/httputil"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/bench/upstream"
	"github.com/seksbot/seks-broker/e2e/harness"
)

// example is one of examples/plugins.
type example struct {
	name   string
	fields map[string]string
	make   bool // else the module lies there, built
	slot   string
}

var examples = []example{
	{name: "acme", fields: map[string]string{"api_key": "stand-in-0123456789"}, make: true, slot: "Authorization: Bearer "},
	{name: "signed", fields: map[string]string{"key_id": "key-1", "secret": "stand-in-0123456789"}, make: true, slot: "X-Key-Id: "},
	{name: "sealed", fields: map[string]string{"api_key": "stand-in-0123456789", "seal_key": "seal-0123456789abcdef"}, make: true, slot: "Authorization: Bearer "},
	{name: "scripted", fields: map[string]string{"api_key": "stand-in-0123456789", "account": "17"}, slot: "X-Api-Key: "},
	{name: "smallest", fields: map[string]string{"api_key": "stand-in-0123456789"}, slot: "X-Api-Key: "},
}

// An example builds, keeps to the contract, and serves; and the request that
// `seks plugin eval` prints is what the API gets through the running broker.
func TestExamples(t *testing.T) {
	double := upstream.New(upstream.Options{Key: newKey()})
	api, err := double.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = double.Close() })
	var names []string
	for _, x := range examples {
		names = append(names, x.name)
	}
	r := newRig(t, upstream.Options{}, harness.Options{Plugins: pluginsDir(t), Extra: tables(api, names...)})
	for _, x := range examples {
		t.Run(x.name, func(t *testing.T) {
			r.t = t
			module := x.build(t)
			keepsToTheContract(t, r.Broker, module)
			r.must("", "plugin", "trust", "--yes", "--install", module)
			var lines strings.Builder
			for name, value := range x.fields {
				fmt.Fprintf(&lines, "%s=%s\n", name, value)
			}
			r.must(lines.String(), "credential", "set", x.name, "--provider", x.name)
			_, token := r.issueFor(x.name, "agent-"+x.name)
			for _, file := range x.requests(t) {
				t.Run(filepath.Base(file), func(t *testing.T) {
					r.t = t
					x.sentIsPrinted(r, double, module, file, token)
				})
			}
		})
	}
	r.t = t
}

// build gives the example's module. make needs no network.
func (x example) build(t *testing.T) string {
	t.Helper()
	dir := filepath.Join("../examples/plugins", x.name)
	if x.make {
		c := exec.Command("make", "-C", dir)
		c.Env = append(os.Environ(), "GOPROXY=off")
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("make: %v\n%s", err, out)
		}
	}
	module, err := filepath.Abs(filepath.Join(dir, x.name+".wasm"))
	if err != nil {
		t.Fatal(err)
	}
	return module
}

// requests are the example's own, or one made up.
func (x example) requests(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../examples/plugins", x.name, "testdata", "*.http"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		file := filepath.Join(t.TempDir(), "made-up.http")
		text := "GET /api/" + x.name + "/v1/models?a=%2f&b HTTP/1.1\nHost: broker\n" + x.slot + "seks_x_token\nX-Twice: 1\nx-twice: 2\n\n"
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

var (
	placeholder = regexp.MustCompile(`seks_[a-z]+_token`)
	hostLine    = regexp.MustCompile(`(?m)^Host: .*$`)
)

// sentIsPrinted sends the request in a file through the broker, and has eval
// print what the API should have got, at the time when it did.
func (x example) sentIsPrinted(r *rig, double *upstream.Server, module, file, token string) {
	raw, err := os.ReadFile(file)
	if err != nil {
		r.t.Fatal(err)
	}
	head, body, _ := strings.Cut(placeholder.ReplaceAllString(string(raw), token), "\n\n")
	before, from := len(double.Requests()), time.Now()
	length := ""
	if body != "" && !strings.Contains(head, "\nContent-Length: ") {
		length = "\r\nContent-Length: " + strconv.Itoa(len(body))
	}
	a := r.exchange(strings.ReplaceAll(head, "\n", "\r\n") + "\r\nConnection: close" + length + "\r\n\r\n" + body)
	seen, until := double.Requests(), time.Now()
	if len(seen) != before+1 {
		r.t.Fatalf("the API got %d requests: %d %s", len(seen)-before, a.Status, a.Body)
	}
	// The plan was made in one of the seconds that the exchange took.
	var printed string
	for at := from; !at.After(until.Add(time.Second)); at = at.Add(time.Second) {
		printed = x.eval(r, module, file, at)
		if onWire(double, seen[before], printed) {
			if again := x.eval(r, module, file, at); again != printed {
				r.t.Errorf("eval prints\n%s\nand then\n%s", printed, again)
			}
			return
		}
	}
	r.t.Errorf("the API got\n%s%s\neval prints\n%s", seen[before].Head, seen[before].Body, printed)
}

// onWire says whether the double got the very bytes of a request that eval
// printed, but for the host, which is the double's.
func onWire(double *upstream.Server, seen upstream.Seen, printed string) bool {
	head, body, found := strings.Cut(hostLine.ReplaceAllString(printed, "Host: "+seen.Host), "\n\n")
	if !found {
		head = strings.TrimSuffix(head, "\n")
	}
	head = strings.ReplaceAll(head, "\n", "\r\n") + "\r\n\r\n"
	_, sent, found := bytes.Cut(double.RawIn(), []byte(head))
	if !found || head != string(seen.Head) {
		return false
	}
	if !strings.Contains(head, "\r\nTransfer-Encoding: chunked\r\n") {
		return bytes.HasPrefix(sent, []byte(body))
	}
	whole, err := io.ReadAll(httputil.NewChunkedReader(bytes.NewReader(sent)))
	return err == nil && string(whole) == body
}

// eval is the request that `seks plugin eval` prints.
func (x example) eval(r *rig, module, file string, at time.Time) string {
	args := []string{"plugin", "eval", module, "--json", "--request", file, "--time", at.UTC().Format(time.RFC3339)}
	for name, value := range x.fields {
		args = append(args, "--field", name+"="+value)
	}
	var out struct{ Request string }
	if err := json.Unmarshal([]byte(r.must("", args...)), &out); err != nil {
		r.t.Fatal(err)
	}
	return out.Request
}
