package wasm

import (
	"context"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// code is a compiled module, in a runtime of its own: closing it leaves nothing
// behind, and its part of the cache can be checked and dropped by itself. A
// runtime costs less than a millisecond and 100 KiB.
type code struct {
	runtime wazero.Runtime
	cache   wazero.CompilationCache // nil: none
	module  wazero.CompiledModule
}

// newCode returns a runtime with WASI and our host functions in it, and no module yet.
func newCode(ctx context.Context, cache wazero.CompilationCache) (*code, error) {
	config := wazero.NewRuntimeConfigCompiler().WithCloseOnContextDone(false).WithDebugInfoEnabled(false)
	if cache != nil {
		config = config.WithCompilationCache(cache)
	}
	c := &code{runtime: wazero.NewRuntimeWithConfig(ctx, config), cache: cache}
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, c.runtime); err != nil {
		return nil, errors.Join(fmt.Errorf("provide WASI: %w", err), c.close())
	}
	if err := errors.Join(provideHostFunctions(ctx, c.runtime), provideTick(ctx, c.runtime)); err != nil {
		return nil, errors.Join(fmt.Errorf("provide host functions: %w", err), c.close())
	}
	return c, nil
}

// close frees everything but the pages of code, which the engine unmaps when
// the collector finds them unused.
func (c *code) close() error {
	ctx := context.Background() // nothing of it obeys a deadline
	err := c.runtime.Close(ctx)
	if c.cache != nil {
		err = errors.Join(err, c.cache.Close(ctx))
	}
	return err
}
