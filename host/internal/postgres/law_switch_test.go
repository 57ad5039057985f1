package postgres_test

import (
	"fmt"
	"testing"

	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/registry"
)

// says renews a lease with what its host says of class plain: whether it is
// ready for the module that serves, and for the next one.
func (l *law) says(lease int64, serving string, ready bool, next string, nextReady bool) {
	l.Helper()
	report := job.Report{Held: []job.Held{}, Classes: map[string]job.Readiness{"plain": {Ready: ready, Module: serving, Next: &job.Readiness{Ready: nextReady, Module: next}}}}
	if _, err := l.store.RenewLease(l.Context(), lease, report); err != nil {
		l.Fatal(err)
	}
}

// runs fails the test unless jobs of class plain run on the module, and another
// one is being made ready, or none.
func (l *law) runs(module, next string) {
	l.Helper()
	snapshot, err := l.store.LoadRegistry(l.Context())
	if err != nil {
		l.Fatal(err)
	}
	if c, _ := snapshot.Resolve("plain"); c.ModuleDigest != module || c.NextDigest != next {
		l.Errorf("jobs run on %.6s and %.6s is made ready; want %.6s and %.6s", c.ModuleDigest, c.NextDigest, module, next)
	}
}

func (l *law) point(module string) {
	l.Helper()
	l.exec("update lessee.executor_class_registry set module_sha256 = $1 where class = 'plain'", module)
}

// repointed is class plain on its way from one module to another.
func repointed(t *testing.T) (l *law, old, new string) {
	l = newLaw(t)
	l.class("plain", "")
	old = ask[string](l, "select module_sha256 from lessee.executor_class_registry")
	new = l.module("renderer", "2.0.0", []byte("other bytes"))
	l.admit(l.lease(), new, nil)
	l.point(new)
	return l, old, new
}

func TestSwitch_WaitsForEveryHostThatRunsTheOldModule(t *testing.T) {
	l, old, new := repointed(t)
	a, b := l.lease(), l.lease()
	l.runs(old, new)
	l.says(a, old, true, new, false)
	l.says(b, old, true, new, true)
	l.runs(old, new)
	version := ask[int64](l, "select lessee.fn_registry_version()")
	l.says(a, old, true, new, true)
	l.runs(new, "")
	if ask[int64](l, "select lessee.fn_registry_version()") == version {
		t.Error("the hosts are not told")
	}
}

func TestSwitch_DoesNotWaitForHostsThatCouldNotRunTheOldModuleOrAreGone(t *testing.T) {
	l, old, new := repointed(t)
	able, unable, gone := l.lease(), l.lease(), l.lease()
	l.says(unable, old, false, new, false)
	l.says(gone, old, true, new, false)
	l.says(able, old, true, new, true)
	l.runs(old, new)
	l.lapse(gone)
	l.says(able, old, true, new, true)
	l.runs(new, "")
}

func TestSwitch_NeedsAHostThatIsReady(t *testing.T) {
	l, old, new := repointed(t)
	lease := l.lease()
	l.says(lease, old, false, new, false)
	l.runs(old, new)
	l.says(lease, old, false, "another", true) // an older reading of the registry
	l.runs(old, new)
}

func TestSwitch_GoesBackAtOnceToWhatServes(t *testing.T) {
	l, old, new := repointed(t)
	want(l, old, "select previous_sha256 from lessee.executor_class_registry")
	l.point(old)
	l.runs(old, "")
	want(l, new, "select previous_sha256 from lessee.executor_class_registry")
}

func TestSwitch_PassesOverAModuleThatNeverServed(t *testing.T) {
	l, old, _ := repointed(t)
	third := l.module("renderer", "3.0.0", []byte("third bytes"))
	l.point(third)
	l.runs(old, third)
	want(l, old, "select previous_sha256 from lessee.executor_class_registry")
}

func TestSwitch_IsNotHeldUpByADisabledClass(t *testing.T) {
	l, _, new := repointed(t)
	l.exec("update lessee.executor_class_registry set enabled = false")
	want(l, true, "select serving_sha256 is null from lessee.executor_class_registry")
	l.exec("update lessee.executor_class_registry set enabled = true")
	l.runs(new, "") // it was switched off, perhaps because of the old one
}

func TestSwitch_DoesNotWaitForAnOpenTransactionOfAnOperator(t *testing.T) {
	l, old, new := repointed(t)
	lease := l.lease()
	tx, _ := l.begin()
	if _, err := tx.Exec(t.Context(), "update lessee.executor_class_registry set reason = 'in progress'"); err != nil {
		t.Fatal(err)
	}
	l.says(lease, old, true, new, true) // would hang, and cost the lease
	l.runs(old, new)
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.says(lease, old, true, new, true)
	l.runs(new, "")
}

func TestSwitch_EndsTheTrialOfACandidateThatIsPromoted(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	candidate := l.module("renderer", "2.0.0", []byte("other bytes"))
	l.refused("23514", []string{"canary_needs_a_candidate"}, "update lessee.executor_class_registry set canary_percent = 10")
	l.exec("update lessee.executor_class_registry set candidate_sha256 = $1, canary_percent = 10", candidate)
	want(l, true, "select candidate_since is not null from lessee.executor_class_registry")
	l.point(candidate)
	want(l, true, "select candidate_sha256 is null and canary_percent = 0 and candidate_since is null and serving_sha256 is not null from lessee.executor_class_registry")
}

func TestModules_KeepWhatHostsFoundWhenTheyAdmittedThem(t *testing.T) {
	l := newLaw(t)
	digest := ask[string](l, "select sha256 from lessee.executor_module_registry")
	a, b := l.lease(), l.lease()
	report := func(lease int64, status registry.ModuleStatus, reason string) {
		t.Helper()
		stages := []registry.Stage{{Name: registry.StageDigest, State: registry.StagePassed, TookMS: 1}}
		if err := l.store.ReportModule(t.Context(), lease, digest, registry.Admission{Status: status, Reason: reason, Stages: stages}); err != nil {
			t.Fatal(err)
		}
	}
	shows := func(status, reason string) {
		t.Helper()
		want(l, fmt.Sprint(status, ": ", reason), "select status || ': ' || status_reason from lessee.executor_module_registry")
	}
	pending := func() []string {
		t.Helper()
		snapshot, err := l.store.LoadRegistry(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return snapshot.Pending
	}
	if got := pending(); len(got) != 1 || got[0] != digest {
		t.Errorf("hosts are asked to admit %v", got)
	}
	report(a, registry.ModulePending, "")
	shows("pending", "")
	want(l, "digest", "select stages -> 0 ->> 'stage' from lessee.executor_module_registry")
	report(a, registry.ModuleRefused, "no memory")
	shows("refused", "no memory")
	report(b, registry.ModuleAdmitted, "") // does not hide what another live host suffers from
	shows("refused", "no memory")
	report(a, registry.ModuleAdmitted, "")
	shows("admitted", "")
	report(a, registry.ModulePending, "") // a new start of the host
	shows("admitted", "")
	report(b, registry.ModuleRefused, "no signature")
	shows("refused", "no signature")
	l.lapse(b)
	report(b, registry.ModuleAdmitted, "") // not its to say any more
	shows("refused", "no signature")
	report(a, registry.ModuleAdmitted, "")
	shows("admitted", "")
	if got := pending(); len(got) != 0 {
		t.Errorf("hosts are still asked to admit %v", got)
	}
	version := ask[int64](l, "select lessee.fn_registry_version()")
	report(a, registry.ModuleAdmitted, "")
	want(l, version, "select lessee.fn_registry_version()")
	l.refused("23514", []string{"bytes_match_digest"}, "update lessee.executor_module_registry set bytes = 'another b'")
	operator := l.login("lessee_operator")
	if _, err := operator.Exec(t.Context(), "update lessee.executor_module_registry set status = 'admitted'"); err == nil {
		t.Error("an operator may write what only hosts find out")
	}
}
