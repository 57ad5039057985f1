package postgres_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lessee-run/lessee/host/internal/job"
)

// counted checks that the counters tell the truth, before a fold and after.
func (l *law) counted() {
	l.Helper()
	const wrong = `
		with there as (
			select class, case state when 'running' then 'leased' else state end as state, count(*) as jobs from lessee.job group by 1, 2
		)
		select coalesce(jsonb_agg(jsonb_build_object('class', class, 'state', state, 'there', t.jobs, 'counted', c.jobs)), '[]')::text
		from there t full join lessee.class_count c using (class, state)
		where t.jobs is distinct from c.jobs`
	want(l, "[]", wrong)
	l.fold()
	want(l, 0, "select count(*)::int from lessee.job_count_recent")
	want(l, "[]", wrong)
	want(l, 0, "select count(*)::int from lessee.fn_count_recount()")
}

// fold adds the deltas up, those that are left by a limit, too.
func (l *law) fold() {
	l.Helper()
	for ask[int](l, "select lessee.fn_count_fold('0')") > 0 {
	}
}

func TestCount_TellsTheTruthAfterManyHostsWorkedAndSomeTransactionsWereRolledBack(t *testing.T) {
	l := newLaw(t)
	const classes, writers, rounds = 3, 6, 40
	for n := range classes {
		l.class(fmt.Sprint("c", n), `retry_policy = '{"base_ms": 1}'`)
	}
	var work, folds sync.WaitGroup
	var done atomic.Bool
	for n := range 2 {
		folds.Go(func() {
			for !done.Load() {
				if _, err := l.db.Exec(l.Context(), []string{"select lessee.fn_count_fold('0')", "select lessee.fn_sweep(100)"}[n]); err != nil {
					t.Errorf("fold: %v", err)
					return
				}
			}
		})
	}
	for n := range writers {
		w := &countWalk{law: l, random: rand.New(rand.NewPCG(1, uint64(n))), lease: l.lease(), classes: classes}
		work.Go(func() {
			for range rounds {
				if err := w.step(); err != nil {
					t.Errorf("writer %d: %v", n, err)
					return
				}
			}
		})
	}
	work.Wait()
	done.Store(true)
	folds.Wait()
	l.counted()
	want(l, true, "select (select sum(jobs) from lessee.job_count_minute where word = 'enqueue') = (select count(*) from lessee.job)")
}

// countWalk does things with jobs at random, in transactions of its own, of
// which some are rolled back.
type countWalk struct {
	*law
	random  *rand.Rand
	lease   int64
	classes int
}

func (w *countWalk) step() error {
	rollback := w.random.IntN(4) == 0
	err := pgx.BeginFunc(w.Context(), w.db, func(tx pgx.Tx) error {
		for range 1 + w.random.IntN(4) {
			if err := w.change(tx); err != nil {
				return err
			}
		}
		if rollback {
			return errRolledBack
		}
		return nil
	})
	if rollback && err == errRolledBack { //nolint:errorlint // it is that very one
		return nil
	}
	return err
}

var errRolledBack = fmt.Errorf("rolled back")

func (w *countWalk) change(tx pgx.Tx) (err error) {
	class := fmt.Sprint("c", w.random.IntN(w.classes))
	switch w.random.IntN(4) {
	case 0:
		_, err = tx.Exec(w.Context(), "select lessee.fn_job_enqueue($1, p_run_at => clock_timestamp() + $2 * interval '1 hour')", class, w.random.IntN(2))
	case 1:
		_, err = tx.Exec(w.Context(), `select * from lessee.fn_job_enqueue_bulk((select jsonb_agg(jsonb_build_object('class', $1::text)) from generate_series(1, 5)))`, class)
	case 2:
		_, err = tx.Exec(w.Context(), "select * from lessee.fn_job_claim($1, array[$2], array[5], 5)", w.lease, class)
	default:
		word := []job.Word{job.Succeed, job.Retry, job.DeadLetter, job.Release, job.Park}[w.random.IntN(5)]
		_, err = tx.Exec(w.Context(), `
			select * from lessee.fn_job_commit($1, (
				select coalesce(jsonb_agg(jsonb_build_object('job_id', q.id, 'fence', q.fence, 'attempt', q.attempt, 'word', $2::text, 'span_id', '00f067aa0ba902b7')), '[]')
				from (select * from lessee.job_queue where lease_id = $1 and class = $3 order by id limit 4) q))`, w.lease, string(word), class)
	}
	return err
}

func TestCount_MissesNothingThatCommitsAfterAFoldHasPassedIt(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	late, _ := l.begin()
	if _, err := late.Exec(l.Context(), "select lessee.fn_job_enqueue('plain')"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		l.enqueue("plain")
		l.fold()
	}
	want(l, 3, "select jobs::int from lessee.class_count where class = 'plain' and state = 'ready'")
	if err := late.Commit(l.Context()); err != nil {
		t.Fatal(err)
	}
	want(l, 4, "select jobs::int from lessee.class_count where class = 'plain' and state = 'ready'")
	l.counted()
}

func TestCount_FoldsAtMostOnceInSomeSecondsAndNeverTwoAtATime(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	l.enqueue("plain")
	want(l, 1, "select lessee.fn_count_fold()")
	l.enqueue("plain")
	want(l, 0, "select lessee.fn_count_fold('1 hour')")
	other, _ := l.begin()
	if n, err := askOn[int](l.Context(), other, "select lessee.fn_count_fold('0')"); err != nil || n != 1 {
		t.Fatalf("folded %d, %v", n, err)
	}
	l.enqueue("plain")
	want(l, 0, "select lessee.fn_count_fold('0')") // and does not wait
	if err := other.Rollback(l.Context()); err != nil {
		t.Fatal(err)
	}
	want(l, 2, "select lessee.fn_count_fold('0')")
	l.counted()
}

func TestCount_IsSeenWholeByASnapshotThatIsHeldWhileOthersFold(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	l.enqueue("plain")
	l.fold()
	l.enqueue("plain")
	held := l.holdSnapshot()
	const depth = "select jobs::int from lessee.class_count where class = 'plain' and state = 'ready'"
	if n, err := askOn[int](l.Context(), held, depth); err != nil || n != 2 {
		t.Fatalf("depth %d, %v", n, err)
	}
	l.fold()
	l.enqueue("plain")
	l.fold()
	if n, err := askOn[int](l.Context(), held, depth); err != nil || n != 2 {
		t.Errorf("the held snapshot sees %d jobs, %v", n, err)
	}
	want(l, 3, depth)
}

func TestCount_GoesOnInAClusterThatWasRestoredAndCountsTransactionsFromLowerIDs(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	l.enqueue("plain")
	l.fold()
	l.enqueue("plain")
	l.exec("update lessee.job_count_fold set front = '999999999999', xid = '999999999999'")
	l.exec("update lessee.job_count_delta set xid = '999999999999'") // by a restore; this one no fold has taken
	l.enqueue("plain")
	want(l, 3, "select jobs::int from lessee.class_count where state = 'ready'")
	l.counted()
	l.enqueue("plain")
	l.counted()
}

func TestCount_RecountCorrectsWhatSomebodyDidToTheTables(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	for range 3 {
		l.enqueue("plain")
	}
	l.fold()
	l.exec("delete from lessee.job_queue where id = (select min(id) from lessee.job_queue)")
	l.exec("update lessee.job_queue set state = 'waiting' where id = (select min(id) from lessee.job_queue)")
	want(l, "ready 3 1, waiting 0 1", "select string_agg(concat_ws(' ', state, counted, found), ', ') from lessee.fn_count_recount()")
	l.counted()
}

func TestCount_RatesAreWhatTheWordsWereInTheirWindow(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	say := func(word string, jobs int, ago string) {
		l.Helper()
		l.exec(`insert into lessee.job_count_delta (class, word, to_state, jobs, at) values ('plain', $1, 'ready', $2, clock_timestamp() - $3::text::interval)`, word, jobs, ago)
	}
	// A window is whole minutes and the one under way, so jobs times seconds gives them back.
	const inWindow = `select concat_ws(' ', minutes, round(enqueued * s), round(done * s), round(failed * s), round(failure_rate, 2))
		from (select *, minutes * 60 + extract(epoch from statement_timestamp() - date_bin('1 minute', statement_timestamp(), 'epoch')) as s from lessee.class_rate) r order by minutes`
	say("enqueue", 60, "0")
	say("succeed", 30, "0")
	say("claim", 99, "0")
	same(t, "rates without failures", list[string](l, inWindow), []string{"1 60 30 0 0.00", "10 60 30 0 0.00", "60 60 30 0 0.00"})
	l.fold()
	say("retry", 5, "0")
	say("dead_letter", 4, "5 minutes")
	say("rescue", 1, "50 minutes")
	say("rescue", 100, "90 minutes")
	rates := []string{"1 60 30 5 0.14", "10 60 30 9 0.23", "60 60 30 10 0.25"}
	same(t, "rates of deltas", list[string](l, inWindow), rates)
	l.fold()
	same(t, "rates of minutes", list[string](l, inWindow), rates)
}

func TestCount_MinutesLeaveAfterSomeHours(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	l.enqueue("plain")
	l.exec("update lessee.job_count_delta set at = at - interval '179 minutes'")
	l.fold()
	l.enqueue("plain")
	l.fold()
	want(l, 2, "select count(*)::int from lessee.job_count_minute")
	l.exec("update lessee.job_count_minute set minute = minute - interval '5 minutes'")
	l.exec("update lessee.job_count_fold set at = at - interval '5 minutes'")
	l.enqueue("plain")
	l.fold()
	want(l, 2, "select count(*)::int from lessee.job_count_minute")
	l.counted()
}

func TestCount_TheOldestReadyJobIsFoundWhateverLiesBeforeIt(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	l.class("other", "")
	want(l, 0, "select count(*)::int from lessee.fn_class_oldest()")
	lease := l.lease()
	agree := func() {
		t.Helper()
		want(l, true, `select not exists (
			select from (select class, min(run_at) as ready_since from lessee.job where state = 'ready' group by class) t
			full join lessee.fn_class_oldest() o using (class) where t.ready_since is distinct from o.ready_since)`)
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		switch class := []string{"plain", "other"}[random.IntN(2)]; random.IntN(5) {
		case 0, 1:
			l.exec("select lessee.fn_job_enqueue($1, p_priority => $2)", class, random.IntN(30))
		case 2:
			l.claim(lease, class, 1+random.IntN(3))
		case 3:
			l.exec(`select lessee.fn_job_release($1, (select jsonb_agg(jsonb_build_object('job_id', id, 'fence', fence)) from
				(select id, fence from lessee.job_queue where state = 'leased' order by random() limit 1) q))`, lease)
		default:
			l.fold()
		}
		agree()
	}
	want(l, true, "select jsonb_array_length(fronts) > 20 and horizon > '-infinity' from lessee.job_count_fold")
}

func TestCount_TheOldestReadyJobIsFoundThoughItsTransactionCommittedLate(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	late, _ := l.begin()
	if _, err := late.Exec(l.Context(), "select lessee.fn_job_enqueue('plain')"); err != nil {
		t.Fatal(err)
	}
	lease := l.lease()
	for range 3 {
		l.enqueue("plain")
		l.claimOne(lease, "plain")
		l.fold()
	}
	if err := late.Commit(l.Context()); err != nil {
		t.Fatal(err)
	}
	want(l, 1, "select count(*)::int from lessee.fn_class_oldest()")
}

func TestCount_ReadingCostsTheSameHoweverManyJobsThereAreAndWere(t *testing.T) {
	l := newLaw(t)
	for n := range 5 {
		l.class(fmt.Sprint("c", n), "")
	}
	l.enqueueMany(100)
	l.fold()
	const depth, all = "select * from lessee.class_count", "select * from lessee.fn_class_reading()"
	few, fewAll := l.buffers(depth), l.buffers(all)
	l.holdSnapshot() // keeps every dead row where it is
	l.enqueueMany(50_000)
	l.fold()
	l.succeedAllBut(1000)
	for range 100 { // and each leaves dead totals
		l.enqueueMany(5)
		l.fold()
	}
	l.foldPast(ask[time.Time](l, "select clock_timestamp()"))
	l.counted()

	const levels = 5 * 10 // the indexes get a level higher; that is all
	if many := l.buffers(depth); many > few+levels {
		t.Errorf("class_count reads %d buffers with 100 jobs and %d after 50,000", few, many)
	} else {
		t.Logf("class_count: %d buffers, then %d", few, many)
	}
	if many := l.buffers(all); many > fewAll+2*levels {
		t.Errorf("fn_class_reading reads %d buffers with 100 jobs and %d after 50,000", fewAll, many)
	} else {
		t.Logf("fn_class_reading: %d buffers, then %d", fewAll, many)
	}
}

// holdSnapshot holds one for as long as the test lasts.
func (l *law) holdSnapshot() pgx.Tx {
	l.Helper()
	tx, _ := l.begin()
	if _, err := tx.Exec(l.Context(), "set transaction isolation level repeatable read"); err != nil {
		l.Fatal(err)
	}
	if _, err := askOn[int](l.Context(), tx, "select 1"); err != nil {
		l.Fatal(err)
	}
	return tx
}

// enqueueMany makes ready jobs of the classes c0 to c4, with a delta each.
func (l *law) enqueueMany(jobs int) {
	l.Helper()
	l.exec(`with enqueued as (
			insert into lessee.job_queue (class, state, priority, run_at, max_attempts, enqueued_at)
			select 'c' || n % 5, 'ready', 100, m.ready, 3, m.ready from (select lessee.fn_queue_now() as ready) m, generate_series(1, $1::int) n returning class
		) insert into lessee.job_count_delta (class, word, to_state, jobs) select class, 'enqueue', 'ready', 1 from enqueued`, jobs)
}

// succeedAllBut takes the oldest ready jobs away as if they had succeeded.
func (l *law) succeedAllBut(left int) {
	l.Helper()
	l.exec(`with gone as (
			delete from lessee.job_queue where id in (select id from lessee.job_queue order by id limit (select count(*) - $1 from lessee.job_queue)) returning *
		), ended as (
			insert into lessee.job_history (job_id, fence, ended_at, enqueued_at, class, word, state, attempt, max_attempts, crash_count, priority)
			select id, 1, clock_timestamp(), enqueued_at, class, 'succeed', 'succeeded', 1, 3, 0, 100 from gone
		) insert into lessee.job_count_delta (class, word, from_state, to_state, jobs) select class, 'succeed', 'ready', 'succeeded', 1 from gone`, left)
}

// foldPast folds until the fronts can have passed a moment.
func (l *law) foldPast(moment time.Time) {
	l.Helper()
	for deadline := time.Now().Add(time.Minute); ask[bool](l, "select horizon <= $1 from lessee.job_count_fold", moment); {
		if time.Now().After(deadline) {
			l.Fatal("the horizon stands still")
		}
		l.enqueueMany(1)
		l.fold()
	}
}

// buffers is how many sql touches.
func (l *law) buffers(sql string) int {
	l.Helper()
	const plan = "explain (analyze, buffers, timing off, summary off, format json) "
	l.exec(sql) // what is read to plan it is not meant
	type node struct {
		Hit  int `json:"Shared Hit Blocks"`
		Read int `json:"Shared Read Blocks"`
	}
	out := ask[[]struct{ Plan node }](l, plan+sql)
	return out[0].Plan.Hit + out[0].Plan.Read
}
