package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lessee-run/lessee/host/internal/job"
)

// scrapePatience is how long a scrape waits for counters that are due.
const scrapePatience = time.Second

// What the database's counters say; the same from every host.
var (
	classJobs     = describe("lessee_class_jobs", "Jobs of a class in a state; leased are all that hosts hold.", "class", "state")
	classWords    = describe("lessee_class_transitions_total", "How many jobs of a class a word was said of.", "class", "word")
	classOldest   = describe("lessee_class_oldest_ready_age_seconds", "How long the oldest ready job of a class has been ready; 0 when none is.", "class")
	classEnqueued = describe("lessee_class_enqueued_per_second", "Jobs of a class that were enqueued, over the last minute or two.", "class")
	classDone     = describe("lessee_class_done_per_second", "Jobs of a class that succeeded, over the last minute or two.", "class")
	classFailed   = describe("lessee_class_failed_per_second", "Attempts of a class that failed, over the last minute or two.", "class")
	classFailure  = describe("lessee_class_failure_ratio", "What share of the attempts of a class failed, over some ten minutes; absent when none ended.", "class")
	countersAge   = describe("lessee_class_counters_age_seconds", "How old what this host says of classes is; -1 when it has never been able to read it.")
	countersWrong = describe("lessee_class_counters_failures_total", "How often this host could not read the counters of classes.")
)

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(name, help, labels, nil)
}

// classes collects what work tells.
type classes struct{ work *Work }

func (c classes) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{classJobs, classWords, classOldest, classEnqueued, classDone, classFailed, classFailure, countersAge, countersWrong} {
		out <- d
	}
}

func (c classes) Collect(out chan<- prometheus.Metric) {
	seen := c.work.Look(scrapePatience)
	out <- prometheus.MustNewConstMetric(countersAge, prometheus.GaugeValue, age(seen.At))
	out <- prometheus.MustNewConstMetric(countersWrong, prometheus.CounterValue, float64(seen.Failures))
	for _, r := range seen.Readings {
		collect(out, r)
	}
}

func collect(out chan<- prometheus.Metric, r job.Reading) {
	tell := func(d *prometheus.Desc, kind prometheus.ValueType, value float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, kind, value, append([]string{r.Class}, labels...)...)
	}
	for _, state := range job.States() {
		if state != job.Running && (!state.Final() || state == job.DeadLettered) {
			tell(classJobs, prometheus.GaugeValue, float64(r.States[state]), string(state))
		}
	}
	for word, jobs := range r.Words {
		tell(classWords, prometheus.CounterValue, float64(jobs), string(word))
	}
	oldest := 0.0
	if r.Oldest != nil {
		oldest = *r.Oldest
	}
	tell(classOldest, prometheus.GaugeValue, oldest)
	tell(classEnqueued, prometheus.GaugeValue, r.Minute.Enqueued)
	tell(classDone, prometheus.GaugeValue, r.Minute.Done)
	tell(classFailed, prometheus.GaugeValue, r.Minute.Failed)
	if r.Ten.Failure != nil {
		tell(classFailure, prometheus.GaugeValue, *r.Ten.Failure)
	}
}
