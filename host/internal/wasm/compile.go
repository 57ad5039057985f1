package wasm

import (
	"context"
	"runtime"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/experimental"
	"go.uber.org/zap"
)

// compile compiles a metered module, or takes its code from the cache.
func (e *Engine) compile(ctx context.Context, binary []byte) (*code, error) {
	// With fewer workers than two, the engine would not look at ctx at all;
	// so it does between functions.
	ctx = experimental.WithCompilationWorkers(ctx, max(2, runtime.GOMAXPROCS(0)))
	digest := digestOf(binary)
	c, err := newCode(ctx, e.openCache(digest))
	if err != nil {
		return nil, err
	}
	c.module, err = c.runtime.CompileModule(ctx, binary)
	if err != nil && c.cache != nil && ctx.Err() == nil {
		// If writing to the cache is what failed, the code is in memory now.
		first := err
		if c.module, err = c.runtime.CompileModule(ctx, binary); err == nil {
			e.config.Log.Warn("compiled code could not be written to the cache: look at the disk", zap.String("dir", e.config.CacheDir), zap.Error(first))
		}
	}
	if err != nil {
		e.freeCode(c)
		return nil, err
	}
	if c.cache != nil {
		e.cache.settle(digest)
	}
	return c, nil
}

// openCache returns a module's part of the cache; nil when there is none that
// can be used.
func (e *Engine) openCache(digest string) wazero.CompilationCache {
	if e.cache == nil {
		return nil
	}
	part, err := e.cache.open(digest)
	if err != nil {
		e.config.Log.Warn("the compiled module is not cached", zap.String("dir", e.config.CacheDir), zap.Error(err))
	}
	return part
}

// freeCode closes code that nobody uses.
func (e *Engine) freeCode(c *code) {
	if err := c.close(); err != nil {
		e.config.Log.Warn("compiled code could not be freed", zap.Error(err))
	}
}
