package author

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/egress"
	"github.com/lessee-run/lessee/host/internal/process"
	"github.com/lessee-run/lessee/host/internal/wasm"
	"github.com/lessee-run/lessee/registry"
)

// Workshop is the engines of a host and its way to the network, without the host.
type Workshop struct {
	engine  *wasm.Engine
	native  *process.Engine // nil: no native module was loaded
	dir     string          // its own
	network *egress.Network
}

// OpenWorkshop starts an engine. cacheDir keeps compiled code, and may be that
// of a host; empty: none is kept.
func OpenWorkshop(ctx context.Context, cacheDir string) (*Workshop, error) {
	engine, err := wasm.New(ctx, wasm.Config{CacheDir: cacheDir})
	if err != nil {
		return nil, fmt.Errorf("start the WASM engine: %w", err)
	}
	return &Workshop{engine: engine, network: egress.NewNetwork(os.LookupEnv)}, nil
}

// Close frees the engines. All modules must be closed.
func (w *Workshop) Close(ctx context.Context) error {
	if w.native != nil {
		w.native.Close()
	}
	err := w.engine.Close(ctx)
	if w.dir != "" {
		err = errors.Join(err, os.RemoveAll(w.dir))
	}
	return err
}

// nativeEngine is the engine of native executors, started when it is first
// needed. Its user is a person, not a host: what bundles may be run by is what is
// in the path.
func (w *Workshop) nativeEngine(ctx context.Context) (*process.Engine, error) {
	if w.native != nil {
		return w.native, nil
	}
	var err error
	if w.dir, err = tempDir(); err == nil {
		w.native, err = process.New(process.Config{Dir: w.dir, Interpreters: interpreters(ctx), Secret: w.network.Secret, Version: "plugin tools"})
	}
	if err != nil {
		return nil, fmt.Errorf("start the engine of native executors: %w", err)
	}
	return w.native, nil
}

// executor is what an engine makes of a module.
type executor interface {
	Execute(ctx context.Context, class *registry.Class, envelope []byte, sink abi.Sink) (abi.Result, abi.Usage, error)
	Cold() string // why each job starts the module anew; empty: none does
	Close(ctx context.Context) error
}

// Module is an admitted module, ready to run.
type Module struct {
	executor
	Info   wasm.Info
	Stages []registry.Stage // of its admission
	Took   time.Duration    // all of it

	network *egress.Network
}

// Load admits a module as a host does.
func (w *Workshop) Load(ctx context.Context, binary []byte) (*Module, error) {
	began := time.Now()
	info, err := Identify(binary)
	if err != nil {
		return nil, err
	}
	m := &Module{Info: info, network: w.network}
	if info.Contract == ContractNative {
		err = m.loadNative(ctx, w, binary)
	} else {
		m.executor, err = w.engine.Load(ctx, info.Digest, binary, m.observe)
	}
	m.Took = time.Since(began)
	return m, err
}

// loadNative starts a program once; what it says of itself is its manifest.
func (m *Module) loadNative(ctx context.Context, w *Workshop, binary []byte) error {
	engine, err := w.nativeEngine(ctx)
	if err != nil {
		return err
	}
	loaded, err := engine.Load(ctx, m.Info.Digest, process.Source{Bytes: binary}, m.observe)
	if err != nil {
		return err
	}
	m.executor, m.Info.Manifest = loaded, loaded.Manifest()
	return nil
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
