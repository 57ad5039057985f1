package wasm

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"strings"

	"github.com/tetratelabs/wazero/sys"

	"github.com/lessee-run/lessee/abi"
)

// verdict says why a guest's run failed. The order matters: one cause shows in
// several ways, and the first that applies is nearest to it.
func (m *Module) verdict(ctx context.Context, a *attempt, err error) *abi.Error {
	exit, why := (*sys.ExitError)(nil), a.over(ctx)
	switch {
	case a.stopped != nil:
		return a.stopped
	case asError(err) != nil:
		return asError(err)
	case why != nil:
		return why
	case a.exhausted:
		return abi.Errorf(abi.CodeLimitMemory, "the guest asked for more memory than its limit of %d bytes (memory_bytes)", a.limits.MemoryBytes)
	case errors.As(err, &exit):
		return a.exit(exit.ExitCode())
	}
	return a.trap(m.named(err))
}

// asError returns the *abi.Error in err's chain, or nil.
func asError(err error) *abi.Error {
	e := (*abi.Error)(nil)
	errors.As(err, &e)
	return e
}

// causeOf says why ctx ended.
func causeOf(ctx context.Context) *abi.Error {
	cause := context.Cause(ctx)
	switch e := asError(cause); {
	case e != nil:
		return e
	case errors.Is(cause, context.DeadlineExceeded):
		return abi.Errorf(abi.CodeLimitWall, "the attempt's deadline passed")
	}
	return abi.Errorf(abi.CodeInterrupted, "the attempt was interrupted: %v", cause)
}

// exit remembers the code, which is a verdict of its own in the command contract.
func (a *attempt) exit(code uint32) *abi.Error {
	a.exited, a.exitCode = true, code
	e := abi.Errorf(abi.CodeGuestExit, "the program exited with code %d", code)
	return a.withLastWords(e, map[string]any{"exit_code": code})
}

// unnamed is how the engine writes a function of a module without names.
var unnamed = regexp.MustCompile(`\.\$(\d+)\(`)

// named is what the engine says of a trap, with the names that the guest's
// functions had before they were dropped for the engine.
func (m *Module) named(err error) string {
	return unnamed.ReplaceAllStringFunc(err.Error(), func(match string) string {
		index, _ := strconv.ParseUint(unnamed.FindStringSubmatch(match)[1], 10, 32)
		if name := m.names[uint32(index)]; name != "" {
			return "." + demangled(name) + "("
		}
		return match
	})
}

// trap splits what the engine says into the reason and the guest's stack.
func (a *attempt) trap(said string) *abi.Error {
	reason, stack, _ := strings.Cut(clean(said), "\nwasm stack trace:\n")
	e := abi.Errorf(abi.CodeGuestTrap, "the module trapped: %s", strings.TrimPrefix(reason, "wasm error: "))
	return a.withLastWords(e, map[string]any{"stack": stack[:min(len(stack), maxStack)]})
}

// maxStack bounds a stack in an attempt's record, in bytes.
const maxStack = 8 << 10

// withLastWords adds what the guest wrote to stderr before its end.
func (a *attempt) withLastWords(e *abi.Error, detail map[string]any) *abi.Error {
	if words := a.stderr.lastWords(); words != "" {
		e.Message += ": " + words
		detail["stderr"] = clean(string(a.stderr.tail))
	}
	e.Detail, _ = json.Marshal(detail) // strings and numbers always encode
	return e
}
