package postgres_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/job"
)

// claimTurn claims as a host does of a long line. over are claims that are.
func (l *law) claimTurn(lease int64, class string, limit int, over ...time.Time) []job.Job {
	l.Helper()
	claimed, err := l.store.ClaimFrom(l.Context(), lease, job.Ask{Wants: []job.Want{{Class: class, Slots: limit, Turn: true, List: true}}, Limit: limit, Over: over})
	if err != nil {
		l.Fatal(err)
	}
	return claimed.Jobs
}

// claims of a job of the class long, by a row and by a list.
var claims = map[string]string{
	"written": "select job_id from lessee.fn_job_claim($1, '{long}', '{1}', 1)",
	"listed":  "select job_id from lessee.fn_job_claim($1, '{long}', '{1}', 1, null, '{long}', '{long}')",
}

const unwritten = "select count(*)::int from lessee.job_queue q where q.state = 'ready' and q.fence = 0 and q.id in (select job_id from lessee.job_unwritten)"

func (l *law) enqueueBulk(class string, jobs int) {
	l.Helper()
	l.exec("select lessee.fn_job_enqueue_bulk((select jsonb_agg(jsonb_build_object('class', $1::text)) from generate_series(1, $2)))", class, jobs)
}

func TestUnwritten_AGrantCountsThoughItsRowsSayNothing(t *testing.T) {
	l := newLaw(t)
	l.class("long", "")
	l.enqueueBulk("long", 3)
	lease, other := l.lease(), l.lease()
	jobs := l.claimTurn(lease, "long", 2)
	if len(jobs) != 2 || jobs[0].Fence != 1 || jobs[0].Attempt != 1 || jobs[0].LeasedAt.IsZero() || jobs[0].Trace.TraceID == "" {
		t.Fatalf("claimed %+v", jobs)
	}
	want(l, 2, unwritten)
	want(l, true, "select state = 'leased' and lease_id = $2 and fence = 1 and attempt = 1 and leased_at = $3 from lessee.job where id = $1", jobs[0].ID, lease, jobs[0].LeasedAt)
	want(l, 2, "select jobs::int from lessee.class_count where class = 'long' and state = 'leased'")
	l.counted()
	want(l, 0, "select count(*)::int from lessee.fn_count_recount()")
	if left := append(l.claimTurn(other, "long", 9), l.claim(other, "long", 9)...); len(left) != 1 {
		t.Errorf("others were granted %d jobs, want the one that is left", len(left))
	}
	for _, o := range []job.Outcome{outcome(jobs[0], job.Succeed), outcome(jobs[0], job.Retry)} {
		l.expect(l.commit(other, o)[0], job.Stale, "", "not_held")
	}
	verdicts := l.commit(lease, outcome(jobs[0], job.Succeed), outcome(jobs[1], job.Retry))
	l.expect(verdicts[0], job.Accepted, job.Succeeded, "")
	l.expect(verdicts[1], job.Accepted, job.RetryWait, "")
	for _, j := range jobs {
		want(l, true, "select fence = 1 and attempt = 1 and lease_id = $2 and leased_at = $3 from lessee.job_attempt where job_id = $1", j.ID, lease, j.LeasedAt)
	}
	l.sound()
	l.counted()
}

func TestUnwritten_OnlyFirstGrantsOfRowsThatNobodyTouchedAre(t *testing.T) {
	l := newLaw(t)
	l.class("long", "expires_after = interval '1 hour'")
	l.enqueueBulk("long", 1)
	l.exec("update lessee.executor_class_registry set expires_after = null where class = 'long'")
	l.enqueueBulk("long", 2)
	lease := l.lease()
	if err := l.store.Release(t.Context(), lease, l.claimTurn(lease, "long", 2)[1:]); err != nil { // the second has been given back
		t.Fatal(err)
	}
	if jobs := l.claimTurn(lease, "long", 9); len(jobs) != 2 || jobs[0].Fence+jobs[1].Fence != 3 {
		t.Errorf("claimed %+v", jobs)
	}
	want(l, 1, unwritten)
	want(l, 2, "select count(*)::int from lessee.job_queue where state = 'leased'")
}

func TestUnwritten_NoneAreMadeWhileAClockThatWasSetBackIsThereAgain(t *testing.T) {
	l := newLaw(t)
	l.class("long", "")
	l.enqueueBulk("long", 2)
	lease := l.lease()
	l.exec("update lessee.queue_heartbeat set held_from = clock_timestamp() + interval '1 hour' where lease_id = $1", lease)
	if jobs := l.claimTurn(lease, "long", 1); len(jobs) != 1 {
		t.Fatalf("claimed %+v", jobs)
	}
	want(l, 1, "select count(*)::int from lessee.job_queue where state = 'leased'")
	want(l, 1, "select count(*)::int from lessee.fn_lease_jobs($1)", lease)
	if jobs := l.claimTurn(l.lease(), "long", 9); len(jobs) != 1 {
		t.Errorf("another claimed %+v", jobs)
	}
}

func TestUnwritten_ALotThatIsOverIsForgotten(t *testing.T) {
	l := newLaw(t)
	l.class("long", "")
	l.enqueueBulk("long", 3)
	lease := l.lease()
	first := l.claimTurn(lease, "long", 1)[0]
	second := l.claimTurn(lease, "long", 1)[0]
	l.commit(lease, outcome(first, job.Succeed))
	l.claimTurn(lease, "long", 0, first.LeasedAt)
	want(l, second.ID, "select job_id from lessee.job_unwritten")
	l.expect(l.commit(lease, outcome(second, job.Succeed))[0], job.Accepted, job.Succeeded, "")
	l.claimTurn(l.lease(), "long", 0, second.LeasedAt)
	want(l, 1, "select count(*)::int from lessee.job_unwritten") // it was not that lease's
}

// A claim reads only the lists that reach beyond its fronts. What lies beyond a
// front is seen differently from each of these.
func TestUnwritten_NoFrontHidesAListFromAClaim(t *testing.T) {
	const moment = "2026-01-01T00:00:00Z" // of all jobs, as of those that are enqueued in one statement
	for name, front := range map[string]job.Front{
		"within a moment":        {Priority: 100, RunAt: moment, Until: 1 << 14},
		"in its priority alone":  {Priority: 100, RunAt: "2025-01-01T00:00:00Z", Until: 101},
		"in an earlier priority": {Priority: 5, RunAt: "2027-01-01T00:00:00Z", Until: 1 << 14},
		"going on":               {Priority: 100, RunAt: "-infinity", Until: 1 << 14, On: true},
	} {
		front.Class = "long"
		for _, turn := range []bool{true, false} {
			for _, gathered := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s, turn %t, gathered %t", name, turn, gathered), func(t *testing.T) {
					l := newLaw(t)
					l.class("long", "")
					l.enqueueBulk("long", 3)
					l.exec("update lessee.job_queue set run_at = $1", moment)
					lease := l.lease()
					held := l.claimTurn(lease, "long", 2)
					if gathered { // but for rows that are locked, whose list is of no class
						locks := []func(){l.lock(held[0].ID), l.lock(held[1].ID)}
						l.exec("select lessee.fn_lease_gather($1, clock_timestamp())", lease)
						for _, release := range locks {
							release()
						}
					}
					claimed, err := l.store.ClaimFrom(t.Context(), l.lease(), job.Ask{
						Wants: []job.Want{{Class: "long", Slots: 9, Turn: turn, List: turn}}, Limit: 9, Fronts: []job.Front{front},
					})
					if err != nil {
						t.Fatal(err)
					}
					if jobs := claimed.Jobs; len(jobs) != 1 || jobs[0].ID == held[0].ID || jobs[0].ID == held[1].ID {
						t.Errorf("granted %+v, want the one that nobody holds", jobs)
					}
				})
			}
		}
	}
}

func TestUnwritten_TheHeartbeatWritesWhatStartedAndWhatLasts(t *testing.T) {
	l := newLaw(t)
	l.class("long", "")
	l.enqueueBulk("long", 3)
	lease := l.lease()
	jobs := l.claimTurn(lease, "long", 3)
	age := int64(1)
	held := []job.Held{{JobID: jobs[0].ID, Fence: 1, StartedMS: &age}, {JobID: jobs[1].ID, Fence: 1}, {JobID: jobs[2].ID, Fence: 1}}
	l.renew(lease, held...) // and is not told to stop any
	l.inState(jobs[0].ID, job.Running)
	want(l, 2, unwritten)
	l.exec("update lessee.queue_heartbeat set held_from = held_from - interval '10 seconds'")
	l.exec("update lessee.job_grant set granted_at = granted_at - interval '3 seconds'")
	lock := l.lock(jobs[1].ID)
	l.renew(lease, held...)
	want(l, jobs[1].ID, "select job_id from lessee.job_unwritten") // somebody looks at its row: later
	want(l, true, "select lease_id = $2 and overdue_at > leased_at + interval '10 seconds' from lessee.job_queue where id = $1", jobs[2].ID, lease)
	lock()
	if left := l.claimTurn(l.lease(), "long", 9); len(left) != 0 {
		t.Errorf("another was granted %+v", left)
	}
	l.renew(lease, held...)
	want(l, 0, unwritten)
	for _, j := range jobs {
		l.expect(l.commit(lease, outcome(j, job.Succeed))[0], job.Accepted, job.Succeeded, "")
	}
	l.renew(lease)
	want(l, true, "select held = '{}' from lessee.queue_heartbeat where lease_id = $1", lease)
	l.sound()
}

func TestUnwritten_AClaimGoesOnWhereTheLastOneOfAnyHostEnded(t *testing.T) {
	c := newClaimer(t)
	c.enqueue(2000)
	long := []job.Want{{Class: "plain", Slots: 10, Turn: true, List: true}}
	claimed, err := c.store.ClaimFrom(t.Context(), c.lease, job.Ask{Wants: long, Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	c.fronts.Note(claimed.Jobs)
	others := c.claimTurn(c.law.lease(), "plain", 1000)
	const claim = "select count(*) from lessee.fn_job_claim($1, '{plain}', '{10}', 10, $2, '{plain}', '{plain}')"
	if n := c.entriesRead(claim, c.lease, c.fronts.Ranges(long)); n > 100 {
		t.Errorf("read %d entries of the index", n)
	}
	next, err := c.store.ClaimFrom(t.Context(), c.lease, job.Ask{Wants: long, Limit: 10, Fronts: c.fronts.Ranges(long)})
	if err != nil || len(next.Jobs) != 10 || next.Jobs[0].ID != others[999].ID+1 {
		t.Errorf("claimed %+v, %v; want what follows job %d", next.Jobs, err, others[999].ID)
	}
	c.fronts.Learn(job.Survey{Fronts: c.fronts.List()}) // now and then it begins at its own front, so that nothing is missed
	if n := c.entriesRead(claim, c.lease, c.fronts.Ranges(long)); n < 1000 {
		t.Errorf("read only %d entries of the index: this measures nothing", n)
	}
}

// A row may be written while its end is on its way.
func TestUnwritten_AJobSucceedsThoughItsGrantIsWrittenMeanwhile(t *testing.T) {
	l := newLaw(t)
	l.class("long", "")
	l.enqueueBulk("long", 2)
	lease := l.lease()
	jobs := l.claimTurn(lease, "long", 2)
	writing, _ := l.begin()
	if _, err := writing.Exec(t.Context(), "select lessee.fn_grant_write(array[$1::bigint])", jobs[1].ID); err != nil {
		t.Fatal(err)
	}
	done := make(chan []job.Verdict, 1)
	go func() {
		verdicts, err := l.store.Commit(t.Context(), lease, []job.Outcome{outcome(jobs[0], job.Succeed), outcome(jobs[1], job.Succeed)}, 0)
		if err != nil {
			t.Error(err)
		}
		done <- verdicts
	}()
	l.await("the commit waits", "select exists (select from pg_stat_activity where wait_event_type = 'Lock' and query like '%fn_job_succeed%' and pid <> pg_backend_pid())")
	if err := writing.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, v := range <-done {
		l.expect(v, job.Accepted, job.Succeeded, "")
	}
	l.sound()
}

func TestUnwritten_CancelWaitsForTheClaimThatIsUnderWay(t *testing.T) {
	l := newLaw(t)
	l.class("long", "")
	l.enqueueBulk("long", 2)
	lease := l.lease()
	claiming, _ := l.begin()
	id, err := askOn[int64](t.Context(), claiming, "select job_id from lessee.fn_job_claim($1, '{long}', '{1}', 1, null, '{long}', '{long}')", lease)
	if err != nil {
		t.Fatal(err)
	}
	cancelling, pid := l.begin()
	answer := make(chan string, 1)
	go func() {
		said, err := askOn[string](t.Context(), cancelling, "select lessee.fn_job_cancel($1)", id)
		if err != nil {
			t.Error(err)
		}
		answer <- said
	}()
	l.blocked(pid)
	if err := claiming.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if said := <-answer; said != "requested" {
		t.Errorf("cancel said %q of a job that a host had just been granted", said)
	}
	if jobs := l.claimTurn(lease, "long", 9); len(jobs) != 1 || jobs[0].ID == id { // whoever cancels may take his time
		t.Errorf("claimed %+v while the cancel is not committed", jobs)
	}
	if err := cancelling.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.expect(l.commit(lease, job.Outcome{JobID: id, Fence: 1, Attempt: 1, Word: job.Cancel, SpanID: "00f067aa0ba902b7"})[0], job.Accepted, job.Cancelled, "")
}

// A host that is not told of a cancel gives the job back, in vain, and forgets it.
func TestUnwritten_ACancelledJobThatItsHostForgotIsCancelled(t *testing.T) {
	l := newLaw(t)
	l.class("long", "")
	l.enqueueBulk("long", 1)
	lease := l.lease()
	jobs := l.claimTurn(lease, "long", 1)
	l.exec("select lessee.fn_job_cancel($1)", jobs[0].ID)
	if err := l.store.Release(t.Context(), lease, jobs); err != nil {
		t.Fatal(err)
	}
	l.inState(jobs[0].ID, job.Leased)
	l.claimTurn(lease, "long", 0, jobs[0].LeasedAt)
	l.passTenSeconds()
	l.renew(lease)
	l.inState(jobs[0].ID, job.Cancelled)
	l.sound()
}

func TestUnwritten_AClaimLeavesAJobThatIsJustBeingCancelled(t *testing.T) {
	l := newLaw(t)
	l.class("long", "")
	l.enqueueBulk("long", 2)
	cancelling, _ := l.begin()
	id := ask[int64](l, "select min(id) from lessee.job_queue")
	if said, err := askOn[string](t.Context(), cancelling, "select lessee.fn_job_cancel($1)", id); err != nil || said != "cancelled" {
		t.Fatal(said, err)
	}
	lease := l.lease()
	if jobs := l.claimTurn(lease, "long", 9); len(jobs) != 1 || jobs[0].ID == id {
		t.Errorf("claimed %+v", jobs)
	}
	if err := cancelling.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if jobs := l.claimTurn(lease, "long", 9); len(jobs) != 1 || jobs[0].ID != id {
		t.Errorf("after all it was not cancelled, but claimed %+v", jobs)
	}
}

func TestUnwritten_ALeaseEndsOnlyAfterTheClaimThatIsUnderWay(t *testing.T) {
	for kind, claim := range claims {
		t.Run(kind, func(t *testing.T) { endAfterClaim(t, claim) })
	}
}

func endAfterClaim(t *testing.T, claim string) {
	l := newLaw(t)
	l.class("long", "")
	l.enqueueBulk("long", 2)
	lease := l.lease()
	held := l.claimTurn(lease, "long", 1)[0]
	claiming, _ := l.begin()
	late, err := askOn[int64](t.Context(), claiming, claim, lease)
	if err != nil {
		t.Fatal(err)
	}
	l.lapse(lease)
	sweeping, pid := l.begin()
	rescued := make(chan int, 1)
	go func() {
		n, err := askOn[int](t.Context(), sweeping, "select lessee.fn_job_rescue(100)")
		if err != nil {
			t.Error(err)
		}
		rescued <- n
	}()
	l.blocked(pid)
	if err := claiming.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := <-rescued; n != 2 {
		t.Errorf("rescued %d jobs, want 2", n)
	}
	if err := sweeping.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, id := range []int64{held.ID, late} {
		want(l, true, "select state = 'ready' and fence = 1 and attempt = 0 and crash_count = 1 from lessee.job where id = $1", id)
	}
	l.expect(l.commit(lease, outcome(held, job.Succeed))[0], job.Stale, "", "lease_lost")
	if jobs := l.claimTurn(lease, "long", 9); len(jobs) != 0 {
		t.Errorf("a lease that is over was granted %+v", jobs)
	}
	l.sound()
}

func TestUnwritten_AnExpiredLeaseEndsWhenNobodyLocksItsJobsAnyMore(t *testing.T) {
	l := newLaw(t)
	l.class("long", "")
	l.enqueueBulk("long", 2)
	lease := l.lease()
	jobs := l.claimTurn(lease, "long", 2)
	unlock := l.lock(jobs[0].ID)
	l.exec("select lessee.fn_lease_close($1)", lease)
	if n := l.rescue(); n != 1 {
		t.Errorf("rescued %d jobs, want the one that nobody has locked", n)
	}
	want(l, true, "select ended_at is null and expires_at <= clock_timestamp() from lessee.dot_iu_runtime_lease where lease_id = $1", lease)
	unlock()
	if n := l.rescue(); n != 1 {
		t.Errorf("rescued %d jobs, want the other", n)
	}
	want(l, "expired", "select end_reason from lessee.dot_iu_runtime_lease where lease_id = $1", lease)
	want(l, 2, "select count(*)::int from lessee.job where state = 'ready' and fence = 1 and crash_count = 1")
}

// Hosts that take turns and hosts that don't, and all else that moves jobs, at once.
func TestUnwritten_NoGrantIsEverGivenTwice(t *testing.T) {
	l := newLaw(t)
	c := crowd{law: l, classes: []string{"a", "b"}, given: map[job.Held]bool{}}
	for _, class := range c.classes {
		l.class(class, `retry_policy = '{"max_crashes": 1000}'`)
		l.enqueueBulk(class, 400)
	}
	var hosts sync.WaitGroup
	for n := range 6 {
		hosts.Go(func() { c.host(rand.New(rand.NewPCG(1, uint64(n)))) })
	}
	hosts.Wait()
	for l.rescue() > 0 {
	}
	want(l, 0, "select count(*)::int from lessee.job_unwritten")
	want(l, 0, "select count(*)::int from lessee.job where state in ('leased', 'running')")
	want(l, 0, "select count(*)::int from (select job_id, fence from lessee.job_attempt group by 1, 2 having count(*) > 1) d")
	t.Logf("%d grants; %s", len(c.given), ask[string](l, "select string_agg(format('%s %s', n, state), ', ') from (select state, count(*) n from lessee.job group by state) s"))
	l.sound()
	l.counted()
}

// crowd is many hosts at once.
type crowd struct {
	*law
	classes []string
	mu      sync.Mutex
	given   map[job.Held]bool
}

// host claims, settles some of what it holds, reports the rest and sweeps, and
// is lost now and then.
func (c *crowd) host(random *rand.Rand) {
	lease, held := c.lease(), []job.Job{}
	for range 150 {
		if random.IntN(40) == 0 {
			c.lapse(lease)
			lease, held = c.lease(), nil
		}
		held = append(held, c.claimSome(lease, random)...)
		random.Shuffle(len(held), func(i, j int) { held[i], held[j] = held[j], held[i] })
		some := random.IntN(len(held) + 1)
		c.settleSome(lease, held[:some], random)
		held = slices.Clone(held[some:])
		report := job.Report{}
		for _, j := range held {
			report.Held = append(report.Held, job.Held{JobID: j.ID, Fence: j.Fence})
		}
		if _, err := c.store.RenewLease(c.Context(), lease, report); err != nil {
			c.Error(err)
		}
		if _, err := c.store.Sweep(c.Context()); err != nil {
			c.Error(err)
		}
	}
	for _, j := range held {
		c.commit(lease, outcome(j, job.Succeed))
	}
	c.exec("select lessee.fn_lease_close($1)", lease)
}

func (c *crowd) claimSome(lease int64, random *rand.Rand) []job.Job {
	asked := job.Ask{Limit: 1 + random.IntN(8)}
	for _, class := range c.classes {
		turn := random.IntN(3)
		asked.Wants = append(asked.Wants, job.Want{Class: class, Slots: 8, Turn: turn > 0, List: turn > 1})
	}
	claimed, err := c.store.ClaimFrom(c.Context(), lease, asked)
	if err != nil {
		c.Error(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, j := range claimed.Jobs {
		grant := job.Held{JobID: j.ID, Fence: j.Fence}
		if c.given[grant] {
			c.Errorf("job %d was granted twice under fence %d", j.ID, j.Fence)
		}
		c.given[grant] = true
	}
	return claimed.Jobs
}

// settleSome gives jobs back or commits them, the latter, one time of three, after
// an operator has cancelled others and the heartbeat has found them all old.
func (c *crowd) settleSome(lease int64, some []job.Job, random *rand.Rand) {
	switch random.IntN(4) {
	case 0:
		if err := c.store.Release(c.Context(), lease, some); err != nil {
			c.Error(err)
		}
		return
	case 1:
		for _, id := range list[int64](c.law, "select id from lessee.job_queue where id % 50 = $1", random.IntN(50)) {
			c.exec("select lessee.fn_job_cancel($1)", id) // each by itself: a statement that cancels many can deadlock with commits, one of which then tries again
		}
		c.exec("update lessee.queue_heartbeat set held_from = held_from - interval '3 seconds' where lease_id = $1", lease) // first, so that none is overlooked
		c.exec("update lessee.job_grant set granted_at = granted_at - interval '3 seconds' where lease_id = $1", lease)
	}
	outcomes := make([]job.Outcome, len(some))
	for i, j := range some {
		outcomes[i] = outcome(j, []job.Word{job.Succeed, job.Succeed, job.Succeed, job.Release, job.Retry}[random.IntN(5)])
	}
	if len(outcomes) > 0 {
		c.commit(lease, outcomes...)
	}
}

// await waits until sql is true.
func (l *law) await(what, sql string, args ...any) {
	l.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ask[bool](l, sql, args...); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			l.Fatal(fmt.Sprint("never: ", what))
		}
	}
}

// Jobs whose ids lie close together are reached by one walk through an index, the
// others one by one.
func TestUnwritten_JobsAreReachedHoweverFarApartTheirIDsLie(t *testing.T) {
	for _, others := range []int{0, 1, 9} { // jobs of another class between any two
		l := newLaw(t)
		l.class("long", "")
		l.class("other", "")
		const jobs = 20
		for n := range jobs {
			l.exec("select lessee.fn_job_enqueue('long', $1::jsonb)", fmt.Sprint(n))
			l.exec("select lessee.fn_job_enqueue('other') from generate_series(1, $1)", others)
		}
		lease := l.lease()
		l.claimTurn(lease, "other", jobs*others/2)
		var outcomes []job.Outcome
		for n, j := range l.claimTurn(lease, "long", jobs) {
			if string(j.Payload) != fmt.Sprint(n) || j.Class != "long" {
				t.Errorf("%d others between: job %d in the line is %q of class %s", others, n, j.Payload, j.Class)
			}
			outcomes = append(outcomes, used(outcome(j, job.Succeed)))
		}
		l.commit(lease, outcomes...)
		want(l, jobs, short)
		want(l, jobs, "select count(*)::int from lessee.job_history where class = 'long' and state = 'succeeded'")
		want(l, jobs*others, "select count(*)::int from lessee.job_queue where class = 'other'")
		want(l, jobs*others/2, unwritten)
	}
}

// short counts what ended the short way, which a test tells by what it used.
const short = "select count(*)::int from lessee.job_history where wall_us is not null"

func used(o job.Outcome) job.Outcome {
	o.Usage = &abi.Usage{WallUS: 1}
	return o
}

// The short way looks a grant up by its place in the lists of its claim, of which
// there is one for each class and priority.
func TestUnwritten_TheShortWayFindsWhatIsListed(t *testing.T) {
	l := newLaw(t)
	wants := []job.Want{{Class: "b", Slots: 99, Turn: true, List: true}, {Class: "a", Slots: 99, Turn: true, List: true}}
	for _, w := range wants {
		l.class(w.Class, "")
		l.exec("select lessee.fn_job_enqueue($1, p_priority => 100 + n % 3, p_run_at => now() - n * interval '1 minute') from generate_series(1, 20) n", w.Class)
	}
	lease := l.lease()
	var outcomes []job.Outcome
	for _, limit := range []int{7, 2, 31} { // claims
		claimed, err := l.store.ClaimFrom(t.Context(), lease, job.Ask{Wants: wants, Limit: limit})
		if err != nil || len(claimed.Jobs) != limit {
			t.Fatalf("%d jobs, %v", len(claimed.Jobs), err)
		}
		for _, j := range claimed.Jobs {
			outcomes = append(outcomes, used(outcome(j, job.Succeed)))
		}
	}
	want(l, 40, unwritten)
	rand.Shuffle(len(outcomes), func(i, j int) { outcomes[i], outcomes[j] = outcomes[j], outcomes[i] })
	lied := outcomes[:5]
	for i := range lied { // of another list's place: whoever looks at each finds it all the same
		lied[i].Listed.Place++
	}
	for i, v := range l.commit(lease, outcomes[:25]...) {
		if v.Verdict != job.Accepted {
			t.Errorf("outcome %d: %+v", i, v)
		}
	}
	want(l, 20, short)
	// What a heartbeat has written into rows is in no list any more.
	l.exec("update lessee.job_grant set granted_at = granted_at - interval '3 seconds'")
	for i := range outcomes {
		outcomes[i].LeasedAt = outcomes[i].LeasedAt.Add(-3 * time.Second)
	}
	if _, err := l.store.RenewLease(t.Context(), lease, job.Report{}); err != nil {
		t.Fatal(err)
	}
	want(l, 0, unwritten)
	l.commit(lease, outcomes[25:]...)
	want(l, 35, short)
	l.sound()
}
