package postgres_test

import (
	"context"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/lessee-run/lessee/host/internal/job"
)

var plain = []job.Want{{Class: "plain", Slots: 1000}}

// claimer is a host that remembers the front of the queue.
type claimer struct {
	*law
	lease  int64
	fronts job.Fronts
}

// claim takes what it finds from its fronts on.
func (c *claimer) claim() (ids []int64) {
	c.Helper()
	claimed, err := c.store.ClaimFrom(c.Context(), c.lease, job.Ask{Wants: plain, Limit: 1000, Fronts: c.fronts.Ranges(plain)})
	if err != nil {
		c.Fatal(err)
	}
	var ended []string
	if len(claimed.Jobs) < 1000 {
		ended = []string{"plain"}
	}
	c.fronts.Note(claimed.Jobs, ended...)
	for _, j := range claimed.Jobs {
		ids = append(ids, j.ID)
	}
	return ids
}

// survey moves the fronts as far as they go: the horizon lags a call or two behind.
func (c *claimer) survey() {
	c.Helper()
	for range 4 {
		found, err := c.store.Survey(c.Context(), c.fronts.List(), c.fronts.Horizon())
		if err != nil {
			c.Fatal(err)
		}
		c.fronts.Learn(found)
	}
}

func (c *claimer) enqueue(n int) {
	c.Helper()
	c.exec("select lessee.fn_job_enqueue_bulk((select jsonb_agg(jsonb_build_object('class', 'plain')) from generate_series(1, $1)))", n)
}

func newClaimer(t *testing.T) *claimer {
	l := newLaw(t)
	l.class("plain", "")
	return &claimer{law: l, lease: l.lease()}
}

func (c *claimer) finds(what string, id int64) {
	c.Helper()
	if got := c.claim(); len(got) != 1 || got[0] != id {
		c.Errorf("%s: claimed %v, want %d", what, got, id)
	}
}

func TestFront_NeverPassesAJobThatIsCommittedLate(t *testing.T) {
	c := newClaimer(t)
	c.enqueue(10)
	c.claim()
	late, err := c.db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer late.Rollback(context.WithoutCancel(t.Context())) //nolint:errcheck // after its commit it says so
	id, err := askOn[int64](t.Context(), late, "select lessee.fn_job_enqueue('plain')")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 { // others pass it
		c.enqueue(10)
		if got := c.claim(); len(got) != 10 {
			t.Fatalf("claimed %v", got)
		}
		c.survey()
	}
	if err := late.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.finds("committed late", id)
}

func TestFront_NeverPassesAJobThatAnotherClaimHasLocked(t *testing.T) {
	c := newClaimer(t)
	c.enqueue(1)
	c.claim()
	id := ask[int64](c.law, "select lessee.fn_job_enqueue('plain')")
	other, err := c.db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Rollback(context.WithoutCancel(t.Context())) //nolint:errcheck // it was rolled back already
	if got, err := askOn[int64](t.Context(), other, "select job_id from lessee.fn_job_claim($1, '{plain}', '{9}', 9)", c.lease); err != nil || got != id {
		t.Fatal(got, err)
	}
	c.enqueue(10)
	c.claim()
	c.survey()
	if err := other.Rollback(t.Context()); err != nil { // a host dies in its claim
		t.Fatal(err)
	}
	c.finds("locked by a claim that came to nothing", id)
}

func TestFront_FindsWhatIsReadyAgainAndEveryPriority(t *testing.T) {
	c := newClaimer(t)
	c.exec("select lessee.fn_job_enqueue('plain', p_priority => 500)")
	back := c.claim()[0]
	c.survey()
	if err := c.store.Release(t.Context(), c.lease, []job.Job{{ID: back, Fence: 1}}); err != nil {
		t.Fatal(err)
	}
	c.finds("given back", back)
	c.survey()
	for _, priority := range []int{0, 1000, 250, 500, 499, 501} {
		c.finds("a priority of its own", ask[int64](c.law, "select lessee.fn_job_enqueue('plain', p_priority => $1)", priority))
		c.survey()
	}
	due := ask[int64](c.law, "select lessee.fn_job_enqueue('plain', p_priority => 500, p_run_at => clock_timestamp() + interval '1 hour')")
	c.exec("update lessee.job_queue set run_at = '2001-01-01' where id = $1", due)
	if _, _, err := c.store.Due(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.finds("due since long ago", due)
	past := ask[int64](c.law, "select lessee.fn_job_enqueue('plain', p_priority => 500, p_run_at => '2001-01-01')")
	c.finds("enqueued for the past", past)
}

func TestFront_OfOneClassHidesNoOther(t *testing.T) {
	c := newClaimer(t)
	c.class("other", "")
	c.enqueue(1)
	c.claim() // and knows of plain, but of no other
	id := ask[int64](c.law, "select lessee.fn_job_enqueue('other')")
	wants := append([]job.Want{{Class: "other", Slots: 1}}, plain...)
	claimed, err := c.store.ClaimFrom(t.Context(), c.lease, job.Ask{Wants: wants, Limit: 1000, Fronts: c.fronts.Ranges(wants)})
	if err != nil || len(claimed.Jobs) != 1 || claimed.Jobs[0].ID != id {
		t.Errorf("claimed %+v, %v; want job %d", claimed.Jobs, err, id)
	}
}

func TestFront_RecallBringsBackWhatGotBehindIt(t *testing.T) {
	c := newClaimer(t)
	c.enqueue(5)
	c.claim()
	c.survey()
	id := ask[int64](c.law, "select lessee.fn_job_enqueue('plain')")
	c.exec("update lessee.job_queue set run_at = '2001-01-01' where id = $1", id) // as if the clock had been set back
	if got := c.claim(); len(got) != 0 {
		t.Fatalf("claimed %v from behind the front", got)
	}
	if n, err := c.store.Recall(t.Context(), c.fronts.List()); err != nil || n != 1 {
		t.Fatalf("recalled %d, %v", n, err)
	}
	c.finds("recalled", id)
}

// A snapshot keeps dead entries from being cleaned; claims must not walk them.
func TestFront_ClaimsWalkNoDeadEntriesWhileASnapshotIsHeld(t *testing.T) {
	c := newClaimer(t)
	pin, err := c.db.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: pgx.RepeatableRead})
	if err != nil {
		t.Fatal(err)
	}
	defer pin.Rollback(context.WithoutCancel(t.Context())) //nolint:errcheck // nothing was done
	if _, err := pin.Exec(t.Context(), "select from lessee.job_queue"); err != nil {
		t.Fatal(err)
	}
	c.exec("update lessee.executor_class_registry set concurrency_per_host = 1000")
	for range 5 {
		c.enqueue(1000)
		if got := c.claim(); len(got) != 1000 {
			t.Fatalf("claimed %d", len(got))
		}
		c.survey()
	}
	c.enqueue(10)
	if n := c.entriesRead("select count(*) from lessee.fn_job_claim($1, '{plain}', '{10}', 10, $2)", c.lease, c.fronts.Ranges(plain)); n > 100 {
		t.Errorf("a claim from the front reads %d entries", n)
	}
	if n := c.entriesRead("select count(*) from lessee.fn_job_claim($1, '{plain}', '{10}', 10)", c.lease); n < 1000 {
		t.Errorf("a claim from the start reads %d entries: this test shows nothing", n)
	}
}

// entriesRead is how many entries of indexes, dead ones too, a statement reads. It is rolled back.
func (l *law) entriesRead(sql string, args ...any) int64 {
	l.Helper()
	tx, err := l.db.Begin(l.Context())
	if err != nil {
		l.Fatal(err)
	}
	defer tx.Rollback(context.WithoutCancel(l.Context()))                                                                                                //nolint:errcheck // that is what it is for
	const read = "select sum(pg_stat_get_xact_tuples_returned(oid))::bigint from pg_class where relnamespace = 'lessee'::regnamespace and relkind = 'i'" // since the session last reported
	before, err := askOn[int64](l.Context(), tx, read)
	if err != nil {
		l.Fatal(err)
	}
	if _, err := tx.Exec(l.Context(), sql, args...); err != nil {
		l.Fatalf("%s: %v", sql, err)
	}
	after, err := askOn[int64](l.Context(), tx, read)
	if err != nil {
		l.Fatal(err)
	}
	return after - before
}

// The plans of the hot path must not follow statistics: those of an emptied
// table would make each of many jobs scan all the others.
func TestPlans_OfTheHotPathDoNotFollowStatistics(t *testing.T) {
	c := newClaimer(t)
	c.exec("update lessee.executor_class_registry set concurrency_per_host = 1000")
	c.exec("analyze lessee.job_queue, lessee.job_payload, lessee.job_history")
	c.enqueue(5000)
	for step, sql := range map[string]string{
		"claim":  "select count(*) from lessee.fn_job_claim($1, '{plain}', '{1000}', 1000)",
		"renew":  "select alive from lessee.fn_lease_renew($1, (select jsonb_agg(jsonb_build_object('job_id', id, 'fence', fence, 'started_ms', 1)) from lessee.job_queue where state = 'leased'), '{}')",
		"commit": "select count(*) from lessee.fn_job_commit($1, (select jsonb_agg(jsonb_build_object('job_id', id, 'fence', fence, 'attempt', attempt, 'word', 'succeed', 'span_id', '00000000000000ff')) from lessee.job_queue where state = 'leased'))",
		"retry":  "select count(*) from lessee.fn_job_commit($1, (select jsonb_agg(jsonb_build_object('job_id', id, 'fence', fence, 'attempt', attempt, 'word', 'retry', 'span_id', '00000000000000ff')) from lessee.job_queue where state = 'leased'))",
	} {
		t.Run(step, func(t *testing.T) {
			tx, err := c.db.Begin(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			defer tx.Rollback(context.WithoutCancel(t.Context())) //nolint:errcheck // that is what it is for
			if step != "claim" {
				if _, err := tx.Exec(t.Context(), "select count(*) from lessee.fn_job_claim($1, '{plain}', '{1000}', 1000)", c.lease); err != nil {
					t.Fatal(err)
				}
			}
			const read = "select sum(pg_stat_get_xact_tuples_returned(oid))::bigint from pg_class where relnamespace = 'lessee'::regnamespace"
			before, err := askOn[int64](t.Context(), tx, read)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := tx.Exec(t.Context(), sql, c.lease); err != nil {
				t.Fatal(err)
			}
			after, err := askOn[int64](t.Context(), tx, read)
			if err != nil || after-before > 50_000 { // a job meets a few rows of some tables, and the test reads the table once
				t.Errorf("for 1000 jobs %d entries and rows are read, %v", after-before, err)
			}
		})
	}
}

func TestClaim_TakesALatePriorityBeforeAnEarlierOneWhenItHasWaitedASecondForEachStep(t *testing.T) {
	c := newClaimer(t)
	waited := func(priority, seconds int) int64 {
		id := ask[int64](c.law, "select lessee.fn_job_enqueue('plain', p_priority => $1)", priority)
		c.exec("update lessee.job_queue set run_at = run_at - $2 * interval '1 second' where id = $1", id, seconds)
		return id
	}
	c.enqueue(10) // of priority 100
	c.claim()
	c.enqueue(2000)
	starved, patient := waited(150, 51), waited(160, 59)
	for range 3 { // as many as there are priorities to be learned of
		c.survey()
	}
	got := c.claim()
	if len(got) != 1000 || got[0] != starved || slices.Contains(got, patient) {
		t.Errorf("claimed %d jobs, first %v; want job %d first, and not job %d, which has waited 59 s for 60 steps", len(got), got[:min(3, len(got))], starved, patient)
	}
}
