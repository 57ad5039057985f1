package bench

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync/atomic"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/host/internal/postgres"
	"github.com/lessee-run/lessee/host/internal/wasm"
	"github.com/lessee-run/lessee/host/internal/worker"
	"github.com/lessee-run/lessee/registry"
)

// runner answers ok for the classes of a measurement.
type runner struct {
	store   *postgres.Store
	classes []string
	work    time.Duration
	sandbox *wasm.Module // nil: the runner itself answers
	reading atomic.Pointer[reading]
}

// reading is the registry, and what of it this runner runs.
type reading struct {
	snapshot *registry.Snapshot
	mine     []registry.Class
}

func (r *runner) refresh(ctx context.Context) error {
	snapshot, err := r.store.LoadRegistry(ctx)
	if err != nil {
		return err
	}
	mine := slices.DeleteFunc(snapshot.Enabled(), func(c registry.Class) bool { return !slices.Contains(r.classes, c.Name) })
	r.reading.Store(&reading{snapshot, mine})
	return nil
}

func (r *runner) told(ctx context.Context, version int64) error {
	if version <= r.Snapshot().Version {
		return nil
	}
	return r.refresh(ctx)
}

func (r *runner) Snapshot() *registry.Snapshot              { return r.reading.Load().snapshot }
func (r *runner) Runnable() []registry.Class                { return r.reading.Load().mine }
func (r *runner) Readiness() map[string]job.Readiness       { return nil }
func (r *runner) Admissions() map[string]registry.Admission { return nil }

func (r *runner) Execute(ctx context.Context, class *registry.Class, envelope []byte, sink abi.Sink) (abi.Result, abi.Usage, error) {
	if r.sandbox != nil {
		return r.sandbox.Execute(ctx, class, envelope, sink)
	}
	began := time.Now()
	if r.work > 0 {
		timer := time.NewTimer(r.work)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return abi.Result{}, abi.Usage{}, context.Cause(ctx)
		}
	}
	return abi.Result{Status: abi.StatusOK}, abi.Usage{WallUS: time.Since(began).Microseconds()}, nil
}

// network is what an executor that asks for nothing gets.
type network struct{}

func (network) Open(*registry.Class, abi.Trace) worker.Requests { return network{} }
func (network) Scan([]byte) error                               { return nil }
func (network) Used(*abi.Usage) json.RawMessage                 { return nil }
func (network) HTTP(context.Context, []byte) ([]byte, error) {
	return nil, errors.New("a measurement sends nothing")
}
