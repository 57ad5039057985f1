package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/worker"
	"github.com/lessee-run/lessee/registry"
)

// runnerMetrics is what passes between a worker and the executors.
type runnerMetrics struct {
	running *prometheus.GaugeVec // by class
	limits  prometheus.Gauge
	took    *prometheus.HistogramVec // by runtime
	memory  *prometheus.HistogramVec // by runtime
}

func newRunnerMetrics() runnerMetrics {
	return runnerMetrics{
		running: prometheus.NewGaugeVec(gauge("lessee_attempts_running", "Attempts that are in an executor of this host."), []string{"class"}),
		limits:  prometheus.NewGauge(gauge("lessee_guest_memory_bytes", "What the memory limits of guests at work on this host add up to.")),
		took: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "lessee_attempt_duration_seconds", Help: "How long attempts were in an executor of this host.",
			Buckets: prometheus.ExponentialBuckets(0.00001, 4, 13)}, []string{"runtime"}),
		memory: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "lessee_attempt_memory_bytes", Help: "The most memory that an attempt's guest had on this host.",
			Buckets: prometheus.ExponentialBuckets(64<<10, 4, 9)}, []string{"runtime"}),
	}
}

func (m runnerMetrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.running, m.limits, m.took, m.memory}
}

// Runner counts what a worker asks of runner.
func (m *Metrics) Runner(runner worker.Runner) worker.Runner {
	return observedRunner{runner, m.runner}
}

type observedRunner struct {
	worker.Runner
	m runnerMetrics
}

func (r observedRunner) Execute(ctx context.Context, class *registry.Class, envelope []byte, sink abi.Sink) (abi.Result, abi.Usage, error) {
	running, limit := r.m.running.WithLabelValues(class.Name), float64(class.Limits.MemoryBytes)
	running.Inc()
	r.m.limits.Add(limit)
	defer func() {
		running.Dec()
		r.m.limits.Sub(limit)
	}()
	began := time.Now()
	result, usage, err := r.Runner.Execute(ctx, class, envelope, sink)
	r.m.took.WithLabelValues(string(class.Runtime)).Observe(time.Since(began).Seconds())
	if usage.MemoryBytes > 0 {
		r.m.memory.WithLabelValues(string(class.Runtime)).Observe(float64(usage.MemoryBytes))
	}
	return result, usage, err
}
