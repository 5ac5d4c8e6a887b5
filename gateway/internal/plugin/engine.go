package plugin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/seksbot/seks-broker/gateway/internal/meter"
)

// Limits that hold a guest, whatever it does.
const (
	memoryPages = 512             // 32 MiB for one instance
	callLimit   = time.Second     // one call, by the clock; a good one takes microseconds
	startLimit  = 5 * time.Second // instantiation, with the guest runtime's own start
	logLimit    = 4 << 10         // bytes of a guest's stderr kept for one instance
)

// MAC authenticates the compile cache, which is native code that would run as
// us: seal.Keeper has one.
type MAC func(data []byte) []byte

// engine compiles modules. One runtime serves all of them: modules share no
// memory and no imports but the inert WASI and the meter, and closing one closes
// no other.
type engine struct {
	runtime  wazero.Runtime
	cache    wazero.CompilationCache
	cacheDir string
	mac      MAC

	callLimit, startLimit time.Duration
	closing               atomic.Bool
	salt                  func(input []byte) []byte // for tests: a later version's fields
}

// newEngine opens an engine with its disk cache in cacheDir ("" for none). What is
// in there is to be checked, with dropForeign, before anything is compiled.
func newEngine(ctx context.Context, cacheDir string, mac MAC) (*engine, error) {
	e := &engine{cacheDir: cacheDir, mac: mac, callLimit: callLimit, startLimit: startLimit}
	config := wazero.NewRuntimeConfigCompiler().
		WithMemoryLimitPages(memoryPages)
	if cacheDir != "" {
		if err := os.MkdirAll(cacheDir, 0o700); err != nil {
			return nil, fmt.Errorf("make the compile cache: %w", err)
		}
		var err error
		if e.cache, err = wazero.NewCompilationCacheWithDir(cacheDir); err != nil {
			return nil, fmt.Errorf("open the compile cache: %w", err)
		}
		config = config.WithCompilationCache(e.cache)
	}
	e.runtime = wazero.NewRuntimeWithConfig(ctx, config)
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, e.runtime); err != nil {
		return nil, fmt.Errorf("prepare the guests' WASI: %w", err)
	}
	_, err := e.runtime.NewHostModuleBuilder(meter.ImportModule).NewFunctionBuilder().
		WithGoFunction(api.GoFunc(e.next), nil, []api.ValueType{i64}).Export(meter.ImportName).Instantiate(ctx)
	if err != nil {
		return nil, fmt.Errorf("prepare the guests' meter: %w", err)
	}
	return e, nil
}

// next is what a guest calls when it has done a slice of work: it gets another
// until its time is up.
func (e *engine) next(ctx context.Context, stack []uint64) {
	w := ctx.Value(watchKey{}).(*watch)
	if e.closing.Load() || time.Now().After(w.until) {
		w.expired = true
		panic(errExpired) // wazero unwinds the guest, and returns it from the call
	}
	stack[0] = meter.Slice
}

func (e *engine) compile(ctx context.Context, module []byte) (wazero.CompiledModule, error) {
	if err := checkHeader(module); err != nil {
		return nil, err
	}
	module, err := meter.Module(module)
	if err != nil {
		return nil, err
	}
	c, err := e.runtime.CompileModule(ctx, module)
	if err != nil {
		return nil, fmt.Errorf("the module does not compile: %w", err)
	}
	if err := checkTypes(c); err != nil {
		_ = c.Close(ctx)
		return nil, err
	}
	return c, nil
}

func (e *engine) close(ctx context.Context) {
	e.closing.Store(true)
	_ = e.runtime.Close(ctx)
	if e.cache != nil {
		_ = e.cache.Close(ctx)
	}
}

// dropForeign removes every cache entry whose MAC isn't ours, so that wazero
// reads nothing that somebody else put there. A removed entry is only compiled
// again.
func (e *engine) dropForeign() error {
	if e.cacheDir == "" {
		return nil
	}
	return e.eachEntry(func(path string) error {
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		tag, err := os.ReadFile(path + ".mac")
		if err == nil && string(tag) == string(e.tag(path, body)) {
			return nil
		}
		return drop(path)
	})
}

func drop(path string) error {
	_ = os.Remove(path + ".mac")
	return os.Remove(path)
}

// dropOld begins the cache anew where it holds far more than the modules that there
// are: the code of former versions, some 8 MB each. Which module an entry is of,
// wazero does not say.
func (e *engine) dropOld(modules int) error {
	if e.cacheDir == "" {
		return nil
	}
	var paths []string
	err := e.eachEntry(func(path string) error {
		paths = append(paths, path)
		return nil
	})
	if len(paths) <= 4*modules+8 {
		return err
	}
	for _, path := range paths {
		err = errors.Join(err, drop(path))
	}
	return err
}

// tag is the MAC of an entry under its own name: one module's code is not
// another's.
func (e *engine) tag(path string, body []byte) []byte {
	return e.mac(append([]byte(filepath.Base(path)+"\x00"), body...))
}

// seal writes the MAC of every entry that has none yet: those that this
// process has compiled since dropForeign.
func (e *engine) seal() error {
	if e.cacheDir == "" {
		return nil
	}
	return e.eachEntry(func(path string) error {
		if _, err := os.Stat(path + ".mac"); err == nil {
			return nil
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(path+".mac", e.tag(path, body), 0o600)
	})
}

func (e *engine) eachEntry(fn func(path string) error) error {
	err := filepath.WalkDir(e.cacheDir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".mac") {
			return err
		}
		return fn(path)
	})
	if err != nil {
		return fmt.Errorf("check the compile cache: %w", err)
	}
	return nil
}
