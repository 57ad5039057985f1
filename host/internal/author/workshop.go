package author

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/lessee-run/lessee/host/internal/egress"
	"github.com/lessee-run/lessee/host/internal/wasm"
	"github.com/lessee-run/lessee/registry"
)

// Workshop is the engine of a host and its way to the network, without the host.
type Workshop struct {
	engine  *wasm.Engine
	network *egress.Network
}

// OpenWorkshop starts an engine. cacheDir keeps compiled code, and may be that
// of a host; empty: none is kept.
func OpenWorkshop(ctx context.Context, cacheDir string) (*Workshop, error) {
	engine, err := wasm.New(ctx, wasm.Config{CacheDir: cacheDir})
	if err != nil {
		return nil, fmt.Errorf("start the WASM engine: %w", err)
	}
	return &Workshop{engine, egress.NewNetwork(os.LookupEnv)}, nil
}

// Close frees the engine. All modules must be closed.
func (w *Workshop) Close(ctx context.Context) error { return w.engine.Close(ctx) }

// Module is an admitted module, ready to run.
type Module struct {
	*wasm.Module
	Info   wasm.Info
	Stages []registry.Stage // of its admission
	Took   time.Duration    // all of it

	network *egress.Network
}

// Load admits a module as a host does.
func (w *Workshop) Load(ctx context.Context, binary []byte) (*Module, error) {
	began := time.Now()
	info, err := wasm.Inspect(binary)
	if err != nil {
		return nil, err
	}
	m := &Module{Info: info, network: w.network}
	m.Module, err = w.engine.Load(ctx, info.Digest, binary, m.observe)
	m.Took = time.Since(began)
	return m, err
}

// Bind says where the values of credentials are, and where they may be sent, for
// all modules of the workshop.
func (m *Module) Bind(bindings []registry.SecretBinding) { m.network.Bind(bindings) }

// observe keeps what became of each stage.
func (m *Module) observe(stage registry.Stage) {
	if stage.State != registry.StageRunning {
		m.Stages = append(m.Stages, stage)
	}
}
