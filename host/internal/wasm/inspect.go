package wasm

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/lessee-run/lessee/abi"
)

// The contracts a module can have with the host.
const (
	ContractCore    = "core"
	ContractCommand = "command"
)

const (
	wasiModule = "wasi_snapshot_preview1"
	buildCore  = "GOOS=wasip1 GOARCH=wasm go build -buildmode=c-shared"
)

// Info is what a module says of itself.
type Info struct {
	Digest      string        // hex sha256 of the bytes
	Size        int64         // bytes
	Contract    string        // ContractCore or ContractCommand
	Imports     []string      // "module.name", sorted
	Exports     []string      // sorted
	MemoryBytes int64         // linear memory it starts with
	Manifest    *abi.Manifest // nil: it has none
}

// Inspect reads a module without running any of it. Its error says why this
// host would refuse the module, and what to do.
func Inspect(binary []byte) (Info, error) {
	o, info, err := parse(binary)
	if err != nil {
		return Info{}, err
	}
	if info.Manifest, err = o.manifest(); err != nil {
		return Info{}, err
	}
	return info, nil
}

// parse is Inspect without the manifest.
func parse(binary []byte) (*outline, Info, error) {
	if err := checkHeader(binary); err != nil {
		return nil, Info{}, err
	}
	o, err := readOutline(binary)
	if err != nil {
		return nil, Info{}, fmt.Errorf("the module is damaged: %w", err)
	}
	if err := o.checkImports(); err != nil {
		return nil, Info{}, err
	}
	contract, err := o.contract()
	if err != nil {
		return nil, Info{}, err
	}
	return o, Info{
		Digest:      digestOf(binary),
		Size:        int64(len(binary)),
		Contract:    contract,
		Imports:     names(o.imports),
		Exports:     names(o.exports),
		MemoryBytes: int64(o.memoryMin),
	}, nil
}

func digestOf(binary []byte) string {
	sum := sha256.Sum256(binary)
	return hex.EncodeToString(sum[:])
}

func checkHeader(binary []byte) error {
	switch {
	case len(binary) < headerBytes || !bytes.HasPrefix(binary, []byte("\x00asm")):
		return fmt.Errorf("this is no WebAssembly: it starts with % x, not with 00 61 73 6d. Build a module: %s", binary[:min(len(binary), 4)], buildCore)
	case binary[6] != 0 || binary[7] != 0: // the layer: 0 module, 1 component
		return fmt.Errorf("this is a component (WASI 0.2 or later), and the host runs core modules only. Build for preview 1: %s, or cargo build --target wasm32-wasip1", buildCore)
	case binary[4] != 1 || binary[5] != 0:
		return fmt.Errorf("this is WebAssembly of binary version %d, and the host runs version 1", int(binary[4])|int(binary[5])<<8)
	}
	return nil
}

func (o *outline) checkImports() error {
	for _, s := range o.imports {
		switch {
		case s.kind != kindFunc:
			return fmt.Errorf("it imports the %s %s.%s: only functions are provided", kindName(s.kind), s.module, s.name)
		case s.module == wasiModule: // linking checks name and type
		case s.module != abi.ImportModule:
			return fmt.Errorf("it imports %s.%s: only functions of %s and %s are provided", s.module, s.name, wasiModule, abi.ImportModule)
		default:
			if err := checkHostFunction(s); err != nil {
				return err
			}
		}
	}
	return nil
}

func checkHostFunction(s symbol) error {
	f, ok := hostFunctions()[s.name]
	if !ok {
		return fmt.Errorf("it imports %s.%s, which this host does not have: build it with the SDK of the host's release", s.module, s.name)
	}
	if s.sig != f.sig {
		return fmt.Errorf("it imports %s.%s as %s, but the function is %s", s.module, s.name, s.sig, f.sig)
	}
	return nil
}

// contract tells which one the exports fit.
func (o *outline) contract() (string, error) {
	if slices.ContainsFunc(o.exports, func(s symbol) bool { return s.name == abi.ExportStart && s.kind == kindFunc }) {
		return ContractCommand, nil
	}
	var missing []string
	for _, want := range coreExports() {
		found, err := o.exportsAs(want)
		if err != nil {
			return "", err
		}
		if !found && !want.optional {
			missing = append(missing, want.name)
		}
	}
	if len(missing) > 0 {
		return "", fmt.Errorf("it does not export %s (nor %s, as a command would): a plugin on the Go SDK builds with %s",
			strings.Join(missing, ", "), abi.ExportStart, buildCore)
	}
	return ContractCore, nil
}

// exportsAs says whether there is such an export. One that differs is an error.
func (o *outline) exportsAs(want expected) (bool, error) {
	i := slices.IndexFunc(o.exports, func(s symbol) bool { return s.name == want.name })
	if i < 0 {
		return false, nil
	}
	if got := o.exports[i]; got.kind != want.kind || got.sig != want.sig {
		return false, fmt.Errorf("it exports %s as %s %s, want %s %s", want.name, kindName(got.kind), got.sig, kindName(want.kind), want.sig)
	}
	return true, nil
}

type expected struct {
	symbol
	optional bool
}

func coreExports() []expected {
	return []expected{
		{symbol{name: abi.ExportMemory, kind: kindMemory}, false},
		{symbol{name: abi.ExportABIVersion, kind: kindFunc, sig: "()->(i32)"}, false},
		{symbol{name: abi.ExportAlloc, kind: kindFunc, sig: "(i32)->(i32)"}, false},
		{symbol{name: abi.ExportExecute, kind: kindFunc, sig: "(i32 i32)->(i64)"}, false},
		{symbol{name: abi.ExportInitialize, kind: kindFunc, sig: "()->()"}, true},
		{symbol{name: abi.ExportInit, kind: kindFunc, sig: "()->()"}, true},
		{symbol{name: abi.ExportReseed, kind: kindFunc, sig: "(i32 i32)->()"}, true},
	}
}

func kindName(kind byte) string {
	switch kind {
	case kindFunc:
		return "function"
	case kindTable:
		return "table"
	case kindMemory:
		return "memory"
	case kindGlobal:
		return "global"
	}
	return fmt.Sprintf("kind %d", kind)
}

func names(symbols []symbol) []string {
	var out []string
	for _, s := range symbols {
		if s.module != "" {
			s.name = s.module + "." + s.name
		}
		out = append(out, s.name)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
