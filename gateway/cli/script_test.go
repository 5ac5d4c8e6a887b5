package cli

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/seksbot/seks-broker/gateway/internal/admin"
	"github.com/seksbot/seks-broker/gateway/internal/ops"
	"github.com/seksbot/seks-broker/gateway/internal/plugin"
)

var update = flag.Bool("update", false, "write what the commands print into the scripts")

// builtins is the variable by which a test's seks learns the digests that the
// build stamps into the real one.
const builtins = "SEKS_TEST_BUILTINS"

// TestMain makes this binary two: the tests, and the seks that they run.
func TestMain(m *testing.M) {
	testscript.Main(withPlugin{m}, map[string]func(){"seks": func() {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT)
		defer stop()
		b := ops.Build{Version: "v0.0.0-test", Builtins: strings.Split(os.Getenv(builtins), ",")}
		os.Exit(Run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr, b))
	}})
}

// withPlugin builds the openai plugin before the tests run.
type withPlugin struct{ m *testing.M }

var openai, guests, repository string // paths

func (w withPlugin) Run() int {
	status, err := w.run()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return status
}

func (w withPlugin) run() (int, error) {
	dir, err := os.MkdirTemp("", "seks-cli")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	openai = filepath.Join(dir, "openai.wasm")
	build := exec.Command("go", "build", "-buildmode=c-shared", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w -buildid=", "-o", openai, "../../plugins/openai")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("build the openai plugin: %w\n%s", err, out)
	}
	if repository, err = filepath.Abs("../.."); err != nil {
		return 0, err
	}
	guests = filepath.Join(repository, "plugin-sdk/testdata/guests")
	return w.m.Run(), nil
}

func TestScripts(t *testing.T) {
	var digests []string
	for _, file := range []string{openai, filepath.Join(guests, "ok.wasm")} {
		module, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		digests = append(digests, plugin.Digest(module))
	}
	cache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv(builtins, strings.Join(digests, ","))
			e.Setenv("OPENAI_WASM", openai)
			e.Setenv("OK_DIGEST", digests[1])
			e.Setenv("GUESTS", guests)
			e.Setenv("REPOSITORY", repository)
			e.Setenv("TZ", "UTC")
			e.Setenv("GOCACHE", strings.TrimSpace(string(cache))) // for what builds a plugin
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"mode": mode, "jsonkeys": jsonKeys, "jsonenv": jsonEnv, "awaitbroker": awaitBroker, "status": status, "unescape": unescape,
		},
	})
}

// mode PERM FILE…
func mode(ts *testscript.TestScript, _ bool, args []string) {
	for _, file := range args[1:] {
		fi, err := os.Stat(ts.MkAbs(file))
		ts.Check(err)
		if got := fmt.Sprintf("%04o", fi.Mode().Perm()); got != args[0] {
			ts.Fatalf("%s has mode %s", file, got)
		}
	}
}

// status N COMMAND… runs a command that must end with that exit status.
func status(ts *testscript.TestScript, _ bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	got := 0
	if exit, ok := err.(*exec.ExitError); ok {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if fmt.Sprint(got) != args[0] {
		ts.Fatalf("exit status %d", got)
	}
}

// jsonkeys KEY…: standard output is one JSON object, with these keys and no others.
func jsonKeys(ts *testscript.TestScript, _ bool, args []string) {
	object := object(ts)
	slices.Sort(args)
	if keys := slices.Sorted(maps.Keys(object)); !slices.Equal(keys, args) {
		ts.Fatalf("the keys are %q", keys)
	}
}

// jsonenv VARIABLE KEY keeps one value of the JSON object on standard output.
func jsonEnv(ts *testscript.TestScript, _ bool, args []string) {
	value, ok := object(ts)[args[1]].(string)
	if !ok {
		ts.Fatalf("%s is no string", args[1])
	}
	ts.Setenv(args[0], value)
}

func object(ts *testscript.TestScript) map[string]any {
	var object map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &object))
	return object
}

// awaitbroker SOCKET waits until a broker answers there.
func awaitBroker(ts *testscript.TestScript, _ bool, args []string) {
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
		_, err := admin.Dial(ts.MkAbs(args[0]))
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("no broker after a minute: %v", err)
		}
	}
}

// unescape FILE… writes \xNN in them as the byte that it means: scripts are text.
func unescape(ts *testscript.TestScript, _ bool, args []string) {
	for _, file := range args {
		text := ts.ReadFile(file)
		for i := 0; i < 256; i++ {
			text = strings.ReplaceAll(text, fmt.Sprintf(`\x%02x`, i), string([]byte{byte(i)}))
		}
		ts.Check(os.WriteFile(ts.MkAbs(file), []byte(text), 0o600))
	}
}
