package executor

import (
	"context"
	"slices"
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
	Execute(ctx context.Context, class *registry.Class, envelope []byte, sink abi.Sink) (abi.Result, abi.Usage, error)
	Manifest() *abi.Manifest // nil: the module has none
	Cold() string            // why every attempt needs a new instance; empty: none does
	Close(ctx context.Context) error
}

// Keeper is an executor that keeps something for each class that runs on it.
// Neither method blocks.
type Keeper interface {
	// Keep names the classes that run on it from now on, all of them. What is
	// kept for others may go.
	Keep(classes []registry.Class)
	// Ready reports whether an attempt of class can run now; and if not, why,
	// else what an operator should know.
	Ready(class registry.Class) (ready bool, reason string)
}

// Launch makes the executor of the module with that digest. It tells observe
// of each stage as it begins and as it ends.
type Launch func(ctx context.Context, digest string, observe func(registry.Stage)) (Executor, error)

// retryAfter is how long a module that could not be launched is left alone.
const retryAfter = 10 * time.Second

// Set holds the executors. Its methods are safe for concurrent use.
type Set struct {
	launchers map[registry.Runtime]Launch
	bounds    registry.Bounds // of the limits of classes
	changed   func()          // some class became ready, or not
	log       *zap.Logger
	launches  sync.WaitGroup
	stop      context.CancelFunc
	ctx       context.Context // of the launches; ends with Close

	mu       sync.Mutex
	snapshot *registry.Snapshot
	modules  map[string]*module // by digest
}

// New returns an empty set. A class with limits above the bounds is not ready
// on this host. changed is called, from any goroutine, when the readiness of
// some class may have changed.
func New(launchers map[registry.Runtime]Launch, bounds registry.Bounds, changed func(), log *zap.Logger) *Set {
	ctx, stop := context.WithCancel(context.Background())
	return &Set{
		launchers: launchers, bounds: bounds, changed: changed, log: log, ctx: ctx, stop: stop,
		snapshot: registry.NewSnapshot(0, registry.DefaultSettings(), nil), modules: map[string]*module{},
	}
}

// Sync makes snapshot the registry that the set serves. Syncing the same one
// again only tries failed modules again.
func (s *Set) Sync(snapshot *registry.Snapshot) {
	s.mu.Lock()
	news := s.snapshot != snapshot
	s.snapshot = snapshot
	wanted := s.wanted(snapshot)
	for digest, launch := range wanted {
		s.ensure(digest, launch)
	}
	for _, class := range snapshot.Enabled() {
		if m := s.modules[class.PrevDigest]; m != nil && m.state == ready {
			wanted[class.PrevDigest] = s.launchers[class.Runtime] // kept while it is there, so that going back is quick
		}
	}
	var idle []*module
	for digest, m := range s.modules {
		if wanted[digest] == nil && m.state != launching {
			delete(s.modules, digest) // those who run it keep it; the last one closes it
			if m.unwanted = true; m.users == 0 {
				idle = append(idle, m)
			}
		}
	}
	s.keep()
	s.mu.Unlock()
	for _, m := range idle {
		s.closeModule(m)
	}
	if news { // else a host that polls would claim and renew with every look
		s.changed()
	}
}

// wanted are the modules that have to be there: those that classes run, will
// run or try out, and those that wait to be admitted.
func (s *Set) wanted(snapshot *registry.Snapshot) map[string]Launch {
	out := map[string]Launch{}
	s.pending(out, registry.RuntimeWASM, snapshot.Pending)
	s.pending(out, registry.RuntimeGoPlugin, snapshot.Native)
	for _, class := range snapshot.Enabled() {
		launch := s.launchers[class.Runtime]
		if launch == nil || class.Validate() != nil {
			continue
		}
		for _, digest := range digests(class) {
			out[digest] = launch
		}
	}
	return out
}

// pending adds modules that wait to be admitted, if this host can.
func (s *Set) pending(out map[string]Launch, runtime registry.Runtime, modules []string) {
	if launch := s.launchers[runtime]; launch != nil {
		for _, digest := range modules {
			out[digest] = launch
		}
	}
}

// digests are the modules that class runs, will run, or tries out.
func digests(class registry.Class) []string {
	return slices.DeleteFunc([]string{class.ModuleDigest, class.NextDigest, class.Candidate.Digest}, func(d string) bool { return d == "" })
}

// keep tells executors which classes run on them. s.mu is held.
func (s *Set) keep() {
	classes := map[string][]registry.Class{}
	for _, class := range s.snapshot.Enabled() {
		for _, digest := range digests(class) {
			classes[digest] = append(classes[digest], class)
		}
	}
	for digest, m := range s.modules {
		if keeper, ok := m.executor.(Keeper); ok {
			keeper.Keep(classes[digest])
		}
	}
}

// Snapshot is the registry that the set serves.
func (s *Set) Snapshot() *registry.Snapshot {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.snapshot
}

// Runnable lists the classes whose jobs this host can take now. A candidate
// that is not ready here is left out of its class.
func (s *Set) Runnable() []registry.Class {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []registry.Class
	for _, class := range s.snapshot.Enabled() {
		if !s.readiness(class, class.ModuleDigest).Ready {
			continue
		}
		if c := class.Candidate; c.Digest != "" && !s.readiness(class, c.Digest).Ready {
			class.Candidate = registry.Candidate{}
		}
		out = append(out, class)
	}
	return out
}

// Readiness tells for every enabled class whether this host can run it.
func (s *Set) Readiness() map[string]job.Readiness {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]job.Readiness{}
	for _, class := range s.snapshot.Enabled() {
		r := s.readiness(class, class.ModuleDigest)
		if class.NextDigest != "" {
			next := s.readiness(class, class.NextDigest)
			r.Next = &next
		}
		if class.Candidate.Digest != "" {
			candidate := s.readiness(class, class.Candidate.Digest)
			r.Candidate = &candidate
		}
		out[class.Name] = r
	}
	return out
}

// Admissions tells how far the admission of each module came that is here.
func (s *Set) Admissions() map[string]registry.Admission {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := map[string]registry.Admission{}
	for digest, m := range s.modules {
		out[digest] = m.admission
	}
	return out
}

// readiness is that of class if it ran on the module of digest. s.mu is held.
func (s *Set) readiness(class registry.Class, digest string) job.Readiness {
	if err := class.Validate(); err != nil {
		return job.Readiness{Reason: err.Error()}
	}
	if class.Runtime == registry.RuntimeCommand {
		return job.Readiness{Ready: true} // the commit runs it; there is nothing to launch
	}
	m, r := s.modules[digest], job.Readiness{Module: digest}
	switch {
	case s.launchers[class.Runtime] == nil:
		r.Reason = "this host has no engine for runtime " + string(class.Runtime) + ": native executors need Linux"
	case class.Faults[digest] != "":
		r.Reason = class.Faults[digest]
	case s.bounds.Exceeded(class.Limits) != "":
		r.Reason = s.bounds.Exceeded(class.Limits)
	case m == nil || m.state == launching: // no reason: not yet
	case m.state == failed:
		r.Reason = m.err.Error()
	case m.admission.Manifest != nil && class.Grants.Denied(m.admission.Manifest.Wants) != "":
		r.Reason = class.Grants.Denied(m.admission.Manifest.Wants)
	default:
		r.Ready, r.Reason = able(m.executor, class)
	}
	return r
}

// able reports whether an executor that is there can run class, and what an
// operator should know.
func able(e Executor, class registry.Class) (bool, string) {
	if keeper, ok := e.(Keeper); ok {
		return keeper.Ready(class)
	}
	if why := e.Cold(); why != "" {
		return true, "runs cold, a new instance for every job: " + why
	}
	return true, ""
}

// Execute runs one attempt of class on the module that class, as given, points
// at. The error is job.ErrNotReady when that module is not there any more.
func (s *Set) Execute(ctx context.Context, class *registry.Class, envelope []byte, sink abi.Sink) (abi.Result, abi.Usage, error) {
	m, err := s.acquire(class.ModuleDigest)
	if err != nil {
		return abi.Result{}, abi.Usage{}, err
	}
	defer s.release(m)
	return m.executor.Execute(ctx, class, envelope, sink)
}

// Close ends launches under way and closes every executor that nobody runs.
// The caller has stopped executing.
func (s *Set) Close() {
	s.stop()
	s.launches.Wait()
	s.Sync(registry.NewSnapshot(0, registry.DefaultSettings(), nil))
}
