package worker

import (
	"cmp"
	"context"
	"fmt"

	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/registry"
)

// reportModules tells the registry how far the admission of each module came
// here. Each finding is told once in a session.
func (s *session) reportModules(ctx context.Context) error {
	for digest, admission := range s.runner.Admissions() {
		finding := fmt.Sprintf("%s %s %v", admission.Status, admission.Reason, admission.Stages)
		if s.reported[digest] == finding {
			continue
		}
		if err := s.store.ReportModule(ctx, s.lease, digest, admission); err != nil {
			return err
		}
		s.reported[digest] = finding
	}
	return nil
}

// reportClasses tells the registry what it does not say yet about the classes
// on this host: that one runs, or why it does not. Each finding is told once
// per version of the registry; a class that is still being made ready has none.
func (s *session) reportClasses(ctx context.Context) error {
	snapshot, readiness := s.runner.Snapshot(), s.runner.Readiness()
	for _, class := range snapshot.Enabled() {
		r, told := verdict(readiness[class.Name])
		finding := fmt.Sprintf("%d %t %s", snapshot.Version, r.Ready, r.Reason)
		if !told || s.reported[class.Name] == finding {
			continue
		}
		r.Module = cmp.Or(class.NextDigest, class.ModuleDigest) // the one that the row points at
		known := r.Ready == (class.Status == registry.StatusActive) && r.Reason == class.StatusReason
		if !known {
			if err := s.store.ReportClass(ctx, s.lease, class.Name, r); err != nil {
				return err
			}
		}
		s.reported[class.Name] = finding
	}
	return nil
}

// verdict is what there is to tell of a class: nothing while its module is made
// ready. While another one serves, only a failure is: the database sees from
// the heartbeats when all are ready.
func verdict(r job.Readiness) (_ job.Readiness, told bool) {
	if r.Next == nil {
		return r, r.Ready || r.Reason != ""
	}
	failed := *r.Next
	if failed.Ready || failed.Reason == "" {
		return job.Readiness{}, false
	}
	if r.Ready {
		failed.Reason += " (jobs run on the module before)"
	}
	return failed, true
}
