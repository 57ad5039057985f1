package author

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/lessee-run/lessee/registry"
)

// Timing is what runs of one kind took.
type Timing struct {
	Runs   int   `json:"runs"`
	P50US  int64 `json:"p50_us"`
	P99US  int64 `json:"p99_us"`
	MostUS int64 `json:"max_us"`
	Fuel   int64 `json:"fuel"` // the most that one run used
	Memory int64 `json:"memory_bytes"`
}

// Benchmark is how fast a module is.
type Benchmark struct {
	LoadMS int64  `json:"load_ms"` // its admission, with what the cache has of it
	Cold   string `json:"cold,omitempty"`
	Clean  Timing `json:"clean"` // isolation job: from the module's initial state
	Reuse  Timing `json:"reuse"` // isolation reuse: on an instance that went before
}

// Bench runs one payload n times in each isolation, after as many runs to warm
// up as it takes to have an instance.
func (m *Module) Bench(ctx context.Context, class Class, payload []byte, n int) (Benchmark, error) {
	b := Benchmark{LoadMS: m.Took.Milliseconds(), Cold: m.Cold()}
	for isolation, timing := range map[registry.Isolation]*Timing{registry.IsolationJob: &b.Clean, registry.IsolationReuse: &b.Reuse} {
		class.Isolation = isolation
		var err error
		if *timing, err = m.time(ctx, class, payload, n); err != nil {
			return Benchmark{}, err
		}
	}
	return b, nil
}

const warmUpRuns = 3

func (m *Module) time(ctx context.Context, class Class, payload []byte, n int) (Timing, error) {
	took := make([]time.Duration, 0, n)
	t := Timing{Runs: n}
	for i := range n + warmUpRuns {
		began := time.Now()
		report, err := m.Try(ctx, class, payload)
		spent := time.Since(began)
		if err == nil && report.Failed() {
			err = fmt.Errorf("a run failed, and a failure's time says nothing: %w", report.Error)
		}
		if err != nil {
			return Timing{}, err
		}
		if i < warmUpRuns {
			continue
		}
		took = append(took, spent)
		t.Fuel, t.Memory = max(t.Fuel, report.Usage.Fuel), max(t.Memory, report.Usage.MemoryBytes)
	}
	slices.Sort(took)
	t.P50US, t.P99US, t.MostUS = took[n/2].Microseconds(), took[n*99/100].Microseconds(), took[n-1].Microseconds()
	return t, nil
}
