package executor

import (
	"context"
	"fmt"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/registry"
)

// Executor is a module at work. Execute is called by many goroutines at once;
// Close only when none is left.
type Executor interface {
	Execute(ctx context.Context, envelope []byte, limits abi.Limits, sink abi.Sink) (abi.Result, abi.Usage, error)
	Close(ctx context.Context) error
}

// Launch makes the executor of the module with that digest.
type Launch func(ctx context.Context, digest string) (Executor, error)

// retryAfter is how long a module that could not be launched is left alone.
const retryAfter = 10 * time.Second

// Set holds the executors. Its methods are safe for concurrent use.
type Set struct {
	launchers map[registry.Runtime]Launch
	memory    int64  // bytes that one class may ask for
	changed   func() // some class became ready, or not
	log       *zap.Logger
	launches  sync.WaitGroup
	stop      context.CancelFunc
	ctx       context.Context // of the launches; ends with Close

	mu       sync.Mutex
	snapshot *registry.Snapshot
	modules  map[string]*module // by digest
}

// New returns an empty set. A class that asks for more than memory bytes is not
// ready on this host. changed is called, from any goroutine, when the
// readiness of some class may have changed.
func New(launchers map[registry.Runtime]Launch, memory int64, changed func(), log *zap.Logger) *Set {
	ctx, stop := context.WithCancel(context.Background())
	return &Set{
		launchers: launchers, memory: memory, changed: changed, log: log, ctx: ctx, stop: stop,
		snapshot: registry.NewSnapshot(0, registry.DefaultSettings(), nil), modules: map[string]*module{},
	}
}

// Sync makes snapshot the registry that the set serves. Syncing the same one
// again only tries failed modules again.
func (s *Set) Sync(snapshot *registry.Snapshot) {
	s.mu.Lock()
	news := s.snapshot != snapshot
	s.snapshot = snapshot
	wanted := map[string]bool{}
	for _, class := range snapshot.Enabled() {
		if launch := s.launchers[class.Runtime]; launch != nil && class.Validate() == nil {
			wanted[class.ModuleDigest] = true
			s.ensure(class.ModuleDigest, launch)
		}
	}
	var idle []*module
	for digest, m := range s.modules {
		if !wanted[digest] && m.state != launching {
			delete(s.modules, digest) // those who run it keep it; the last one closes it
			if m.unwanted = true; m.users == 0 {
				idle = append(idle, m)
			}
		}
	}
	s.mu.Unlock()
	for _, m := range idle {
		s.closeModule(m)
	}
	if news { // else a host that polls would claim and renew with every look
		s.changed()
	}
}

// Snapshot is the registry that the set serves.
func (s *Set) Snapshot() *registry.Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.snapshot
}

// Runnable lists the classes whose jobs this host can take now.
func (s *Set) Runnable() []registry.Class {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []registry.Class
	for _, class := range s.snapshot.Enabled() {
		if s.readiness(class).Ready {
			out = append(out, class)
		}
	}
	return out
}

// Readiness tells for every enabled class whether this host can run it.
func (s *Set) Readiness() map[string]job.Readiness {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]job.Readiness{}
	for _, class := range s.snapshot.Enabled() {
		out[class.Name] = s.readiness(class)
	}
	return out
}

func (s *Set) readiness(class registry.Class) job.Readiness {
	if err := class.Validate(); err != nil {
		return job.Readiness{Reason: err.Error()}
	}
	if class.Runtime == registry.RuntimeCommand {
		return job.Readiness{Ready: true} // the commit runs it; there is nothing to launch
	}
	m := s.modules[class.ModuleDigest]
	switch {
	case class.Limits.MemoryBytes > s.memory:
		return job.Readiness{Module: class.ModuleDigest, Reason: fmt.Sprintf("limits.memory_bytes is %d, this host has %d for all guests (memory): lower the one or raise the other", class.Limits.MemoryBytes, s.memory)}
	case m == nil || m.state == launching:
		return job.Readiness{Module: class.ModuleDigest} // no reason: not yet
	case m.state == failed:
		return job.Readiness{Module: class.ModuleDigest, Reason: m.err.Error()}
	}
	return job.Readiness{Ready: true, Reason: remark(m.executor), Module: class.ModuleDigest}
}

// remark is what an operator should know of an executor that works.
func remark(e Executor) string {
	if c, ok := e.(interface{ Cold() string }); ok && c.Cold() != "" {
		return "runs cold, a new instance for every job: " + c.Cold()
	}
	return ""
}

// Execute runs one attempt of class on the module that class, as given, points
// at. The error is job.ErrNotReady when that module is not there any more.
func (s *Set) Execute(ctx context.Context, class registry.Class, envelope []byte, sink abi.Sink) (abi.Result, abi.Usage, error) {
	m, err := s.acquire(class.ModuleDigest)
	if err != nil {
		return abi.Result{}, abi.Usage{}, err
	}
	defer s.release(m)
	return m.executor.Execute(ctx, envelope, class.Limits, sink)
}

// Close ends launches under way and closes every executor that nobody runs.
// The caller has stopped executing.
func (s *Set) Close() {
	s.stop()
	s.launches.Wait()
	s.Sync(registry.NewSnapshot(0, registry.DefaultSettings(), nil))
}
