package conformance

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/author"
	"github.com/lessee-run/lessee/host/internal/wasm"
)

func checkAdmission(_ context.Context, t *trial) (finding, error) {
	if t.refused != nil {
		return fails("no host would run it: %s", t.refused).at(placeIn(t.refused)), nil //nolint:nilerr // the refusal is what was looked for
	}
	return passes("contract %s", t.info.Contract), nil
}

func checkManifest(_ context.Context, t *trial) (finding, error) {
	m := t.info.Manifest
	switch {
	case m == nil:
		return warns("it has no manifest: nobody sees what it wants, and no payload is checked before it runs. lessee plugin build packs one; for a file: lessee plugin pack"), nil
	case m.Name == "" || m.Version == "":
		return warns("its manifest has no name or no version, by which operators tell modules apart. Give both, in plugin.json or the manifest"), nil
	}
	for kind, names := range map[string][]string{"classes": m.Wants.Classes, "commands": m.Wants.Commands, "events": m.Wants.Events} {
		if slices.Contains(names, "") {
			return fails("its manifest wants %s without a name: no class can grant that", kind), nil
		}
	}
	return passes("%s %s", m.Name, m.Version), nil
}

func checkHTTPWant(_ context.Context, t *trial) (finding, error) {
	if t.info.Contract == author.ContractNative {
		return skips("a program imports nothing: what it may reach is its class's to say"), nil
	}
	imports := slices.Contains(t.info.Imports, abi.ImportModule+"."+abi.ImportHTTP)
	m := t.info.Manifest
	switch {
	case m == nil && imports:
		return warns(`it imports http, and without a manifest no operator sees that it wants HTTP: pack one with "wants": {"http": true}`), nil
	case m == nil:
		return skips("it has no manifest"), nil
	case imports && !m.Wants.HTTP:
		return warns(`it imports http, and its manifest does not want it: every request will be refused as http_denied. Set "wants": {"http": true} in plugin.json, or send none`), nil
	case m.Wants.HTTP && !imports:
		return warns(`its manifest wants HTTP, and it imports no http: an operator has to grant hosts for nothing. Take "http" out of wants, or use the SDK's HTTP`), nil
	}
	return passes(""), nil
}

// checkNames wants what a trap needs to speak in the source's terms. Go carries
// its own tables, which no linker flag takes away, and so does JavaScript.
func checkNames(_ context.Context, t *trial) (finding, error) {
	if t.info.Contract == author.ContractNative {
		return skips("a program has its language's own stacks"), nil
	}
	sections := customSections(t.binary)
	switch producers := sections["producers"]; {
	case bytes.Contains(producers, []byte("\x02Go")), bytes.Contains(producers, []byte("\x0aJavaScript")):
		return passes("the language's own tables name functions and lines"), nil
	case hasFunctionNames(sections["name"]):
		return passes(""), nil
	}
	return warns("it has no names of functions: the stack of a trap shows numbers. Keep them when it is built: in C leave out --strip-all, in Rust set strip = \"debuginfo\""), nil
}

// tooLarge is a size that no plugin needs for its code, in bytes.
const tooLarge = 16 << 20

func checkSize(_ context.Context, t *trial) (finding, error) {
	debug := 0
	for name, data := range customSections(t.binary) {
		if strings.HasPrefix(name, ".debug_") {
			debug += len(data)
		}
	}
	switch {
	case debug > len(t.binary)/10:
		return warns("%d of its %d bytes are debug information, which no host reads: strip it (in C -Wl,--strip-debug, in Rust strip = \"debuginfo\")", debug, len(t.binary)), nil
	case len(t.binary) > tooLarge:
		return warns("it has %d bytes: every host compiles all of them before its first job. Leave out what it does not use (a host takes %d)", len(t.binary), wasm.DefaultMaxModuleBytes), nil
	}
	return passes("%d KiB", len(t.binary)>>10), nil
}

func checkStart(_ context.Context, t *trial) (finding, error) {
	cold := t.module.Cold()
	switch {
	case cold == "":
		return passes("it starts with %d KiB of memory", t.info.MemoryBytes>>10), nil
	case t.info.Contract == wasm.ContractCommand:
		hint := "Export the functions of the core contract, if its start is dear"
		if bytes.Contains(customSections(t.binary)["producers"], []byte("\x02Go")) {
			hint = "If it was meant as a core module, -buildmode=c-shared was forgotten"
		}
		return warns("every job starts it anew: %s. %s", cold, hint), nil
	}
	return warns("every job starts it anew, because its state can't be kept: %s. %s", cold, coldRemedy(cold)), nil
}

func coldRemedy(cold string) string {
	if strings.Contains(cold, "tables") {
		return "Link it without --export-table and --growable-table, and don't change tables while it runs"
	}
	return fmt.Sprintf("Leave that out where the language allows; only memory and plain globals can be kept (see Cold in %s)", "docs/sandbox.md")
}
