package worker

import (
	"context"
	"encoding/json"
	"runtime"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/registry"
)

// Store is the database, as far as the journey needs it.
type Store interface {
	OpenLease(ctx context.Context, host, version string) (job.Lease, error)
	RenewLease(ctx context.Context, lease int64, report job.Report) (job.Renewal, error)
	CloseLease(ctx context.Context, lease int64) error
	ReportClass(ctx context.Context, lease int64, class string, found job.Readiness) error
	ReportModule(ctx context.Context, lease int64, digest string, admission registry.Admission) error
	Look(ctx context.Context, lease int64, ask job.Ask) (job.Look, error)
	ClaimFrom(ctx context.Context, lease int64, ask job.Ask) (job.Claimed, error)
	Survey(ctx context.Context, fronts []job.Front, horizon time.Time) (job.Survey, error)
	Recall(ctx context.Context, fronts []job.Front) (int, error)
	Commit(ctx context.Context, lease int64, outcomes []job.Outcome, timeout time.Duration) ([]job.Verdict, error)
	Release(ctx context.Context, lease int64, jobs []job.Job) error
	Due(ctx context.Context) (promoted int, next time.Duration, err error)
	Sweep(ctx context.Context) (job.Swept, error)
	MaintainHistory(ctx context.Context) (job.Maintained, error)
}

// Runner runs attempts. It knows the registry.
type Runner interface {
	Snapshot() *registry.Snapshot
	Runnable() []registry.Class
	Readiness() map[string]job.Readiness
	Admissions() map[string]registry.Admission
	Execute(ctx context.Context, class *registry.Class, envelope []byte, sink abi.Sink) (abi.Result, abi.Usage, error)
}

// Network sends the HTTP requests of attempts, and knows what must not be kept.
type Network interface {
	Open(class *registry.Class, trace abi.Trace) Requests
	Scan(data []byte) error // data holds the value of a credential
}

// Requests sends those of one attempt.
type Requests interface {
	HTTP(ctx context.Context, document []byte) ([]byte, error)
	Used(usage *abi.Usage) (records json.RawMessage)
}

// Config of a worker.
type Config struct {
	Host    string        // name, for the lease
	Version string        // of the binary
	Slots   int           // attempts at once
	Memory  int64         // bytes that the limits of guests at work may add up to
	Grace   time.Duration // how long attempts may finish after Run's context ends
	// Commands is how many commits with commands may be on their way at once:
	// they last, and the heartbeat must never wait for a connection.
	Commands int
	Network  Network
	// Listening reports whether NOTIFY reaches this host, which need not poll then.
	// nil: it does not.
	Listening func() bool
	// Told brings the Runner to that version of the registry at least, which a
	// claim or a look has told of.
	Told func(ctx context.Context, version int64) error
}

// Worker leases jobs, runs them, commits what they answered.
type Worker struct {
	cfg     Config
	store   Store
	runner  Runner
	log     *zap.Logger
	wake    chan struct{} // something may be ready
	wakeDue chan struct{} // or be so later
	renew   chan struct{} // look at the lease now
	killed  chan struct{} // closed by Kill

	commands chan struct{} // held by commits with commands
	killOnce sync.Once
	mu       sync.Mutex
	status   Status
}

// New returns a worker that has not started.
func New(cfg Config, store Store, runner Runner, log *zap.Logger) *Worker {
	return &Worker{
		cfg: cfg, store: store, runner: runner, log: log,
		wake: make(chan struct{}, 1), wakeDue: make(chan struct{}, 1), renew: make(chan struct{}, 1), killed: make(chan struct{}),
		commands: make(chan struct{}, max(1, cfg.Commands)),
	}
}

// Wake says that jobs may be ready or scheduled, or classes may have become runnable.
func (w *Worker) Wake() { signal(w.wake); signal(w.wakeDue) }

// Look makes the worker renew its lease now: an operator cancelled a job it
// may hold, or the readiness of a class changed.
func (w *Worker) Look() { signal(w.renew) }

// Kill ends the grace of a stopping worker at once.
func (w *Worker) Kill() { w.killOnce.Do(func() { close(w.killed) }) }

// ballast is never touched, so it takes no memory; but the garbage collector
// lets as much garbage gather as it reckons is in use. A host has little in use
// and much garbage: it would collect twenty times a second, and shrink the
// stacks of goroutines that wait for their next attempt each time. A larger one
// brought nothing that could be seen, and lets the process touch as much memory
// more for the first time, which is dear on a virtual machine.
const ballast = 16 << 20

// Run works until ctx ends, then stops in two stages: no more claims and Grace
// for what runs; then what still runs is interrupted and given back.
func (w *Worker) Run(ctx context.Context) {
	defer runtime.KeepAlive(make([]byte, ballast))
	pause := 100 * time.Millisecond
	for ctx.Err() == nil {
		s, err := w.open(ctx)
		if err != nil {
			if ctx.Err() != nil {
				return
			}
			w.failed(err)
			w.log.Warn("no lease; trying again", zap.Error(err), zap.Duration("in", pause))
			sleep(ctx, pause)
			pause = min(2*pause, 2*time.Second)
			continue
		}
		pause = 100 * time.Millisecond
		s.run(ctx)
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default: // one is waiting already, and tells the same
	}
}

// sleep waits for d, or less when ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
