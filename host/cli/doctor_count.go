package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/lessee-run/lessee/host/internal/job"
)

// maxBacklog is how long a job may be ready before it is worth a word.
const maxBacklog = time.Minute

// What share of attempts may fail before it is worth a word, if so many did.
const (
	maxFailure  = 0.5
	minFailures = 10 // in some ten minutes
)

func checkBacklog(_ context.Context, e *examination) ([]finding, error) {
	var found []finding
	for _, r := range e.work {
		if r.Oldest == nil {
			continue
		}
		age := seconds(*r.Oldest)
		switch {
		case !r.Enabled:
			found = append(found, finding{"backlog", levelWarn, fmt.Sprintf("class %s is disabled and has ready jobs (%d), the oldest since %s", r.Class, r.States[job.Ready], span(age)),
				fmt.Sprintf("lessee class enable %s, or cancel them", r.Class)})
		case age > maxBacklog:
			found = append(found, finding{"backlog", levelWarn, fmt.Sprintf("the oldest of %d ready jobs of class %s waits for %s; %.1f/s come, %.1f/s are done", r.States[job.Ready], r.Class, span(age), r.Ten.Enqueued, r.Ten.Done),
				"Add hosts or slots, or raise concurrency_per_host of the class."})
		}
	}
	if found == nil {
		found = []finding{ok("backlog", "no job has been ready for more than %s", span(maxBacklog))}
	}
	return found, nil
}

// checkFailures finds classes most of whose attempts fail.
func checkFailures(_ context.Context, e *examination) ([]finding, error) {
	var found []finding
	for _, r := range e.work {
		if f := r.Ten.Failure; f != nil && *f > maxFailure && r.Ten.Failed*(10*time.Minute).Seconds() >= minFailures {
			found = append(found, finding{"failures", levelWarn, fmt.Sprintf("%.0f%% of the attempts of class %s failed in the last ten minutes", 100**f, r.Class),
				fmt.Sprintf("lessee job list --class %s --state retry_wait, then lessee job show, tells why.", r.Class)})
		}
	}
	if found == nil {
		found = []finding{ok("failures", "no class fails most of its attempts")}
	}
	return found, nil
}

func checkDeadLetters(_ context.Context, e *examination) ([]finding, error) {
	var parts []string
	for _, r := range e.work {
		if n := r.States[job.DeadLettered]; n > 0 {
			parts = append(parts, fmt.Sprintf("%s %d", r.Class, n))
		}
	}
	if parts == nil {
		return []finding{ok("dead letters", "none is open")}, nil
	}
	return []finding{{"dead letters", levelWarn, "open: " + strings.Join(parts, ", "), "lessee dlq list shows them; mend the cause, then lessee dlq replay"}}, nil
}

// checkCounters finds counters that can't be true.
func checkCounters(_ context.Context, e *examination) ([]finding, error) {
	var found []finding
	for _, r := range e.work {
		if state, wrong := r.Impossible(); wrong {
			found = append(found, finding{"counters", levelWarn, fmt.Sprintf("class %s has %d jobs in state %s by its counters: somebody changed tables by hand", r.Class, r.States[state], state),
				"Count anew, which scans the queue: select * from lessee.fn_count_recount()"})
		}
	}
	if found == nil {
		found = []finding{ok("counters", "no class has less than no jobs")}
	}
	return found, nil
}
