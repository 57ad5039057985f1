package executor

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"go.uber.org/zap/zaptest"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/registry"
)

// factory launches executors that only count, and remembers them.
type factory struct {
	mu       sync.Mutex
	launched []string            // digests, in order
	made     map[string]*counter // the newest of each digest
	err      error               // what launches fail with; nil: they succeed
	hold     chan struct{}       // launches wait for it; nil: they don't
	changes  atomic.Int32

	manifests map[string]*abi.Manifest // by digest
}

// counter is an executor that runs until it is let go.
type counter struct {
	digest string
	run    chan struct{} // attempts wait for it; nil: they don't
	closed atomic.Int32

	manifest *abi.Manifest
}

func (f *factory) launch(ctx context.Context, digest string, observe func(registry.Stage)) (Executor, error) {
	f.mu.Lock()
	f.launched = append(f.launched, digest)
	hold, err := f.hold, f.err
	c := &counter{digest: digest, manifest: f.manifests[digest]}
	f.made[digest] = c
	f.mu.Unlock()
	observe(registry.Stage{Name: registry.StageDigest, State: registry.StageRunning})
	observe(registry.Stage{Name: registry.StageDigest, State: registry.StagePassed})
	observe(registry.Stage{Name: registry.StageCompile, State: registry.StageRunning})
	if hold != nil {
		select {
		case <-hold:
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (f *factory) launches() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.launched)
}

func (f *factory) fail(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.err = err
}

func (f *factory) executor(digest string) *counter {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.made[digest]
}

func (c *counter) Execute(ctx context.Context, _ *registry.Class, _ []byte, _ abi.Sink) (abi.Result, abi.Usage, error) {
	if c.closed.Load() > 0 {
		return abi.Result{}, abi.Usage{}, errors.New("it was closed under an attempt")
	}
	if c.run != nil {
		select {
		case <-c.run:
		case <-ctx.Done():
			return abi.Result{}, abi.Usage{}, context.Cause(ctx)
		}
	}
	if c.closed.Load() > 0 {
		return abi.Result{}, abi.Usage{}, errors.New("it was closed under an attempt")
	}
	return abi.Result{Status: abi.StatusOK}, abi.Usage{}, nil
}

func (c *counter) Manifest() *abi.Manifest { return c.manifest }

func (c *counter) Cold() string { return "" }

func (c *counter) Close(context.Context) error { c.closed.Add(1); return nil }

func newSet(t *testing.T) (*Set, *factory) {
	f := &factory{made: map[string]*counter{}}
	launchers := map[registry.Runtime]Launch{registry.RuntimeWASM: f.launch}
	return New(launchers, registry.Bounds{"memory_bytes": 1 << 40}, func() { f.changes.Add(1) }, zaptest.NewLogger(t)), f
}

func class(name, digest string) registry.Class {
	return registry.Class{Name: name, Runtime: registry.RuntimeWASM, ModuleDigest: digest, Enabled: true, Concurrency: 1, Limits: abi.DefaultLimits()}
}

func snapshot(version int64, classes ...registry.Class) *registry.Snapshot {
	return registry.NewSnapshot(version, registry.DefaultSettings(), classes)
}
