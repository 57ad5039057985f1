package postgres_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/job"
)

// What a failed commit is, decides what becomes of the results in it: only
// those that the database can never take may be given up.
func TestLaw_ACommitThatSomebodyCancelsIsNotTheResultsFault(t *testing.T) {
	for name, timeout := range map[string]time.Duration{"without a timeout": 0, "long before its timeout": time.Minute} {
		t.Run(name, func(t *testing.T) {
			l := newLaw(t)
			lease, held := l.heldPage()
			release := l.lock(held.ID)
			failed := make(chan error, 1)
			go func() {
				_, err := l.store.Commit(context.Background(), lease, []job.Outcome{outcome(held, job.Succeed)}, timeout)
				failed <- err
			}()
			l.cancelWaiting("lessee.fn_job_")
			if err := <-failed; err == nil || errors.Is(err, job.ErrTimeout) || errors.Is(err, job.ErrUnreadable) {
				t.Errorf("a cancelled commit is %v: it would fail the job", err)
			}
			release()
			l.accepts(lease, outcome(held, job.Succeed), timeout)
		})
	}
}

func TestLaw_ACommitThatRunsIntoItsOwnTimeoutSaysSo(t *testing.T) {
	l := newLaw(t)
	lease, held := l.heldPage()
	l.lock(held.ID)
	if _, err := l.store.Commit(t.Context(), lease, []job.Outcome{outcome(held, job.Succeed)}, 100*time.Millisecond); !errors.Is(err, job.ErrTimeout) {
		t.Errorf("got %v", err)
	}
}

func TestLaw_AMissingSchemaIsNotTheResultsFault(t *testing.T) {
	for name, c := range map[string]struct{ breaks, mends string }{
		"the function":      {"alter function lessee.fn_job_succeed(bigint, bigint[], integer[], integer[], text[], text[], jsonb[], jsonb[], jsonb[], timestamptz[], bigint[], timestamptz[], integer[]) rename to fn_gone", "alter function lessee.fn_gone(bigint, bigint[], integer[], integer[], text[], text[], jsonb[], jsonb[], jsonb[], timestamptz[], bigint[], timestamptz[], integer[]) rename to fn_job_succeed"},
		"a helper":          {"alter function lessee.fn_lease_live(bigint) rename to fn_gone", "alter function lessee.fn_gone(bigint) rename to fn_lease_live"},
		"a table":           {"alter table lessee.job_history rename to gone", "alter table lessee.gone rename to job_history"},
		"a column":          {"alter table lessee.job_history rename column output to gone", "alter table lessee.job_history rename column gone to output"},
		"the schema itself": {"alter schema lessee rename to gone", "alter schema gone rename to lessee"},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLaw(t)
			lease, held := l.heldPage()
			l.exec(c.breaks)
			if _, err := l.store.Commit(t.Context(), lease, []job.Outcome{outcome(held, job.Succeed)}, 0); err == nil || errors.Is(err, job.ErrUnreadable) {
				t.Errorf("got %v: it would fail the job", err)
			}
			l.exec(c.mends)
			l.accepts(lease, outcome(held, job.Succeed), 0)
		})
	}
}

func TestLaw_AResultThatTheDatabaseCanNotReadSaysWhy(t *testing.T) {
	l := newLaw(t)
	lease, held := l.heldPage()
	broken := outcome(held, job.Succeed)
	broken.Output = json.RawMessage(`"\u0000"`) // abi.DecodeResult refuses it; this host forgot to ask
	_, err := l.store.Commit(t.Context(), lease, []job.Outcome{broken}, 0)
	if !errors.Is(err, job.ErrUnreadable) || !strings.Contains(err.Error(), "\\u0000") && !strings.Contains(err.Error(), "Unicode") {
		t.Errorf("got %v", err)
	}
	l.accepts(lease, broken.Failed(job.Retry, abi.Errorf(abi.CodeResultInvalid, "%v", err)), 0)
}

func (l *law) heldPage() (lease int64, held job.Job) {
	l.Helper()
	l.class("page", "")
	return l.held("page")
}

func (l *law) accepts(lease int64, o job.Outcome, timeout time.Duration) {
	l.Helper()
	verdicts, err := l.store.Commit(l.Context(), lease, []job.Outcome{o}, timeout)
	if err != nil || len(verdicts) != 1 || verdicts[0].Verdict != job.Accepted {
		l.Errorf("%v, %v", verdicts, err)
	}
}

// lock holds a job's row until the returned function is called, or the test ends.
func (l *law) lock(id int64) (release func()) {
	l.Helper()
	tx, _ := l.begin()
	if _, err := tx.Exec(l.Context(), "select from lessee.job_queue where id = $1 for update", id); err != nil {
		l.Fatal(err)
	}
	return func() { _ = tx.Rollback(l.Context()) } // a lock only
}

// cancelWaiting cancels the statement that waits for a lock, as an operator would.
func (l *law) cancelWaiting(query string) {
	l.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !ask[bool](l, `select coalesce(bool_or(pg_cancel_backend(pid)), false) from pg_stat_activity
		where datname = current_database() and wait_event_type = 'Lock' and query like '%' || $1 || '%'`, query) {
		if time.Now().After(deadline) {
			l.Fatal("no statement waits for the lock")
		}
	}
}
