package postgres_test

import (
	"testing"
	"time"

	"github.com/lessee-run/lessee/host/internal/job"
)

func TestLook_MakesReadyClaimsAndReadsTheVersionInOneTransaction(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	lease := l.lease()
	look := func(wants ...job.Want) job.Look {
		t.Helper()
		found, err := l.store.Look(t.Context(), lease, job.Ask{Wants: wants, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	one := job.Want{Class: "plain", Slots: 1}
	version := ask[int64](l, "select lessee.fn_registry_version()")
	if found := look(one); len(found.Jobs) != 0 || found.Next >= 0 || found.Version != version {
		t.Errorf("nothing is there: %+v", found)
	}
	id := ask[int64](l, "select lessee.fn_job_enqueue('plain', p_run_at => clock_timestamp() + interval '1 hour')")
	if found := look(one); len(found.Jobs) != 0 || found.Next <= 59*time.Minute || found.Next > time.Hour {
		t.Errorf("a job is due in an hour: %+v", found)
	}
	l.due()
	later := ask[int64](l, "select lessee.fn_job_enqueue('plain', p_run_at => clock_timestamp() + interval '1 hour')")
	l.exec("update lessee.job_queue set run_at = clock_timestamp() where id = $1", later)
	if found := look(one, job.Want{Class: "none", Slots: 1}); len(found.Jobs) != 1 || found.Jobs[0].ID != id || found.Next >= 0 {
		t.Errorf("one is ready and one is due: %+v", found)
	}
	l.inState(later, job.Ready)
	want(l, 1, "select count(distinct xmin::text)::int from lessee.job_queue where id in ($1, $2)", id, later) // who wrote them last
	l.module("other", "1", []byte("x"))
	if found := look(); found.Version <= version || len(found.Jobs) != 0 {
		t.Errorf("the registry changed from version %d: %+v", version, found)
	}
	l.sound()
}

// The transaction of a claim whose answer breaks off may be gone, and its grants with it.
func TestClaim_AnAnswerThatBreaksOffGrantsNothing(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	l.enqueue("plain")
	lease := l.lease()
	l.exec("alter function lessee.fn_job_claim_batch rename to fn_claim_whole")
	l.exec(`do $do$ begin
		execute format('create function lessee.fn_job_claim_batch(%s) returns %s language sql as %L',
			pg_get_function_arguments('lessee.fn_claim_whole'::regproc), pg_get_function_result('lessee.fn_claim_whole'::regproc),
			'select * from lessee.fn_claim_whole($1, $2, $3, $4, $5, $6, $7, $8)
			 union all
			 select null, null, null, array[null::bigint], null, null, null, null, null, null, null, null, null, null, null, null, null'); -- where it breaks off
		end $do$`)
	ask := job.Ask{Wants: []job.Want{{Class: "plain", Slots: 1}}, Limit: 1}
	if claimed, err := l.store.ClaimFrom(t.Context(), lease, ask); err == nil || len(claimed.Jobs) != 0 {
		t.Errorf("a claim got %d jobs and %v", len(claimed.Jobs), err)
	}
	l.enqueue("plain")
	if found, err := l.store.Look(t.Context(), lease, ask); err == nil || len(found.Jobs) != 0 {
		t.Errorf("a look got %d jobs and %v", len(found.Jobs), err)
	}
}

// What a heartbeat says is worth a sweep, a sweep finds; otherwise hosts sweep seldom.
func TestRenew_SaysWhetherASweepWouldFindSomething(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	lease := l.lease()
	says := func(what string, want bool) {
		t.Helper()
		renewal, err := l.store.RenewLease(t.Context(), lease, job.Report{})
		if err != nil || renewal.Sweep != want {
			t.Errorf("%s: sweep %t, %v", what, renewal.Sweep, err)
		}
	}
	sweep := func() {
		t.Helper()
		l.exec("update lessee.job_count_fold set at = at - interval '1 minute'") // they are not folded all the time
		if _, err := l.store.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		says("after a sweep", false)
	}
	says("nothing is there", false)
	lost, _ := l.held("plain")
	says("another host is alive", false)
	l.lapse(lost)
	says("a host is gone", true)
	sweep()

	l.exec("insert into lessee.job_count_delta (class, word, to_state, jobs) select 'plain', 'enqueue', 'ready', 0 from generate_series(1, 2000)")
	says("counters have gathered", true)
	sweep()
}
