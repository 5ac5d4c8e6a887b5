package plugin

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/seksbot/seks-broker/gateway/internal/meter"
	"github.com/seksbot/seks-broker/plugin-sdk/abi"
)

const wasi = "wasi_snapshot_preview1"

// allowedImports are the WASI calls that a Go guest needs. All are inert: a
// fake clock, a fixed random source, no files, no environment, a capped log.
var allowedImports = map[string]bool{
	"sched_yield": true, "proc_exit": true, "args_get": true, "args_sizes_get": true,
	"environ_get": true, "environ_sizes_get": true, "clock_time_get": true,
	"fd_write": true, "random_get": true, "poll_oneoff": true,
}

type signature struct {
	params, results []api.ValueType
	optional        bool
}

var (
	i32, i64 = api.ValueTypeI32, api.ValueTypeI64
	// exports are the signatures of ABI v1, as ABI.md has them.
	exports = map[string]signature{
		abi.ExportBuffer:       {params: []api.ValueType{i32}, results: []api.ValueType{i32}},
		abi.ExportManifest:     {results: []api.ValueType{i64}},
		abi.ExportPlan:         {params: []api.ValueType{i32}, results: []api.ValueType{i64}},
		abi.ExportScrub:        {params: []api.ValueType{i32}, results: []api.ValueType{i64}},
		abi.ExportConfigure:    {params: []api.ValueType{i32}, results: []api.ValueType{i64}, optional: true},
		abi.ExportRequestBody:  {params: []api.ValueType{i32, i32}, results: []api.ValueType{i64}, optional: true},
		abi.ExportResponseBody: {params: []api.ValueType{i32, i32}, results: []api.ValueType{i64}, optional: true},
	}
)

// Digest is how a module is trusted: the hex SHA-256 of its bytes.
func Digest(module []byte) string {
	sum := sha256.Sum256(module)
	return hex.EncodeToString(sum[:])
}

// MaxModule bounds the size of a module in bytes.
const MaxModule = 32 << 20

func tooLarge(size int64) error {
	return fmt.Errorf("the module has %d bytes; at most %d are allowed", size, MaxModule)
}

// checkHeader refuses what is no WebAssembly module.
func checkHeader(module []byte) error {
	if len(module) > MaxModule {
		return tooLarge(int64(len(module)))
	}
	if len(module) < 8 || string(module[:4]) != "\x00asm" {
		return errors.New("this is not a WebAssembly module (it does not begin with \\0asm): build it with GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared")
	}
	if binary.LittleEndian.Uint32(module[4:]) != 1 {
		return errors.New("this is not a core WebAssembly 1.0 module (a component?): build a plain module")
	}
	return nil
}

// checkTypes refuses a compiled module whose imports or exports aren't those of
// the contract. No guest code has run by then.
func checkTypes(c wazero.CompiledModule) error {
	return errors.Join(about(PartImports, checkImports(c)), about(PartExports, checkExports(c)))
}

func checkImports(c wazero.CompiledModule) error {
	var errs []error
	for _, f := range c.ImportedFunctions() {
		module, name, _ := f.Import()
		if module == meter.ImportModule { // put in by us: no module may bring one
			continue
		}
		if module != wasi || !allowedImports[name] {
			errs = append(errs, fmt.Errorf("imports %s.%s, which no plugin gets: a plugin only maps its input to its output", module, name))
		}
	}
	if len(c.ImportedMemories()) > 0 {
		errs = append(errs, errors.New("imports a memory: export one named \"memory\" instead"))
	}
	return errors.Join(errs...)
}

func checkExports(c wazero.CompiledModule) error {
	var errs []error
	if c.ExportedMemories()["memory"] == nil {
		errs = append(errs, errors.New("exports no memory named \"memory\""))
	}
	have := c.ExportedFunctions()
	for name, want := range exports {
		f := have[name]
		switch {
		case f == nil && !want.optional:
			errs = append(errs, fmt.Errorf("does not export %s", name))
		case f != nil && (!slices.Equal(f.ParamTypes(), want.params) || !slices.Equal(f.ResultTypes(), want.results)):
			errs = append(errs, fmt.Errorf("exports %s as %s; it must be %s", name,
				text(f.ParamTypes(), f.ResultTypes()), text(want.params, want.results)))
		}
	}
	for name := range have {
		if _, known := exports[name]; strings.HasPrefix(name, "seks_") && !known {
			errs = append(errs, fmt.Errorf("exports %s, which this version of seks does not know: it speaks seks_v1", name))
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

func text(params, results []api.ValueType) string {
	names := func(ts []api.ValueType) string {
		var s []string
		for _, t := range ts {
			s = append(s, api.ValueTypeName(t))
		}
		return strings.Join(s, ", ")
	}
	return "(" + names(params) + ") → (" + names(results) + ")"
}
