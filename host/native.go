package host

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"time"

	"go.uber.org/zap"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/executor"
	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/host/internal/postgres"
	"github.com/lessee-run/lessee/host/internal/process"
	"github.com/lessee-run/lessee/registry"
)

// LaunchIfAsked turns this process into a native plugin if a host started it
// for that; it does not return then. A program that runs hosts calls it first.
func LaunchIfAsked() { process.LaunchIfAsked() }

// native starts the engine of native executors with the first module that needs
// it. A host whose private directory can't be used runs the other classes.
func (h *Host) native() (*process.Engine, error) {
	h.nativeMu.Lock()
	defer h.nativeMu.Unlock()
	if h.nativeEngine != nil {
		return h.nativeEngine, nil
	}
	engine, err := process.New(process.Config{
		Dir: h.cfg.PluginDir, Interpreters: h.cfg.Interpreters, Secret: h.network.Secret, Version: h.version,
		Changed: func() { h.worker.Wake(); h.worker.Look() }, Log: h.log.Named("process"),
	})
	if err != nil {
		return nil, fmt.Errorf("start the engine of native executors: %w", err)
	}
	h.nativeEngine = engine
	return engine, nil
}

func (h *Host) closeNative() {
	h.nativeMu.Lock()
	defer h.nativeMu.Unlock()
	if h.nativeEngine != nil {
		h.nativeEngine.Close()
	}
}

// launchNative fetches a native module by digest, and starts it once.
func (h *Host) launchNative(ctx context.Context, digest string, observe func(registry.Stage)) (executor.Executor, error) {
	fetched, err := h.store.FetchModule(ctx, digest)
	if err != nil {
		return nil, err
	}
	module, err := h.admitNative(ctx, digest, fetched, observe)
	if err != nil {
		return nil, fmt.Errorf("module %s@%s: %w", fetched.Name, fetched.Version, err)
	}
	return nativeModule{module}, nil
}

func (h *Host) admitNative(ctx context.Context, digest string, fetched postgres.ModuleBytes, observe func(registry.Stage)) (*process.Module, error) {
	started := time.Now()
	source, err := nativeSource(digest, &fetched)
	if err != nil {
		return nil, err
	}
	if err := h.checkSignature(fetched, observe); err != nil {
		return nil, err
	}
	engine, err := h.native()
	if err != nil {
		return nil, err
	}
	module, err := engine.Load(ctx, digest, source, observe)
	if err != nil {
		return nil, err
	}
	h.log.Info("module ready", zap.String("module", fetched.Name+"@"+fetched.Version), zap.String("sha256", digest), zap.Duration("took", time.Since(started)))
	return module, nil
}

// nativeSource is where the engine copies a module from. What was signed is the
// module's bytes; of a directory, its listing. They are read once, so that no
// other ones are checked than are run.
func nativeSource(digest string, m *postgres.ModuleBytes) (process.Source, error) {
	if m.Location == "" {
		return process.Source{Bytes: m.Bytes}, nil
	}
	info, err := os.Stat(m.Location)
	if err != nil {
		return process.Source{}, err
	}
	if !info.IsDir() {
		m.Bytes, err = os.ReadFile(m.Location)
		return process.Source{Bytes: m.Bytes}, err
	}
	if m.Bytes, err = process.Listing(m.Location); err != nil {
		return process.Source{}, err
	}
	if sum := sha256.Sum256(m.Bytes); hex.EncodeToString(sum[:]) != digest {
		return process.Source{}, fmt.Errorf("digest: the files in %s are not those that were registered: register them anew, or put the old ones back", m.Location)
	}
	return process.Source{Path: m.Location}, nil
}

// nativeModule is a module in the words of those who run jobs.
type nativeModule struct{ *process.Module }

// Execute runs an attempt. One that no process could take is given back.
func (m nativeModule) Execute(ctx context.Context, class *registry.Class, envelope []byte, sink abi.Sink) (abi.Result, abi.Usage, error) {
	result, usage, err := m.Module.Execute(ctx, class, envelope, sink)
	if errors.Is(err, process.ErrUnavailable) {
		err = job.ErrNotReady
	}
	return result, usage, err
}
