package wasm

import (
	"bytes"
	"context"

	"github.com/lessee-run/lessee/abi"
)

// executeCommand runs the command contract: the standard streams and the exit code.
func (m *Module) executeCommand(ctx context.Context, a *attempt, envelope []byte) (abi.Result, error) {
	out := &answer{attempt: a}
	a.stdin, a.stdout = bytes.NewReader(envelope), out
	err := m.within(ctx, a, func(ctx context.Context, i *instance) error {
		_, err := i.call(ctx, abi.ExportStart)
		return err
	})
	a.output = int64(len(out.data))
	switch {
	case a.exited && a.exitCode == abi.ExitRetry:
		return abi.Result{Status: abi.StatusRetry, Error: asError(err)}, nil
	case a.exited && a.exitCode != abi.ExitOK:
		return abi.Result{Status: abi.StatusFail, Error: asError(err)}, nil
	case err != nil && !a.exited:
		return abi.Result{}, err
	case len(out.data) == 0:
		return abi.Result{}, abi.Errorf(abi.CodeResultInvalid, "the program wrote no result to stdout. If it was meant as a core module, build it with %s", buildCore)
	}
	return a.decode(out.data)
}

// answer collects the stdout of a command up to its limit.
type answer struct {
	attempt *attempt
	data    []byte
}

func (w *answer) Write(p []byte) (int, error) {
	if size := int64(len(w.data)) + int64(len(p)); size > w.attempt.limits.OutputBytes {
		w.attempt.stop(w.attempt.tooLong(size))
	}
	w.data = append(w.data, p...)
	return len(p), nil
}
