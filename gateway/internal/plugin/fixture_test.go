package plugin

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/seksbot/seks-broker/gateway/internal/fault"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

const guests = "../../../plugin-sdk/testdata/guests/"

// guest reads a module: one of the SDK's, or one of this room's testdata.
func guest(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name + ".wasm")
	if err != nil {
		b, err = os.ReadFile(guests + name + ".wasm")
	}
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// testEngine has no cache. It is closed when the test ends.
func testEngine(t testing.TB) *engine {
	t.Helper()
	e, err := newEngine(context.Background(), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.close(context.Background()) })
	return e
}

// loaded is a plugin that stays until the test ends.
func loaded(t testing.TB, e *engine, module []byte) *Plugin {
	t.Helper()
	p, err := e.load(context.Background(), module, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { runtime.KeepAlive(p) })
	return p
}

// patient lets a guest that copies its memory thirty times do so under the race
// detector too.
func patient(e *engine) *engine {
	e.callLimit = time.Minute
	return e
}

// view is a request that differs from every other one, so that no plan of
// another is taken for it.
func view(method string) *abi.View {
	views.Lock()
	defer views.Unlock()
	views.n++
	return &abi.View{Method: method, Path: "/v1/models", Query: "n=" + strconv.Itoa(views.n)}
}

var views struct {
	sync.Mutex
	n int
}

// within fails the test where fn takes longer than a broken guest may cost.
func within(t *testing.T, what string, limit time.Duration, fn func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		fn()
	}()
	select {
	case <-done:
	case <-time.After(limit):
		t.Fatalf("%s does not come to an end", what)
	}
}

// failed asserts the one fault that a guest can cause, and gives the reason that
// the operator reads.
func failed(t *testing.T, err error, name string) string {
	t.Helper()
	if err == nil {
		t.Errorf("%s: nothing failed", name)
		return ""
	}
	f := fault.From(err)
	if f.Code != fault.PluginFailed || !strings.Contains(f.Message, `"`+name+`"`) || f.Cause() == nil || strings.Contains(f.Message, "it ") {
		t.Errorf("%s: %v; the agent is told %q", name, err, f.Message)
		return ""
	}
	return f.Cause().Error()
}

// built are the Go guests, each built once for all tests.
var built struct {
	sync.Mutex
	dir string
}

// openai is the module of a built-in plugin.
func openai(t testing.TB) []byte { return goPlugin(t, "openai") }

// goPlugin is the module of a built-in plugin, built as `make plugins` does.
func goPlugin(t testing.TB, name string) []byte {
	t.Helper()
	built.Lock()
	defer built.Unlock()
	path := filepath.Join(built.dir, name+".wasm")
	if b, err := os.ReadFile(path); err == nil {
		return b
	}
	c := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -buildid=", "-o", path, "./plugins/"+name)
	c.Dir, c.Env = "../../..", append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=")
	if text, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestMain(m *testing.M) {
	var err error
	if built.dir, err = os.MkdirTemp("", "seks-guests-"); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(built.dir)
	os.Exit(code)
}
