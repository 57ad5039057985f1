package author

import (
	"context"
	"time"

	"github.com/lessee-run/lessee/host/internal/process"
	"github.com/lessee-run/lessee/host/internal/wasm"
)

// Attach gives the plugin that somebody started as PROGRAM -debug SOCKET, in a
// debugger as a rule. address is the socket, or the line that the plugin printed.
func (w *Workshop) Attach(ctx context.Context, address string) (*Module, error) {
	began := time.Now()
	attached, err := process.Attach(ctx, address, "plugin tools")
	if err != nil {
		return nil, err
	}
	return &Module{
		executor: attached, Info: wasm.Info{Contract: ContractNative, Manifest: attached.Manifest()},
		Took: time.Since(began), network: w.network,
	}, nil
}

// Unhurried lets an attempt take as long as who steps through it.
func (c *Class) Unhurried() { c.Limits.WallMS = (365 * 24 * time.Hour).Milliseconds() }
