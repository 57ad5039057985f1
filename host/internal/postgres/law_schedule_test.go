package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/job"
)

func TestPhase_DrainingAndStoppedClaimNothing(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	l.enqueue("plain")
	lease := l.lease()
	for _, phase := range []string{"draining", "stopped"} {
		l.exec("update lessee.runtime_setting set value = to_jsonb($1::text) where name = 'queue.runtime.phase'", phase)
		if jobs := l.claim(lease, "plain", 1); len(jobs) > 0 {
			t.Errorf("claimed %+v while %s", jobs, phase)
		}
		l.enqueue("plain") // is still accepted
	}
	l.exec(`update lessee.runtime_setting set value = '"running"' where name = 'queue.runtime.phase'`)
	if jobs := l.claim(lease, "plain", 9); len(jobs) != 3 {
		t.Errorf("claimed %d jobs, want 3", len(jobs))
	}
}

func TestClaim_TakesNothingOfAClassThatIsDisabledOrNotAskedFor(t *testing.T) {
	l := newLaw(t)
	l.class("off", "enabled = false")
	l.class("other", "")
	l.enqueue("off")
	l.enqueue("other")
	for _, class := range []string{"off", "unheard of"} {
		if jobs := l.claim(l.lease(), class, 9); len(jobs) > 0 {
			t.Errorf("claimed %+v", jobs)
		}
	}
	l.exec("update lessee.executor_class_registry set enabled = true")
	l.claimOne(l.lease(), "off")
}

func TestClaim_KeepsToTheSlotsOfEachClassAndToTheTotal(t *testing.T) {
	l := newLaw(t)
	for _, class := range []string{"a", "b", "c"} {
		l.class(class, "")
		for range 10 {
			l.enqueue(class)
		}
	}
	lease := l.lease()
	for _, tc := range []struct {
		classes, slots string
		limit          any
		want           string
	}{
		{"{a,b,c}", "{2,3,0}", 100, "map[a:2 b:3]"},
		{"{a,b,c}", "{2,3,1}", 4, "4 jobs"},
		{"{a}", "{9}", 3, "map[a:3]"},
		{"{a}", "{-1}", 3, "map[]"},
		{"{a}", "{NULL}", 3, "map[]"},
		{"{a,b}", "{1}", 3, "map[a:1]"}, // slots that are missing are none
		{"{a}", "{1}", 0, "map[]"},
		{"{a}", "{1}", nil, "map[]"},
		{"{}", "{}", 3, "map[]"},
	} {
		claimed := list[string](l, "select class from lessee.fn_job_claim($1, $2::text[], $3::int[], $4)", lease, tc.classes, tc.slots, tc.limit)
		counts := map[string]int{}
		for _, class := range claimed {
			counts[class]++
		}
		if got := fmt.Sprint(counts); got != tc.want && fmt.Sprint(len(claimed), " jobs") != tc.want {
			t.Errorf("claim %s %s at most %v: %s, want %s", tc.classes, tc.slots, tc.limit, got, tc.want)
		}
		l.exec("update lessee.job_queue set state = 'ready', lease_id = null, leased_at = null, overdue_at = null where state = 'leased'")
	}
}

func TestClaim_TakesTheLowestPriorityNumberThenTheEarliestDueThenTheOldest(t *testing.T) {
	l := newLaw(t)
	l.class("a", "")
	l.class("b", "priority = 50")
	var expected []int64
	for _, args := range []string{ // in the order that they shall be claimed
		"'a', p_priority => 1, p_run_at => now() - interval '1 hour'",
		"'b', p_priority => 1, p_run_at => now() - interval '1 minute'",
		"'b', p_run_at => now() - interval '1 minute'", // 50, the class's own
		"'b'", "'b'",
		"'a', p_priority => 99",
		"'a', p_run_at => now() - interval '2 hours'", // 100, the default
		"'a', p_run_at => now() - interval '1 hour'",
		"'b', p_priority => 1000",
	} {
		expected = append(expected, ask[int64](l, "select lessee.fn_job_enqueue("+args+")"))
	}
	got := list[int64](l, "select job_id from lessee.fn_job_claim($1, '{b,a}', '{9,9}', 9)", l.lease())
	if !slices.Equal(got, expected) {
		t.Errorf("claimed in the order %v, want %v", got, expected)
	}
}

func TestClaim_NeverGivesOneJobToTwo(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	const count, claimers = 600, 6
	l.exec("select lessee.fn_job_enqueue_bulk((select jsonb_agg(jsonb_build_object('class', 'plain')) from generate_series(1, $1)))", count)
	var mu sync.Mutex
	owners := map[int64]int64{}
	var wg sync.WaitGroup
	for range claimers {
		lease := l.lease()
		wg.Go(func() {
			for {
				jobs, err := l.store.Claim(context.Background(), lease, []job.Want{{Class: "plain", Slots: 7}}, 7)
				if err != nil {
					t.Errorf("claim: %v", err)
					return
				}
				mu.Lock()
				for _, j := range jobs {
					if other, taken := owners[j.ID]; taken {
						t.Errorf("job %d went to %d and to %d", j.ID, other, lease)
					}
					owners[j.ID] = lease
				}
				done := len(owners) >= count
				mu.Unlock()
				if done {
					return
				}
			}
		})
	}
	wg.Wait()
	want(l, count, "select count(*)::int from lessee.job_queue where state = 'leased' and fence = 1")
}

func TestDue_PromotesInOrderAndTellsWhenTheNextOneIsDue(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	if n, next, err := l.store.Due(t.Context()); err != nil || n != 0 || next >= 0 {
		t.Errorf("nothing waits: %d, %v, %v", n, next, err)
	}
	var ids []int64
	for _, hours := range []int{3, 1, 2} {
		ids = append(ids, ask[int64](l, "select lessee.fn_job_enqueue('plain', p_run_at => clock_timestamp() + $1 * interval '1 hour')", hours))
	}
	if n, next, err := l.store.Due(t.Context()); err != nil || n != 0 || next <= 59*time.Minute || next > time.Hour {
		t.Errorf("%d, %v, %v", n, next, err)
	}
	l.exec("update lessee.job_queue set run_at = run_at - interval '150 minutes'")
	want(l, 1, "select promoted from lessee.fn_job_due(1)")
	l.inState(ids[1], job.Ready) // the earliest
	want(l, "1 true", "select promoted || ' ' || (next_ms between 29 * 60000 and 30 * 60000) from (select * from lessee.fn_job_due(1)) d")
	l.inState(ids[2], job.Ready)
	l.inState(ids[0], job.Scheduled)
	want(l, true, "select lessee.fn_job_hasten($1)", ids[0])
	want(l, false, "select lessee.fn_job_hasten($1)", ids[0])
	l.inState(ids[0], job.Ready)
}

func TestRetry_WaitsAsThePolicySays(t *testing.T) {
	l := newLaw(t)
	delay := func(policy string, attempt int, after any) (ms []float64) {
		t.Helper()
		return list[float64](l, `select extract(epoch from lessee.fn_retry_delay(lessee.fn_default_retry_policy() || $1, $2, $3))::float8 * 1000
			from generate_series(1, 200)`, policy, attempt, after)
	}
	for _, tc := range []struct {
		policy   string
		attempt  int
		after    any
		low, top float64
		spread   bool
	}{
		{`{"jitter": 0}`, 1, nil, 1000, 1000, false},
		{`{"jitter": 0}`, 2, nil, 2000, 2000, false},
		{`{"jitter": 0, "factor": 3, "base_ms": 10}`, 4, nil, 270, 270, false},
		{`{"jitter": 0}`, 1000, nil, 3600000, 3600000, false},
		{`{"jitter": 0, "factor": 100, "base_ms": 86400000, "cap_ms": 2592000000}`, 1000, nil, 2592000000, 2592000000, false},
		{`{"jitter": 0, "base_ms": 0}`, 5, nil, 0, 0, false},
		{`{}`, 1, nil, 800, 1200, true},
		{`{"jitter": 1}`, 3, nil, 0, 8000, true},
		{`{}`, 1, int64(50), 50, 50, false},
		{`{}`, 1, int64(0), 800, 1200, true},
		{`{}`, 1, int64(1) << 62, 2592000000, 2592000000, false},
	} {
		all := delay(tc.policy, tc.attempt, tc.after)
		low, top := slices.Min(all), slices.Max(all)
		if low < tc.low || top > tc.top || (low < top) != tc.spread || tc.spread && top-low < (tc.top-tc.low)/2 {
			t.Errorf("%s, attempt %d, after %v: from %v to %v ms, want %v to %v", tc.policy, tc.attempt, tc.after, low, top, tc.low, tc.top)
		}
	}

	l.class("plain", `retry_policy = '{"jitter": 0, "base_ms": 60000, "max_attempts": 3}'`)
	lease, j := l.held("plain")
	for attempt, minutes := range []int{1, 30} {
		o := outcome(j, job.Retry)
		o.Error = abi.Errorf("mine", "not now")
		if attempt == 1 {
			o.RetryAfterMS = 30 * 60000
		}
		l.expect(l.commit(lease, o)[0], job.Accepted, job.RetryWait, "mine")
		want(l, true, "select run_at - clock_timestamp() between $2 * interval '1 minute' - interval '10 seconds' and $2 * interval '1 minute' from lessee.job where id = $1", j.ID, minutes)
		l.due()
		j = l.claimOne(lease, "plain")
		if j.Attempt != attempt+2 {
			t.Errorf("attempt %d, want %d", j.Attempt, attempt+2)
		}
	}
	o := outcome(j, job.Retry)
	o.Error = abi.Errorf("mine", "never")
	l.expect(l.commit(lease, o)[0], job.Changed, job.DeadLettered, "mine")
	l.sound()
}

func TestRetry_OfAFailureThatThePolicyCallsPermanentIsADeadLetter(t *testing.T) {
	l := newLaw(t)
	l.class("plain", `retry_policy = '{"permanent_codes": ["hopeless", "overdue"]}'`)
	lease, j := l.held("plain")
	o := outcome(j, job.Retry)
	o.Error = abi.Errorf("hopeless", "why try")
	l.expect(l.commit(lease, o)[0], job.Changed, job.DeadLettered, "hopeless")
	_, j = l.held("plain")
	l.passTenSeconds()
	l.exec("update lessee.job_queue set overdue_at = clock_timestamp()")
	want(l, 1, "select lessee.fn_job_overdue(10)")
	l.inState(j.ID, job.DeadLettered)
}

func TestOverdue_TakesTheJobFromALiveHostAndBurnsTheAttempt(t *testing.T) {
	l := newLaw(t)
	l.class("plain", `limits = '{"wall_ms": 60000}', retry_policy = '{"max_attempts": 2}'`)
	lease, j := l.held("plain")
	want(l, true, "select overdue_at = leased_at + interval '130 seconds' from lessee.job_queue")
	want(l, 0, "select lessee.fn_job_overdue(10)")
	for _, state := range []job.State{job.RetryWait, job.DeadLettered} {
		l.passTenSeconds()
		l.exec("update lessee.job_queue set overdue_at = clock_timestamp()")
		if swept, err := l.store.Sweep(t.Context()); err != nil || swept.Overdue != 1 || swept.Rescued != 0 {
			t.Errorf("%+v, %v", swept, err)
		}
		l.inState(j.ID, state)
		l.expect(l.commit(lease, outcome(j, job.Succeed))[0], job.Stale, "", "not_held")
		if state == job.RetryWait {
			l.due()
			j = l.claimOne(lease, "plain")
		}
	}
	want(l, "overdue", "select error ->> 'code' from lessee.job where id = $1", j.ID)
	want(l, 0, "select crash_count from lessee.job where id = $1", j.ID)
	l.sound()
}

func TestExpire_EndsWhatIsLateAndLeavesWhatIsHeld(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "expires_after = interval '1 hour'")
	lease, held := l.held("plain")
	late := l.enqueue("plain")
	want(l, true, "select bool_and(expires_at = enqueued_at + interval '1 hour') from lessee.job")
	later := ask[int64](l, "select lessee.fn_job_enqueue('plain', p_run_at => '2999-01-01')")
	want(l, true, "select expires_at = run_at + interval '1 hour' from lessee.job where id = $1", later)
	l.exec("update lessee.job_queue set expires_at = clock_timestamp() where id <> $1", later)
	if jobs := l.claim(lease, "plain", 9); len(jobs) > 0 {
		t.Errorf("claimed expired jobs: %+v", jobs)
	}
	if swept, err := l.store.Sweep(t.Context()); err != nil || swept.Expired != 1 {
		t.Errorf("%+v, %v", swept, err)
	}
	l.inState(late, job.Expired)
	l.inState(later, job.Scheduled)
	l.inState(held.ID, job.Leased)
	l.expect(l.commit(lease, outcome(held, job.Succeed))[0], job.Accepted, job.Succeeded, "")
	l.sound()
}

func TestSweep_IsOneHostsAtATime(t *testing.T) {
	l := newLaw(t)
	tx, _ := l.begin()
	if _, err := tx.Exec(t.Context(), "select * from lessee.fn_sweep(10)"); err != nil {
		t.Fatal(err)
	}
	want(l, true, "select rescued is null and overdue is null and expired is null from lessee.fn_sweep(10)")
	if swept, err := l.store.Sweep(t.Context()); err != nil || swept != (job.Swept{}) {
		t.Errorf("%+v, %v", swept, err)
	}
}

func TestScans_OfThingsThatAreDueAreBoundedByTheirIndex(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "expires_after = interval '1 day'")
	l.exec(`insert into lessee.job_queue (class, state, priority, run_at, max_attempts, enqueued_at, expires_at)
		select 'plain', 'scheduled', 100, now() + interval '1 hour', 1, now(), now() + interval '1 day' from generate_series(1, 20000)`)
	l.exec("insert into lessee.job_idempotency select 'plain', i::text, i, now() + interval '1 hour' from generate_series(1, 20000) i")
	l.exec("analyze lessee.job_queue, lessee.job_idempotency")
	for index, call := range map[string]string{"job_queue_due": "fn_job_due(100)", "job_queue_expires": "fn_job_expire(100)", "job_idempotency_expires": "fn_sweep(100)"} {
		conn, err := l.db.Acquire(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		const read = "select pg_stat_get_xact_tuples_returned(indexrelid) + pg_stat_get_xact_tuples_returned(indrelid) from pg_index where indexrelid = $1::regclass"
		tx, err := conn.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tx.Exec(t.Context(), "set local search_path = lessee; select * from "+call); err != nil {
			t.Fatal(err)
		}
		if n, err := askOn[int64](t.Context(), tx, read, index); err != nil || n > 100 {
			t.Errorf("%s reads %d entries of %s or its table, %v", call, n, index, err)
		}
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
		conn.Release()
	}
}
