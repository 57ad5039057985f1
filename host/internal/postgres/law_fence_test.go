package postgres_test

import (
	"context"
	"encoding/json"
	"sync"
	"testing"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/job"
)

func TestCommit_IsStaleUnderAnyPartOfAnotherFence(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	lease, j := l.held("plain")
	before := l.image()
	for name, spoil := range map[string]func(lease *int64, o *job.Outcome){
		"another lease":     func(lease *int64, _ *job.Outcome) { *lease = l.lease() },
		"an older fence":    func(_ *int64, o *job.Outcome) { o.Fence-- },
		"a newer fence":     func(_ *int64, o *job.Outcome) { o.Fence++ },
		"another attempt":   func(_ *int64, o *job.Outcome) { o.Attempt++ },
		"another job":       func(_ *int64, o *job.Outcome) { o.JobID++ },
		"no attempt at all": func(_ *int64, o *job.Outcome) { o.Attempt = 0 },
	} {
		for _, word := range []job.Word{job.Succeed, job.Retry, job.DeadLetter, job.Park, job.Release, job.Cancel} {
			of, o := lease, outcome(j, word)
			spoil(&of, &o)
			l.expect(l.commit(of, o)[0], job.Stale, "", "not_held")
		}
		if l.image() != before {
			t.Fatalf("%s changed a row", name)
		}
	}
	l.expect(l.commit(lease, outcome(j, job.Succeed))[0], job.Accepted, job.Succeeded, "")
}

func TestCommit_IsStaleOnceTheLeaseIsOver(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	for name, end := range map[string]func(lease int64){
		"expired, and nobody swept": l.lapse,
		"closed":                    func(lease int64) { l.exec("select lessee.fn_lease_close($1)", lease) },
	} {
		lease, j := l.held("plain")
		end(lease)
		before := l.image()
		l.expect(l.commit(lease, outcome(j, job.Succeed))[0], job.Stale, "", "lease_lost")
		if l.image() != before {
			t.Errorf("%s: the commit changed a row", name)
		}
		if jobs := l.claim(lease, "plain", 1); len(jobs) > 0 {
			t.Errorf("%s: the lease claimed a job", name)
		}
		if r, err := l.store.RenewLease(t.Context(), lease, job.Report{}); err != nil || r.Alive {
			t.Errorf("%s: renewal %+v, %v; a lease that is over stays so", name, r, err)
		}
		l.rescue()
		l.inState(j.ID, job.Ready)
		l.exec("select lessee.fn_job_cancel($1)", j.ID)
	}
}

func TestCommit_OfAZombieIsStaleAfterRescueAndAnotherClaim(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	zombie, old := l.held("plain")
	l.lapse(zombie)
	if n := l.rescue(); n != 1 {
		t.Fatalf("rescued %d jobs", n)
	}
	lease := l.lease()
	j := l.claimOne(lease, "plain")
	if j.ID != old.ID || j.Fence != old.Fence+1 || j.Attempt != old.Attempt {
		t.Fatalf("claimed %+v after %+v: want the same job and attempt under the next fence", j, old)
	}
	l.expect(l.commit(zombie, outcome(old, job.Succeed))[0], job.Stale, "", "lease_lost")
	l.expect(l.commit(lease, outcome(old, job.Succeed))[0], job.Stale, "", "not_held") // even under the right lease
	l.expect(l.commit(lease, outcome(j, job.Succeed))[0], job.Accepted, job.Succeeded, "")
	l.sound()
}

func TestCommit_OfAnEarlierGrantIsStaleThoughTheSameLeaseHoldsTheJobAgain(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	lease, old := l.held("plain")
	if err := l.store.Release(t.Context(), lease, []job.Job{old}); err != nil {
		t.Fatal(err)
	}
	j := l.claimOne(lease, "plain")
	if j.Attempt != old.Attempt {
		t.Fatalf("attempt %d after %d: release burned one", j.Attempt, old.Attempt)
	}
	verdicts := l.commit(lease, outcome(old, job.DeadLetter), outcome(j, job.Succeed))
	l.expect(verdicts[0], job.Stale, "", "not_held")
	l.expect(verdicts[1], job.Accepted, job.Succeeded, "")
	if err := l.store.Release(t.Context(), lease, []job.Job{old, j}); err != nil {
		t.Fatal(err)
	}
	l.inState(j.ID, job.Succeeded)
}

func TestRelease_UnderAStaleFenceOrOfAStartedJobChangesNothing(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	lease, j := l.held("plain")
	before := l.image()
	stale := j
	stale.Fence--
	if err := l.store.Release(t.Context(), lease, []job.Job{stale}); err != nil {
		t.Fatal(err)
	}
	if err := l.store.Release(t.Context(), l.lease(), []job.Job{j}); err != nil {
		t.Fatal(err)
	}
	if l.image() != before {
		t.Error("a stale release changed a row")
	}
	l.start(lease, j)
	if err := l.store.Release(t.Context(), lease, []job.Job{j}); err != nil {
		t.Fatal(err)
	}
	l.inState(j.ID, job.Running)
}

func TestRelease_OfAnExpiredLeaseIsHeardUntilSomebodyTakesTheJob(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	lease, j := l.held("plain")
	l.lapse(lease)
	if err := l.store.Release(t.Context(), lease, []job.Job{j}); err != nil {
		t.Fatal(err)
	}
	l.inState(j.ID, job.Ready)
	if n := l.rescue(); n != 0 {
		t.Errorf("rescued %d jobs after their release", n)
	}
	want(l, 0, "select crash_count from lessee.job")
	l.sound()
}

func (l *law) start(lease int64, j job.Job) {
	l.Helper()
	age := int64(5)
	if _, err := l.store.RenewLease(l.Context(), lease, job.Report{Held: []job.Held{{JobID: j.ID, Fence: j.Fence, StartedMS: &age}}}); err != nil {
		l.Fatal(err)
	}
	l.inState(j.ID, job.Running)
}

func TestCommit_RepeatedBecauseItsAnswerWasLostIsAcceptedAgainAndWritesNothing(t *testing.T) {
	l := newLaw(t)
	l.class("plain", `grants = '{"classes": ["plain"]}', retry_policy = '{"permanent_codes": ["broken"]}'`)
	for _, word := range []job.Word{job.Succeed, job.Retry, job.DeadLetter, job.Park, job.Release, job.Cancel} {
		lease, j := l.held("plain")
		o := outcome(j, word)
		if word == job.Succeed || word == job.Park {
			o.Enqueue = []abi.FollowUp{{Class: "plain"}}
		}
		first := l.commit(lease, o)[0]
		l.expect(first, job.Accepted, first.State, "")
		after := l.image()
		if again := l.commit(lease, o)[0]; again != first {
			t.Errorf("%s: %+v, then %+v", word, first, again)
		}
		l.lapse(lease)
		if again := l.commit(lease, o)[0]; again != first {
			t.Errorf("%s, after the lease: %+v, then %+v", word, first, again)
		}
		if l.image() != after {
			t.Errorf("%s, repeated, wrote something", word)
		}
		o.SpanID = "ffffffffffffffff" // another outcome of the same grant
		if v := l.commit(lease, o)[0]; v.Verdict != job.Stale {
			t.Errorf("%s: another outcome of an ended grant: %+v", word, v)
		}
		l.exec("select lessee.fn_job_cancel(id) from lessee.job_queue")
	}

	lease, j := l.held("plain")
	o := outcome(j, job.Retry)
	o.Error = abi.Errorf("broken", "for good")
	first := l.commit(lease, o)[0]
	l.expect(first, job.Changed, job.DeadLettered, "broken")
	if again := l.commit(lease, o)[0]; again != first {
		t.Errorf("changed: %+v, then %+v", first, again)
	}
	l.sound()
}

func TestCommit_TwoOutcomesOfOneGrantInOneCallHaveTheEffectsOfOne(t *testing.T) {
	l := newLaw(t)
	l.class("plain", `grants = '{"classes": ["plain"]}'`)
	lease, j := l.held("plain")
	o := outcome(j, job.Succeed)
	o.Enqueue = []abi.FollowUp{{Class: "plain"}}
	for _, v := range l.commit(lease, o, o) {
		l.expect(v, job.Accepted, job.Succeeded, "")
	}
	want(l, 2, "select count(*)::int from lessee.job")
	l.sound()
}

func TestCommit_AnOutcomeThatNoHostShouldSendFailsItsOwnJobOnly(t *testing.T) {
	l := newLaw(t)
	l.class("plain", `grants = '{"classes": ["plain"]}'`)
	lease := l.lease()
	var raw []map[string]any
	for _, spoil := range []map[string]any{
		{"word": "rescue"}, {"word": "no such word"}, {"word": nil}, {"word": "claim"},
		{"span_id": nil, "enqueue": []any{map[string]any{"class": "plain"}}}, {"span_id": "0000000000000000"}, {"span_id": "short"},
		{"enqueue": "not a list"}, {"enqueue": []any{1}}, {"enqueue": []any{map[string]any{"class": "plain", "run_at": "no time"}}},
		{"commands": map[string]any{}}, {"events": 7}, {"error": "no object", "word": "retry"}, {"retry_after_ms": -1, "word": "retry"},
		{"word": "succeed", "output": map[string]any{"fine": true}},
	} {
		l.enqueue("plain")
		j := l.claimOne(lease, "plain")
		var o map[string]any
		data, _ := json.Marshal(outcome(j, job.Succeed))
		if err := json.Unmarshal(data, &o); err != nil {
			t.Fatal(err)
		}
		for k, v := range spoil {
			o[k] = v
		}
		raw = append(raw, o)
	}
	verdicts := l.commitRaw(lease, raw...)
	for i, code := range []string{"host_error", "host_error", "host_error", "host_error", "", "", "", "result_invalid", "result_invalid", "result_invalid", "result_invalid", "result_invalid", "", "", ""} {
		switch {
		case i < 4 || code != "":
			l.expect(verdicts[i], job.Changed, job.RetryWait, code)
		case raw[i]["word"] == "retry":
			l.expect(verdicts[i], job.Accepted, job.RetryWait, "")
		default:
			l.expect(verdicts[i], job.Accepted, job.Succeeded, "")
		}
	}
	l.sound()
}

func TestRescue_RacingWithCommitHasExactlyOneWinner(t *testing.T) {
	l := newLaw(t)
	l.class("plain", `retry_policy = '{"max_crashes": 1000}', grants = '{"classes": ["done"]}'`)
	l.class("done", "")
	accepted, rescued := 0, 0
	for range 150 {
		lease, j := l.held("plain")
		o := outcome(j, job.Succeed)
		o.Enqueue = []abi.FollowUp{{Class: "done"}}
		var verdicts []job.Verdict
		var commitErr, rescueErr error
		var took int
		var wg sync.WaitGroup
		wg.Go(func() { verdicts, commitErr = l.store.Commit(context.Background(), lease, []job.Outcome{o}, 0) })
		wg.Go(func() {
			// The lease ends in the very transaction that rescues, so that the two meet on the job.
			_, rescueErr = l.db.Exec(context.Background(), `update lessee.dot_iu_runtime_lease set expires_at = clock_timestamp() where lease_id = $1`, lease)
			if rescueErr == nil {
				took, rescueErr = askOn[int](context.Background(), l.db, "select lessee.fn_job_rescue(1000)")
			}
		})
		wg.Wait()
		if commitErr != nil || rescueErr != nil {
			t.Fatalf("commit: %v, rescue: %v", commitErr, rescueErr)
		}
		won := verdicts[0].Verdict == job.Accepted
		if won {
			accepted++
			took += l.rescue()
		} else {
			took += l.rescue() // skipped while the stale commit looked at it
			rescued++
		}
		if won == (took == 1) {
			t.Fatalf("commit won: %v, rescue took %d", won, took)
		}
		l.exec("select lessee.fn_job_cancel(id) from lessee.job_queue where class = 'plain'")
	}
	l.sound()
	want(l, accepted, "select count(*)::int from lessee.job where class = 'done'")
	t.Logf("commit won %d times, rescue %d times", accepted, rescued)
}

func TestCommit_ThatHoldsTheJobIsNotOvertakenByARescue(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	lease, j := l.held("plain")
	tx, _ := l.begin()
	data, _ := json.Marshal([]job.Outcome{outcome(j, job.Succeed)})
	if _, err := tx.Exec(t.Context(), "select * from lessee.fn_job_commit($1, $2)", lease, string(data)); err != nil {
		t.Fatal(err)
	}
	l.lapse(lease)
	if n := l.rescue(); n != 0 {
		t.Fatalf("the rescue took %d jobs out of a commit's hands", n)
	}
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.inState(j.ID, job.Succeeded)
	if n := l.rescue(); n != 0 {
		t.Fatalf("the rescue took %d jobs that had ended", n)
	}
}

func TestCommit_ThatWaitsForARescueIsStale(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	lease, j := l.held("plain")
	tx, _ := l.begin()
	if _, err := tx.Exec(t.Context(), "update lessee.dot_iu_runtime_lease set expires_at = clock_timestamp() where lease_id = $1", lease); err != nil {
		t.Fatal(err)
	}
	if n, err := askOn[int](t.Context(), tx, "select lessee.fn_job_rescue(10)"); err != nil || n != 1 {
		t.Fatalf("rescued %d, %v", n, err)
	}
	committer, pid := l.begin()
	data, _ := json.Marshal([]job.Outcome{outcome(j, job.Succeed)})
	done := make(chan error, 1)
	var verdict string
	go func() {
		var err error
		verdict, err = askOn[string](context.Background(), committer, "select verdict from lessee.fn_job_commit($1, $2)", lease, string(data))
		done <- err
	}()
	l.blocked(pid)
	if err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil || verdict != job.Stale {
		t.Fatalf("verdict %q, %v; want stale", verdict, err)
	}
	l.inState(j.ID, job.Ready)
}

func TestHeartbeat_NeverWaitsForACommit(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	lease, j := l.held("plain")
	tx, _ := l.begin() // a commit with a slow command holds its jobs like this
	if _, err := tx.Exec(t.Context(), "select from lessee.job_queue where id = $1 for update", j.ID); err != nil {
		t.Fatal(err)
	}
	beat, _ := l.begin()
	held, _ := json.Marshal([]job.Held{{JobID: j.ID, Fence: j.Fence, StartedMS: new(int64)}})
	if _, err := beat.Exec(t.Context(), "set local lock_timeout = '1ms'"); err != nil {
		t.Fatal(err)
	}
	if alive, err := askOn[bool](t.Context(), beat, "select alive from lessee.fn_lease_renew($1, $2, '{}')", lease, string(held)); err != nil || !alive {
		t.Fatalf("alive %v, %v", alive, err)
	}
}

func TestHeartbeat_TellsWhatToStopAndWhy(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	lease, cancelled := l.held("plain")
	l.enqueue("plain")
	lost := l.claimOne(lease, "plain")
	l.enqueue("plain")
	fine := l.claimOne(lease, "plain")
	want(l, "requested", "select lessee.fn_job_cancel($1)", cancelled.ID)
	l.expect(l.commit(lease, outcome(lost, job.Release))[0], job.Accepted, job.Ready, "")
	var held []job.Held
	for _, j := range []job.Job{cancelled, lost, fine} {
		held = append(held, job.Held{JobID: j.ID, Fence: j.Fence})
	}
	r, err := l.store.RenewLease(t.Context(), lease, job.Report{Held: held, Classes: map[string]job.Readiness{"plain": {Ready: true}}})
	if err != nil || !r.Alive || len(r.Stop) != 2 {
		t.Fatalf("%+v, %v", r, err)
	}
	for _, s := range r.Stop {
		if (s.JobID == cancelled.ID && s.Why != job.StopCancel) || (s.JobID == lost.ID && s.Why != job.StopLost) || s.JobID == fine.ID {
			t.Errorf("stop %+v", s)
		}
	}
	want(l, 3, "select in_flight from lessee.queue_heartbeat where lease_id = $1", lease)
	if r, err := l.store.RenewLease(t.Context(), lease, job.Report{}); err != nil || !r.Alive || len(r.Stop) > 0 {
		t.Errorf("a host that holds nothing: %+v, %v", r, err)
	}
	want(l, "0 {}", "select in_flight || ' ' || classes from lessee.queue_heartbeat where lease_id = $1", lease)
}

func TestRescue_CountsCrashesAndBurnsNoAttemptUntilThePoisonJobIsDeadLettered(t *testing.T) {
	l := newLaw(t)
	l.class("plain", `retry_policy = '{"max_crashes": 3, "max_attempts": 2}'`)
	id := l.enqueue("plain")
	for crash := 1; crash <= 3; crash++ {
		lease := l.lease()
		if j := l.claimOne(lease, "plain"); j.Attempt != 1 || j.Fence != crash {
			t.Fatalf("crash %d: %+v", crash, j)
		}
		l.lapse(lease)
		l.rescue()
		want(l, crash, "select crash_count from lessee.job where id = $1", id)
	}
	l.inState(id, job.DeadLettered)
	want(l, "host_lost", "select error ->> 'code' from lessee.job_dead_letter where job_id = $1", id)
	want(l, "{rescue,rescue,dead_letter}", "select array_agg(word order by fence)::text from lessee.job_attempt where job_id = $1", id)
	l.sound()
}

func TestAttempts_AreNotBurnedByReleaseParkOrRescue(t *testing.T) {
	l := newLaw(t)
	l.class("plain", `retry_policy = '{"max_attempts": 1, "max_crashes": 100}'`)
	id := l.enqueue("plain")
	for round := range 4 {
		lease := l.lease()
		j := l.claimOne(lease, "plain")
		if j.Attempt != 1 || j.Fence != round+1 {
			t.Fatalf("round %d: %+v", round, j)
		}
		switch round {
		case 0:
			l.expect(l.commit(lease, outcome(j, job.Release))[0], job.Accepted, job.Ready, "")
		case 1:
			l.expect(l.commit(lease, outcome(j, job.Park))[0], job.Accepted, job.Waiting, "")
			want(l, true, "select lessee.fn_job_resume($1)", id)
		case 2:
			l.lapse(lease)
			l.rescue()
		case 3:
			l.expect(l.commit(lease, outcome(j, job.Retry))[0], job.Changed, job.DeadLettered, "") // the one attempt it had
		}
	}
	l.sound()
}

func TestCancel_OfAHeldJobIsDecidedByWhatItsHostSaysNext(t *testing.T) {
	l := newLaw(t)
	l.class("plain", `grants = '{"classes": ["plain"]}'`)
	for word, state := range map[job.Word]job.State{
		job.Succeed: job.Succeeded, job.Retry: job.Cancelled, job.DeadLetter: job.Cancelled, job.Park: job.Cancelled,
		job.Release: job.Cancelled, job.Cancel: job.Cancelled, job.Rescue: job.Cancelled,
	} {
		lease, j := l.held("plain")
		want(l, "requested", "select lessee.fn_job_cancel($1)", j.ID)
		want(l, "requested", "select lessee.fn_job_cancel($1)", j.ID)
		if word == job.Rescue {
			l.lapse(lease)
			l.rescue()
		} else {
			o := outcome(j, word)
			if word == job.Park {
				o.Enqueue = []abi.FollowUp{{Class: "plain"}}
			}
			l.commit(lease, o)
		}
		l.inState(j.ID, state)
		want(l, string(state), "select lessee.fn_job_cancel($1)", j.ID)
	}
	want(l, 0, "select count(*)::int from lessee.job_queue") // the cancelled park had no effects
	l.sound()
}
