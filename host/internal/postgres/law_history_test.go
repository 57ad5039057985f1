package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/host/internal/postgres"
)

// partitioned are the tables of the history.
var partitioned = []string{"dot_iu_command_run", "job_history", "job_payload"}

// maintain maintains the history as a host does, and says what became of the
// partitions: "dropped job_history_20260101".
func (l *law) maintain() []string {
	l.Helper()
	done, err := l.store.MaintainHistory(l.Context())
	if err != nil {
		l.Fatal(err)
	}
	return acts(done)
}

func acts(done job.Maintained) (all []string) {
	for _, u := range done.Partitions {
		all = append(all, strings.TrimSpace(u.Act+" "+u.Partition+" "+u.Why))
	}
	return all
}

// day is a UTC day, so many before today, as partitions are named.
func (l *law) day(ago int) string {
	l.Helper()
	return ask[string](l, "select to_char((clock_timestamp() at time zone 'UTC')::date - $1::integer, 'YYYYMMDD')", ago)
}

// daysAgo gives the tables partitions of a day that is past.
func (l *law) daysAgo(ago int, tables ...string) {
	l.Helper()
	for _, table := range tables {
		l.exec(fmt.Sprintf("begin; set local role lessee_owner; select lessee.fn_history_add('%s', '%s', 1000000000); commit", table, l.day(ago)))
		if !l.exists(table + "_" + l.day(ago)) {
			l.Fatalf("%s has no partition of %d days ago", table, ago)
		}
	}
}

// age makes all that is known of a job, live or ended, so many days older.
func (l *law) age(id int64, days int) {
	l.Helper()
	for _, sql := range []string{
		"update lessee.job_queue set enqueued_at = enqueued_at - make_interval(days => $2) where id = $1",
		"update lessee.job_payload set enqueued_at = enqueued_at - make_interval(days => $2) where job_id = $1",
		"update lessee.job_history set enqueued_at = enqueued_at - make_interval(days => $2), ended_at = ended_at - make_interval(days => $2) where job_id = $1",
		"update lessee.dot_iu_command_run set started_at = started_at - make_interval(days => $2), ended_at = ended_at - make_interval(days => $2) where job_id = $1",
		"update lessee.job_dead_letter set enqueued_at = enqueued_at - make_interval(days => $2), replayed_at = replayed_at - make_interval(days => $2) where job_id = $1",
	} {
		l.exec(sql, id, days)
	}
}

// ended is a job that succeeded, with a command run, so many days ago.
func (l *law) ended(days int) int64 {
	l.Helper()
	lease, j := l.held("plain")
	o := outcome(j, job.Succeed)
	o.Output = []byte(`{"pages": 3}`)
	l.expect(l.commit(lease, o)[0], job.Accepted, job.Succeeded, "")
	l.exec(`insert into lessee.dot_iu_command_run (job_id, fence, command, role, args, succeeded, started_at, ended_at, trace_id, span_id)
		values ($1, 1, 'publish', 'pages', '{}', true, clock_timestamp(), clock_timestamp(), '', '')`, j.ID)
	l.age(j.ID, days)
	return j.ID
}

func (l *law) exists(table string) bool {
	l.Helper()
	return ask[bool](l, "select to_regclass('lessee.' || $1) is not null", table)
}

func newHistory(t *testing.T) *law {
	l := newLaw(t)
	l.class("plain", "")
	return l
}

func TestHistory_ThePartitionsOfDaysToComeAreThereBeforeTheFirstJob(t *testing.T) {
	l := newHistory(t)
	for _, table := range partitioned {
		for ahead := range 4 {
			if name := table + "_" + l.day(-ahead); !l.exists(name) {
				t.Errorf("no partition %s", name)
			}
		}
	}
	l.ended(0)
	for _, table := range partitioned {
		want(l, 1, "select count(*)::int from lessee."+table)
		want(l, 0, "select count(*)::int from lessee."+table+"_other")
	}
	same(t, "maintenance of what is in order", l.maintain(), nil)
}

func TestHistory_PartitionsGoWhenTheirRetentionIsOver(t *testing.T) {
	l := newHistory(t)
	for _, days := range []int{29, 31, 33} {
		l.daysAgo(days, partitioned...)
	}
	kept, gone, older := l.ended(29), l.ended(31), l.ended(33)
	same(t, "what became of partitions", l.maintain(), []string{
		"dropped dot_iu_command_run_" + l.day(31), "dropped dot_iu_command_run_" + l.day(33),
		"dropped job_history_" + l.day(31), "dropped job_history_" + l.day(33),
		"dropped job_payload_" + l.day(33), // that of the day 31 goes a day later
	})
	for _, table := range []string{"job_history", "dot_iu_command_run"} {
		want(l, kept, "select job_id from lessee."+table)
	}
	l.inState(kept, job.Succeeded)
	for _, id := range []int64{gone, older} {
		l.refused("LS404", []string{"is not known"}, "select lessee.fn_job_state($1)", id)
	}

	l.exec("update lessee.runtime_setting set value = '20' where name = 'history.retention_days'")
	same(t, "with a shorter retention", l.maintain(), []string{
		"dropped dot_iu_command_run_" + l.day(29), "dropped job_history_" + l.day(29), "dropped job_payload_" + l.day(29), "dropped job_payload_" + l.day(31),
	})
	same(t, "again", l.maintain(), nil)
}

func TestHistory_ManyPartitionsGoInOneMaintenance(t *testing.T) {
	l := newHistory(t)
	for days := range 25 {
		l.daysAgo(40+days, "job_history")
	}
	if done := l.maintain(); len(done) != 25 {
		t.Fatalf("%d went: %v", len(done), done)
	}
}

func TestHistory_ThePayloadOfALiveJobStays(t *testing.T) {
	l := newHistory(t)
	l.daysAgo(90, "job_payload")
	id := ask[int64](l, `select lessee.fn_job_enqueue('plain', '{"n": 1}')`)
	l.age(id, 90)
	needed := []string{"left job_payload_" + l.day(90) + " needed by live job " + fmt.Sprint(id)}
	same(t, "while the job lives", l.maintain(), needed)

	lease := l.lease()
	j := l.claimOne(lease, "plain")
	if string(j.Payload) != `{"n": 1}` {
		t.Errorf("payload: %s", j.Payload)
	}
	l.commit(lease, outcome(j, job.Succeed))
	same(t, "while its history is kept", l.maintain(), []string{"left job_payload_" + l.day(90) + " needed by the history of job " + fmt.Sprint(id)})
	want(l, 1, "select count(*)::int from lessee.job_attempt where job_id = $1 and trace_id is not null", id)

	l.exec("truncate lessee.job_history")
	same(t, "when nothing refers to it", l.maintain(), []string{"dropped job_payload_" + l.day(90)})
}

func TestHistory_AJobOfAnOlderPartitionIsShownWhole(t *testing.T) {
	l := newHistory(t)
	l.daysAgo(20, partitioned...)
	id := l.ended(20)
	l.maintain()
	shown, err := postgres.NewDesk(l.db).Job(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if shown.State != "succeeded" || string(shown.Output) != `{"pages": 3}` || len(shown.Attempts) != 1 || len(shown.CommandRuns) != 1 || shown.Traceparent == nil || shown.EnqueuedBy == nil {
		t.Errorf("shown: %+v", shown)
	}
}

func TestHistory_AHostsLoginAndAnOperatorsMaintain(t *testing.T) {
	l := newHistory(t)
	for i, role := range []string{"lessee_host", "lessee_operator"} {
		l.daysAgo(40+i, "job_history")
		l.exec("drop table lessee.job_history_" + l.day(-3))
		pool := l.login(role)
		want(l, false, "select rolsuper from pg_roles where rolname = $1", pool.Config().ConnConfig.User)
		done, err := postgres.NewStore(pool).MaintainHistory(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		same(t, "by "+role, acts(done), []string{"created job_history_" + l.day(-3), "dropped job_history_" + l.day(40+i)})
		want(l, "lessee_owner", "select relowner::regrole::text from pg_class where oid = to_regclass('lessee.job_history_' || $1)", l.day(-3))
	}
}

func TestHistory_OfManyMaintainersEachPartitionHasOne(t *testing.T) {
	l := newHistory(t)
	for days := range 5 {
		l.daysAgo(40+days, "job_history")
	}
	l.exec("drop table lessee.job_payload_" + l.day(-2))
	var mu sync.Mutex
	var all []string
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			done, err := l.store.MaintainHistory(context.WithoutCancel(t.Context()))
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, act := range acts(done) {
				if !strings.Contains(act, "another maintenance") {
					all = append(all, act)
				}
			}
		})
	}
	wg.Wait()
	all = append(all, l.maintain()...) // what one found the other at
	same(t, "what was done, by whomever", all, []string{
		"created job_payload_" + l.day(-2),
		"dropped job_history_" + l.day(44), "dropped job_history_" + l.day(43), "dropped job_history_" + l.day(42), "dropped job_history_" + l.day(41), "dropped job_history_" + l.day(40),
	})
}

func TestHistory_RowsOfADayWithoutAPartitionAreMovedThere(t *testing.T) {
	l := newHistory(t)
	for _, table := range partitioned {
		l.exec("drop table lessee." + table + "_" + l.day(0))
	}
	id := l.ended(0)
	before := l.image()
	for _, table := range partitioned {
		want(l, 1, "select count(*)::int from lessee."+table+"_other")
	}
	same(t, "what was made", l.maintain(), []string{"created dot_iu_command_run_" + l.day(0), "created job_history_" + l.day(0), "created job_payload_" + l.day(0)})
	for _, table := range partitioned {
		want(l, 0, "select count(*)::int from lessee."+table+"_other")
		want(l, id, "select job_id from lessee."+table+"_"+l.day(0))
	}
	if after := l.image(); after != before {
		t.Errorf("before: %s\nafter: %s", before, after)
	}
}

func TestHistory_ADayWithManyRowsStaysInTheDefaultPartition(t *testing.T) {
	l := newHistory(t)
	l.exec("drop table lessee.job_history_" + l.day(0))
	l.exec("drop table lessee.job_history_" + l.day(-1))
	l.exec(`insert into lessee.job_history (job_id, fence, ended_at, enqueued_at, class, word, state, attempt, max_attempts, crash_count, priority)
		select i, 1, clock_timestamp(), clock_timestamp(), 'plain', 'succeed', 'succeeded', 1, 5, 0, 100 from generate_series(1, 10001) i`)
	same(t, "today and tomorrow", l.maintain(), []string{"created job_history_" + l.day(-1),
		"left job_history_" + l.day(0) + " the default partition job_history_other holds more than 10000 rows of that day; it keeps them"})

	l.exec("drop table lessee.job_history_" + l.day(-1))
	if why := ask[string](l, "select lessee.fn_history_add('job_history', $1::date, 100000)", l.day(-1)); !strings.Contains(why, "history maintain --patient") {
		t.Errorf("a default that is too big: %s", why)
	}
	l.exec("update lessee.job_history_other set ended_at = ended_at - interval '31 days'")
	done, err := l.store.MaintainHistory(t.Context())
	if err != nil || done.Purged.Unpartitioned != 10001 {
		t.Errorf("%+v, %v", done, err)
	}
	want(l, 0, "select count(*)::int from lessee.job_history_other")
}

func TestHistory_EnqueuersMeetNoPartitionHalfMade(t *testing.T) {
	l := newHistory(t)
	for range 5 {
		l.exec("drop table lessee.job_payload_" + l.day(0))
		ctx, stop := context.WithCancel(t.Context())
		var enqueuers sync.WaitGroup
		for range 4 {
			enqueuers.Go(func() {
				for ctx.Err() == nil {
					if _, err := l.db.Exec(context.WithoutCancel(ctx), "select lessee.fn_job_enqueue('plain')"); err != nil {
						t.Errorf("enqueue: %v", err)
						return
					}
				}
			})
		}
		for !l.exists("job_payload_" + l.day(0)) {
			if why := l.maintain(); t.Failed() {
				t.Fatal(why)
			}
		}
		stop()
		enqueuers.Wait()
		want(l, 0, "select count(*)::int from lessee.job_payload_other")
	}
}

func TestHistory_LeasesAndReplayedDeadLettersGoWithTheirRetention(t *testing.T) {
	l := newHistory(t)
	lease, j := l.held("plain")
	l.commit(lease, outcome(j, job.DeadLetter))
	l.exec("select lessee.fn_job_replay($1, 'again')", j.ID)
	l.age(j.ID, 31)
	open := l.enqueue("plain")
	l.commit(lease, outcome(l.claim(lease, "plain", 2)[1], job.DeadLetter))
	holds := l.lease()
	l.enqueue("plain")
	l.claimOne(holds, "plain")
	recent := l.lease()
	l.exec("update lessee.dot_iu_runtime_lease set ended_at = clock_timestamp() - interval '33 days', end_reason = 'closed' where lease_id in ($1, $2)", lease, holds)
	l.exec("update lessee.dot_iu_runtime_lease set ended_at = clock_timestamp() - interval '31 days', end_reason = 'closed' where lease_id = $1", recent)
	l.exec("delete from lessee.job_grant where lease_id = $1", lease) // as the sweep does when it holds nothing
	live := l.lease()

	done, err := l.store.MaintainHistory(t.Context())
	if err != nil || done.Purged.Leases != 1 || done.Purged.DeadLetters != 1 {
		t.Errorf("%+v, %v", done, err)
	}
	for _, table := range []string{"dot_iu_runtime_lease", "queue_heartbeat"} {
		want(l, fmt.Sprint([]int64{holds, recent, live}), "select '[' || string_agg(lease_id::text, ' ' order by lease_id) || ']' from lessee."+table)
	}
	want(l, open, "select job_id from lessee.job_dead_letter")
}
