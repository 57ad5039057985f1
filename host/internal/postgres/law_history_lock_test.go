package postgres_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lessee-run/lessee/host/internal/job"
)

// longLease is a lease that needs no renewal while a test lasts.
func (l *law) longLease() int64 {
	lease := l.lease()
	l.exec("update lessee.dot_iu_runtime_lease set expires_at = clock_timestamp() + interval '1 hour' where lease_id = $1", lease)
	return lease
}

// Whoever waits for the lock of a DROP holds up all that come after it. So
// maintenance must not even ask while a reader is there.
func TestHistory_AReaderThatStaysMakesNobodyWait(t *testing.T) {
	l := newHistory(t)
	l.daysAgo(40, partitioned...)
	for _, table := range partitioned {
		l.exec("drop table lessee." + table + "_" + l.day(-1))
	}
	reader, pid := l.begin()
	for _, table := range partitioned {
		if _, err := reader.Exec(t.Context(), "select from lessee."+table); err != nil {
			t.Fatal(err)
		}
	}

	ctx, stop := context.WithCancel(t.Context())
	var others sync.WaitGroup
	others.Go(func() { // a lock that is asked for and not had would show
		for ctx.Err() == nil {
			waiting, err := askOn[int](context.WithoutCancel(ctx), l.db, `select count(*)::int from pg_locks where not granted and relation in
				('lessee.job_history'::regclass, 'lessee.job_payload'::regclass, 'lessee.dot_iu_command_run'::regclass,
				 'lessee.job_history_other'::regclass, 'lessee.job_payload_other'::regclass, 'lessee.dot_iu_command_run_other'::regclass)`)
			if err != nil || waiting > 0 {
				t.Errorf("%d wait for a lock, %v", waiting, err)
				return
			}
		}
	})
	commits := make(chan int, 1)
	others.Go(func() {
		n := 0
		defer func() { commits <- n }()
		for lease := l.longLease(); ctx.Err() == nil; n++ {
			l.enqueue("plain")
			l.commit(lease, outcome(l.claimOne(lease, "plain"), job.Succeed))
		}
	})
	for range 2 {
		done := l.maintain()
		if len(done) != 6 {
			t.Errorf("maintenance: %v", done)
		}
		for _, act := range done {
			if !strings.HasPrefix(act, "left ") || !strings.Contains(act, "in use by pid ") || !strings.Contains(act, "application '"+t.Name()+"'") {
				t.Errorf("maintenance while backend %d reads: %s", pid, act)
			}
		}
	}
	stop()
	others.Wait()
	if n := <-commits; n == 0 {
		t.Error("nothing was committed meanwhile")
	}

	if err := reader.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	var expected []string
	for _, table := range partitioned {
		expected = append(expected, "created "+table+"_"+l.day(-1), "dropped "+table+"_"+l.day(40))
	}
	same(t, "when the reader is gone", l.maintain(), expected)
}

// A reader can come between the look and the lock; then commits wait for the
// time that a lock is waited for, not for the reader.
func TestHistory_ALockThatIsNotHadIsNotWaitedFor(t *testing.T) {
	l := newHistory(t)
	l.daysAgo(40, "job_history")
	reader, _ := l.begin()
	if _, err := reader.Exec(t.Context(), "select from lessee.job_history"); err != nil {
		t.Fatal(err)
	}
	for name, sql := range map[string]string{
		"drop": "select lessee.fn_history_drop('job_history', 'job_history_" + l.day(40) + "')",
		"add":  "select lessee.fn_history_add('job_history', '" + l.day(39) + "', 1000000)",
	} {
		tx, _ := l.begin()
		// As if nobody had been there at the look.
		if _, err := tx.Exec(t.Context(), `create or replace function lessee.fn_table_await(p_tables text[]) returns text language sql as 'select null::text'`); err != nil {
			t.Fatal(err)
		}
		if why, err := askOn[*string](t.Context(), tx, sql); err != nil || why == nil || !strings.HasPrefix(*why, "in use by pid ") {
			t.Errorf("%s: %q, %v", name, text0(why), err)
		}
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestHistory_ManyCommitsDontKeepMaintenanceFromItsLocks(t *testing.T) {
	l := newHistory(t)
	ctx, stop := context.WithCancel(t.Context())
	var hosts sync.WaitGroup
	for range 3 {
		hosts.Go(func() {
			for lease := l.longLease(); ctx.Err() == nil; {
				l.enqueue("plain")
				for _, j := range l.claim(lease, "plain", 1) {
					l.commit(lease, outcome(j, job.Succeed))
				}
			}
		})
	}
	l.daysAgo(40, partitioned...)
	deadline := time.Now().Add(30 * time.Second)
	for l.exists("job_history_"+l.day(40)) || l.exists("job_payload_"+l.day(40)) {
		l.maintain()
		if time.Now().After(deadline) {
			t.Fatal("the partitions never went")
		}
	}
	stop()
	hosts.Wait()
	l.sound()
}

func TestHistory_APayloadIsNotDroppedUnderAReplay(t *testing.T) {
	l := newHistory(t)
	l.daysAgo(90, "job_payload")
	lease, j := l.held("plain")
	l.commit(lease, outcome(j, job.DeadLetter))
	l.age(j.ID, 90)
	l.exec("truncate lessee.job_history")
	replay, _ := l.begin()
	if _, err := replay.Exec(t.Context(), "select lessee.fn_job_replay($1, 'again')", j.ID); err != nil {
		t.Fatal(err)
	}
	for _, act := range l.maintain() {
		if !strings.HasSuffix(act, "another maintenance, or a replay, is under way") {
			t.Errorf("maintenance during a replay: %s", act)
		}
	}
	if err := replay.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if done := l.maintain(); len(done) != 1 || !strings.Contains(done[0], "needed by live job") {
		t.Errorf("maintenance after a replay: %v", done)
	}
	if again := l.claimOne(lease, "plain"); again.ID != j.ID {
		t.Errorf("claimed %+v", again)
	}
}

func TestHistory_MaintenanceRefusesASnapshotThatAReplayIsNotIn(t *testing.T) {
	l := newHistory(t)
	l.refused("LS409", []string{"repeatable read"}, "begin isolation level repeatable read; select lessee.fn_history_maintain('job_payload'); commit")
}

func TestHistory_TheMigrationMakesAPartitionOfWhatWasThereBefore(t *testing.T) {
	l := newHistory(t)
	id := l.ended(3)
	before := l.image()
	m := migrator(t, l.dsn)
	for steps := []string(nil); len(steps) == 0 || steps[0] != "0009_history.sql"; {
		taken, err := m.Down(t.Context(), false)
		if err != nil || len(taken) != 1 {
			t.Fatalf("down: %v, %v", taken, err)
		}
		steps = []string{taken[0].Name}
	}
	want(l, 1, "select count(*)::int from lessee.job_history_other")
	if _, err := m.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, table := range partitioned {
		want(l, id, "select job_id from lessee."+table+"_before")
		want(l, 0, "select count(*)::int from lessee."+table+"_other")
		want(l, true, "select to_regclass('lessee.' || $1) is null", table+"_"+l.day(0))
		want(l, true, "select to_regclass('lessee.' || $1) is not null", table+"_"+l.day(-1))
	}
	if after := l.image(); after != before {
		t.Errorf("before: %s\nafter: %s", before, after)
	}
	l.ended(0) // goes to the same partition: it is of today, too
	same(t, "maintenance after it", l.maintain(), nil)
	want(l, int64(2), "select run_id from lessee.dot_iu_command_run order by 1 desc limit 1")
}
