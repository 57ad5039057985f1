package wasm

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
	"go.uber.org/zap"

	"github.com/lessee-run/lessee/host/internal/wasm/image"
)

// DefaultMaxModuleBytes is the size of module that [Engine.Load] takes when
// [Config] does not say.
const DefaultMaxModuleBytes = 64 << 20

// Config is what an engine needs to know.
type Config struct {
	CacheDir       string      // where compiled code is kept; empty: nowhere
	MaxModuleBytes int64       // 0: DefaultMaxModuleBytes
	Restore        image.Way   // how kept memories are restored; empty: the fastest way that works here
	Log            *zap.Logger // nil: silence
}

// Engine compiles modules. It is safe for concurrent use.
type Engine struct {
	config  Config
	cache   wazero.CompilationCache // nil without a usable CacheDir
	keeper  *image.Keeper           // of the memories of kept instances
	runtime wazero.Runtime
	mending sync.Mutex // one goroutine at a time empties the cache
}

// New returns an engine. A cache directory that can't be used is a warning:
// the engine works without it, and compiles every module at each start.
func New(ctx context.Context, config Config) (*Engine, error) {
	if config.MaxModuleBytes == 0 {
		config.MaxModuleBytes = DefaultMaxModuleBytes
	}
	if config.Log == nil {
		config.Log = zap.NewNop()
	}
	e := &Engine{config: config}
	if config.CacheDir != "" {
		cache, err := openCache(config.CacheDir)
		if err != nil {
			config.Log.Warn("compiled modules are not cached", zap.Error(err))
		}
		e.cache = cache
	}
	var err error
	if e.keeper, err = image.Open(config.Restore); err != nil {
		return nil, fmt.Errorf("keep memories of guests: %w", err)
	}
	config.Log.Debug("memories of guests are restored", zap.Stringer("how", e.keeper.Report()))
	if e.runtime, err = newRuntime(ctx, e.cache); err != nil {
		return nil, err
	}
	return e, nil
}

// newRuntime returns a runtime with WASI and our host functions in it.
func newRuntime(ctx context.Context, cache wazero.CompilationCache) (wazero.Runtime, error) {
	config := wazero.NewRuntimeConfigCompiler().WithCloseOnContextDone(false).WithDebugInfoEnabled(false)
	if cache != nil {
		config = config.WithCompilationCache(cache)
	}
	r := wazero.NewRuntimeWithConfig(ctx, config)
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, r); err != nil {
		return nil, errors.Join(fmt.Errorf("provide WASI: %w", err), r.Close(ctx))
	}
	if err := errors.Join(provideHostFunctions(ctx, r), provideTick(ctx, r)); err != nil {
		return nil, errors.Join(fmt.Errorf("provide host functions: %w", err), r.Close(ctx))
	}
	return r, nil
}

// Close frees everything. All modules must be idle.
func (e *Engine) Close(ctx context.Context) error {
	err := errors.Join(e.runtime.Close(ctx), e.keeper.Close())
	if e.cache != nil {
		err = errors.Join(err, e.cache.Close(ctx))
	}
	return err
}

// compile compiles a module. When the cache is to blame for a failure, it is
// emptied and the module compiled anew. When it can't be written either (a
// full disk), the engine has kept the code in memory and takes it from there.
func (e *Engine) compile(ctx context.Context, binary []byte) (wazero.CompiledModule, error) {
	ctx = experimental.WithCompilationWorkers(ctx, runtime.GOMAXPROCS(0))
	compiled, err := e.runtime.CompileModule(ctx, binary)
	if err == nil || e.cache == nil || !valid(ctx, binary) {
		return compiled, err
	}
	e.mending.Lock()
	defer e.mending.Unlock()
	e.config.Log.Warn("the cache of compiled modules failed and is emptied", zap.String("dir", e.config.CacheDir), zap.Error(err))
	if err := emptyCache(e.config.CacheDir); err != nil {
		e.config.Log.Warn("the cache can't be emptied: remove the directory", zap.Error(err))
	}
	return e.runtime.CompileModule(ctx, binary)
}

// valid asks the interpreter, which has no cache, whether the fault is the module's.
func valid(ctx context.Context, binary []byte) bool {
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	_, err := r.CompileModule(ctx, binary)
	return errors.Join(err, r.Close(ctx)) == nil
}
