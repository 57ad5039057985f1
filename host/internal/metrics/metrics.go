package metrics

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Host is what a host tells of itself whenever it is asked.
type Host struct {
	Version     string
	Slots       int
	Memory      int64 // bytes that the limits of guests at work may add up to
	Used        func() int
	Uncommitted func() int
	Ready       func() bool
	Listening   func() bool
	RenewedAt   func() time.Time // when the lease was last renewed; zero: there is none
}

// Metrics are those of one host, in a registry of its own.
type Metrics struct {
	registry *prometheus.Registry
	store    storeMetrics
	runner   runnerMetrics
}

// New returns the metrics of a host, and of the classes as work tells of them.
func New(host Host, work *Work) *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry(), store: newStoreMetrics(), runner: newRunnerMetrics()}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.registry.MustRegister(host.collectors()...)
	m.registry.MustRegister(m.store.collectors()...)
	m.registry.MustRegister(m.runner.collectors()...)
	m.registry.MustRegister(classes{work})
	return m
}

// Handler answers scrapes.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
}

func (h Host) collectors() []prometheus.Collector {
	build := gauge("lessee_build_info", "The version of this host's binary; always 1.")
	build.ConstLabels = prometheus.Labels{"version": h.Version}
	return []prometheus.Collector{
		prometheus.NewGaugeFunc(build, func() float64 { return 1 }),
		prometheus.NewGaugeFunc(gauge("lessee_ready", "1 when this host takes jobs."), truth(h.Ready)),
		prometheus.NewGaugeFunc(gauge("lessee_listening", "1 when NOTIFY tells this host of work, 0 when it polls."), truth(h.Listening)),
		prometheus.NewGaugeFunc(gauge("lessee_lease_renewal_age_seconds", "How long ago this host's lease was renewed; -1 when it has none."), func() float64 { return age(h.RenewedAt()) }),
		prometheus.NewGaugeFunc(gauge("lessee_slots", "How many attempts may run on this host at once."), func() float64 { return float64(h.Slots) }),
		prometheus.NewGaugeFunc(gauge("lessee_slots_used", "How many attempts hold a slot of this host."), func() float64 { return float64(h.Used()) }),
		prometheus.NewGaugeFunc(gauge("lessee_uncommitted_jobs", "Jobs that this host holds: those that run, and those whose outcome is not committed yet."), func() float64 { return float64(h.Uncommitted()) }),
		prometheus.NewGaugeFunc(gauge("lessee_guest_memory_limit_bytes", "What the memory limits of guests at work on this host may add up to."), func() float64 { return float64(h.Memory) }),
	}
}

func gauge(name, help string) prometheus.GaugeOpts {
	return prometheus.GaugeOpts{Name: name, Help: help}
}

func truth(f func() bool) func() float64 {
	return func() float64 {
		if f() {
			return 1
		}
		return 0
	}
}

// age is how long ago a moment was, in seconds; -1 when there was none.
func age(at time.Time) float64 {
	if at.IsZero() {
		return -1
	}
	return time.Since(at).Seconds()
}
