package metrics

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/host/internal/worker"
)

// callBuckets are those of calls to the database: from half a millisecond to eight seconds.
var callBuckets = prometheus.ExponentialBuckets(0.0005, 2, 15)

// Values of labels.
const (
	resultOK    = "ok"
	resultError = "error"
	resultJobs  = "jobs"
	resultEmpty = "empty"
	resultGone  = "gone"

	sweptRescued = "rescued"
	sweptOverdue = "overdue"
	sweptExpired = "expired"
)

// storeMetrics is what passes between a worker and the database.
type storeMetrics struct {
	claims   *prometheus.HistogramVec // by result
	claimed  *prometheus.CounterVec   // by class
	commits  *prometheus.HistogramVec // by result
	batches  prometheus.Histogram
	outcomes *prometheus.CounterVec   // by word
	verdicts *prometheus.CounterVec   // by verdict
	renewals *prometheus.HistogramVec // by result
	swept    *prometheus.CounterVec   // by why
}

func newStoreMetrics() storeMetrics {
	calls := func(name, help string, results ...string) *prometheus.HistogramVec {
		vec := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: callBuckets}, []string{"result"})
		for _, result := range append(results, resultError) {
			vec.WithLabelValues(result) // what never happened is 0, not absent
		}
		return vec
	}
	count := func(name, help, label string, values ...string) *prometheus.CounterVec {
		vec := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
		for _, value := range values {
			vec.WithLabelValues(value)
		}
		return vec
	}
	return storeMetrics{
		claims:  calls("lessee_claim_duration_seconds", "How long claims of this host took, by result: jobs, empty or error.", resultJobs, resultEmpty),
		claimed: count("lessee_claimed_jobs_total", "Jobs that were granted to this host.", "class"),
		commits: calls("lessee_commit_duration_seconds", "How long commits of this host took, by result: ok or error.", resultOK),
		batches: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "lessee_commit_jobs", Help: "How many outcomes this host committed at once.",
			Buckets: []float64{1, 2, 5, 10, 20, 50, 100, 200, 500, 1000}}),
		outcomes: count("lessee_outcomes_total", "Outcomes that this host committed, by the word it asked for.", "word"),
		verdicts: count("lessee_verdicts_total", "What the database answered to outcomes of this host: accepted, changed or stale.", "verdict", job.Accepted, job.Changed, job.Stale),
		renewals: calls("lessee_lease_renewal_duration_seconds", "How long heartbeats of this host took, by result: ok, gone or error.", resultOK, resultGone),
		swept:    count("lessee_swept_jobs_total", "Jobs that sweeps of this host took: rescued, overdue or expired.", "why", sweptRescued, sweptOverdue, sweptExpired),
	}
}

func (m storeMetrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.claims, m.claimed, m.commits, m.batches, m.outcomes, m.verdicts, m.renewals, m.swept}
}

// Store counts what a worker asks of store.
func (m *Metrics) Store(store worker.Store) worker.Store { return observedStore{store, m.store} }

type observedStore struct {
	worker.Store
	m storeMetrics
}

func (s observedStore) ClaimFrom(ctx context.Context, lease int64, ask job.Ask) (job.Claimed, error) {
	began := time.Now()
	claimed, err := s.Store.ClaimFrom(ctx, lease, ask)
	s.claimed(began, claimed, err)
	return claimed, err
}

func (s observedStore) Look(ctx context.Context, lease int64, ask job.Ask) (job.Look, error) {
	began := time.Now()
	look, err := s.Store.Look(ctx, lease, ask)
	s.claimed(began, look.Claimed, err)
	return look, err
}

func (s observedStore) claimed(began time.Time, claimed job.Claimed, err error) {
	result := resultJobs
	if len(claimed.Jobs) == 0 {
		result = resultEmpty
	}
	observe(s.m.claims, began, result, err)
	for class, n := range tally(claimed.Jobs, func(j job.Job) string { return j.Class }) {
		s.m.claimed.WithLabelValues(class).Add(n)
	}
}

func (s observedStore) Commit(ctx context.Context, lease int64, outcomes []job.Outcome, timeout time.Duration) ([]job.Verdict, error) {
	began := time.Now()
	verdicts, err := s.Store.Commit(ctx, lease, outcomes, timeout)
	observe(s.m.commits, began, resultOK, err)
	if err != nil {
		return verdicts, err
	}
	s.m.batches.Observe(float64(len(outcomes)))
	for word, n := range tally(outcomes, func(o job.Outcome) string { return string(o.Word) }) {
		s.m.outcomes.WithLabelValues(word).Add(n)
	}
	for verdict, n := range tally(verdicts, func(v job.Verdict) string { return v.Verdict }) {
		s.m.verdicts.WithLabelValues(verdict).Add(n)
	}
	return verdicts, nil
}

func (s observedStore) RenewLease(ctx context.Context, lease int64, report job.Report) (job.Renewal, error) {
	began := time.Now()
	renewal, err := s.Store.RenewLease(ctx, lease, report)
	result := resultOK
	if !renewal.Alive {
		result = resultGone
	}
	observe(s.m.renewals, began, result, err)
	return renewal, err
}

func (s observedStore) Sweep(ctx context.Context) (job.Swept, error) {
	swept, err := s.Store.Sweep(ctx)
	s.m.swept.WithLabelValues(sweptRescued).Add(float64(swept.Rescued))
	s.m.swept.WithLabelValues(sweptOverdue).Add(float64(swept.Overdue))
	s.m.swept.WithLabelValues(sweptExpired).Add(float64(swept.Expired))
	return swept, err
}

func observe(calls *prometheus.HistogramVec, began time.Time, result string, err error) {
	if err != nil {
		result = resultError
	}
	calls.WithLabelValues(result).Observe(time.Since(began).Seconds())
}

// tally counts all by what key says of each.
func tally[T any](all []T, key func(T) string) map[string]float64 {
	out := map[string]float64{}
	for _, one := range all {
		out[key(one)]++
	}
	return out
}
