package wasm

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/lessee-run/lessee/host/internal/wasm/image"
)

// DefaultMaxModuleBytes is the size of module that [Engine.Load] takes when
// [Config] does not say.
const DefaultMaxModuleBytes = 64 << 20

// DefaultLoadTimeout is how long [Engine.Load] takes at most when [Config] does
// not say.
const DefaultLoadTimeout = 2 * time.Minute

// Config is what an engine needs to know.
type Config struct {
	CacheDir       string        // where compiled code is kept; empty: nowhere
	CacheBytes     int64         // that compiled code may take there; 0: DefaultCacheBytes
	MaxModuleBytes int64         // 0: DefaultMaxModuleBytes
	LoadTimeout    time.Duration // for one admission; 0: DefaultLoadTimeout
	Restore        image.Way     // how kept memories are restored; empty: the fastest way that works here
	Log            *zap.Logger   // nil: silence
}

// Engine compiles modules. It is safe for concurrent use.
type Engine struct {
	config  Config
	cache   *cache        // nil without a usable CacheDir
	keeper  *image.Keeper // of the memories of kept instances
	turns   chan struct{} // taken by heavy work
	began   time.Time
	retired atomic.Int64 // bytes of closed modules since the last collection
}

// New returns an engine. A cache directory that can't be used is a warning:
// the engine works without it, and compiles every module at each start.
func New(_ context.Context, config Config) (*Engine, error) {
	config = config.withDefaults()
	e := &Engine{config: config, turns: make(chan struct{}, runtime.GOMAXPROCS(0)), began: time.Now()}
	var err error
	if config.CacheDir != "" {
		if e.cache, err = openCache(config.CacheDir, config.CacheBytes, config.Log); err != nil {
			config.Log.Warn("compiled modules are not cached", zap.Error(err))
		}
	}
	if e.keeper, err = image.Open(config.Restore); err != nil {
		return nil, fmt.Errorf("keep memories of guests: %w", err)
	}
	config.Log.Debug("memories of guests are restored", zap.Stringer("how", e.keeper.Report()))
	return e, nil
}

func (c Config) withDefaults() Config {
	if c.Log == nil {
		c.Log = zap.NewNop()
	}
	c.CacheBytes = cmp.Or(c.CacheBytes, DefaultCacheBytes)
	c.MaxModuleBytes = cmp.Or(c.MaxModuleBytes, DefaultMaxModuleBytes)
	c.LoadTimeout = cmp.Or(c.LoadTimeout, DefaultLoadTimeout)
	return c
}

// Close frees everything. All modules must be closed.
func (e *Engine) Close(context.Context) error { return e.keeper.Close() }

// collectAfter is how many bytes of modules are closed between collections.
const collectAfter = 32 << 20

// retire counts what was closed. The engine unmaps the pages of code when the
// collector finds them unused, but the collector does not see their size, and
// would take its time.
func (e *Engine) retire(bytes int64) {
	if e.retired.Add(bytes) > collectAfter {
		e.retired.Store(0)
		runtime.GC()
	}
}
