package postgres_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/lessee-run/lessee/host/internal/devpg/devpgtest"
	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/host/internal/postgres"
	"github.com/lessee-run/lessee/host/internal/postgres/postgrestest"
)

// law is a database of a test's own, seen by a superuser, so that the test can
// move time by moving timestamps.
type law struct {
	*testing.T
	db    *pgxpool.Pool
	dsn   string
	store *postgres.Store
}

func newLaw(t *testing.T) *law {
	t.Helper()
	db, dsn := postgrestest.Pool(t)
	l := &law{T: t, db: db, dsn: dsn, store: postgres.NewStore(db)}
	if *turns {
		l.claimInTurns()
	}
	l.module("renderer", "1.0.0", []byte("any bytes"))
	return l
}

// turns makes every claim one of a long line: the law holds there, too.
var turns = flag.Bool("turns", false, "every claim is a class's turn, and its grants are unwritten")

func (l *law) claimInTurns() {
	l.Helper()
	l.exec(`alter function lessee.fn_job_claim_batch rename to fn_claim_as_asked;
		do $do$ begin
			execute format('create function lessee.fn_job_claim_batch(%s) returns %s language sql security definer as %L',
				pg_get_function_arguments('lessee.fn_claim_as_asked'::regproc), pg_get_function_result('lessee.fn_claim_as_asked'::regproc),
				'select * from lessee.fn_claim_as_asked(p_lease, p_classes, p_slots, p_max, p_fronts, p_classes, p_classes, p_over)');
		end $do$;
		alter function lessee.fn_job_claim_batch owner to lessee_owner;
		grant execute on function lessee.fn_job_claim_batch to lessee_host;
		revoke execute on function lessee.fn_job_claim_batch from public`)
}

// queryer is what a pool, a connection and a transaction have in common.
type queryer interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

func (l *law) exec(sql string, args ...any) {
	l.Helper()
	if _, err := l.db.Exec(l.Context(), sql, args...); err != nil {
		l.Fatalf("%s: %v", sql, err)
	}
}

// ask returns the one value that sql selects.
func ask[T any](l *law, sql string, args ...any) T {
	l.Helper()
	v, err := askOn[T](l.Context(), l.db, sql, args...)
	if err != nil {
		l.Fatalf("%s: %v", sql, err)
	}
	return v
}

func askOn[T any](ctx context.Context, on queryer, sql string, args ...any) (v T, err error) {
	rows, err := on.Query(ctx, sql, args...)
	if err != nil {
		return v, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowTo[T])
}

// list returns the one column that sql selects.
func list[T any](l *law, sql string, args ...any) []T {
	l.Helper()
	rows, err := l.db.Query(l.Context(), sql, args...)
	if err != nil {
		l.Fatalf("%s: %v", sql, err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowTo[T])
	if err != nil {
		l.Fatalf("%s: %v", sql, err)
	}
	return out
}

// want fails the test unless sql selects v.
func want[T comparable](l *law, v T, sql string, args ...any) {
	l.Helper()
	if got := ask[T](l, sql, args...); got != v {
		l.Errorf("%s %v: got %v, want %v", sql, args, got, v)
	}
}

// refused runs sql, which must fail with the SQLSTATE and each of the texts.
func (l *law) refused(state string, texts []string, sql string, args ...any) {
	l.Helper()
	_, err := l.db.Exec(l.Context(), sql, args...)
	l.isRefusal(err, state, texts...)
}

func (l *law) isRefusal(err error, state string, texts ...string) {
	l.Helper()
	var pg *pgconn.PgError
	if !errors.As(err, &pg) {
		l.Errorf("got %v, want SQLSTATE %s", err, state)
		return
	}
	if pg.Code != state {
		l.Errorf("got SQLSTATE %s (%s), want %s", pg.Code, pg.Message, state)
	}
	for _, text := range texts {
		if !strings.Contains(pg.Message, text) {
			l.Errorf("the message %q does not say %q", pg.Message, text)
		}
	}
}

func (l *law) module(name, version string, bytes []byte) (digest string) {
	l.Helper()
	sum := sha256.Sum256(bytes)
	digest = hex.EncodeToString(sum[:])
	l.exec("insert into lessee.executor_module_registry (sha256, name, version, abi, bytes, size) values ($1, $2, $3, 'core', $4, $5)",
		digest, name, version, bytes, len(bytes))
	return digest
}

// class registers an enabled wasm class; set is what differs, as UPDATE takes it.
func (l *law) class(name, set string) {
	l.Helper()
	l.exec(`insert into lessee.executor_class_registry (class, runtime, module_sha256, enabled, owner, reason)
		select $1, 'wasm', sha256, true, 'tests', 'a test' from lessee.executor_module_registry where name = 'renderer'`, name)
	if set != "" {
		l.exec("update lessee.executor_class_registry set "+set+" where class = $1", name)
	}
}

func (l *law) enqueue(class string) int64 {
	l.Helper()
	return ask[int64](l, "select lessee.fn_job_enqueue($1)", class)
}

func (l *law) lease() int64 {
	l.Helper()
	lease, err := l.store.OpenLease(l.Context(), "host-"+nextHost(), "test")
	if err != nil {
		l.Fatal(err)
	}
	return lease.ID
}

var hosts atomic.Int64

func nextHost() string { return fmt.Sprint(hosts.Add(1)) }

// claim claims up to limit jobs of one class.
func (l *law) claim(lease int64, class string, limit int) []job.Job {
	l.Helper()
	jobs, err := l.store.Claim(l.Context(), lease, []job.Want{{Class: class, Slots: limit}}, limit)
	if err != nil {
		l.Fatal(err)
	}
	return jobs
}

// claimOne claims a job, which must be there.
func (l *law) claimOne(lease int64, class string) job.Job {
	l.Helper()
	jobs := l.claim(lease, class, 1)
	if len(jobs) != 1 {
		l.Fatalf("claimed %d jobs of class %s, want 1", len(jobs), class)
	}
	return jobs[0]
}

// held enqueues a job of class and claims it.
func (l *law) held(class string) (lease int64, j job.Job) {
	l.Helper()
	l.enqueue(class)
	lease = l.lease()
	return lease, l.claimOne(lease, class)
}

var spans atomic.Int64

// outcome is what a host would report of j.
func outcome(j job.Job, word job.Word) job.Outcome {
	return job.Outcome{JobID: j.ID, Fence: j.Fence, Attempt: j.Attempt, LeasedAt: j.LeasedAt, Listed: j.Listed, Word: word, SpanID: fmt.Sprintf("%016x", spans.Add(1))}
}

func (l *law) commit(lease int64, outcomes ...job.Outcome) []job.Verdict {
	l.Helper()
	verdicts, err := l.store.Commit(l.Context(), lease, outcomes, 0)
	if err != nil {
		l.Fatalf("commit: %v", err)
	}
	if len(verdicts) != len(outcomes) {
		l.Fatalf("%d verdicts for %d outcomes: %+v", len(verdicts), len(outcomes), verdicts)
	}
	return verdicts
}

// commitRaw commits outcomes that a well-made host would not send.
func (l *law) commitRaw(lease int64, outcomes ...map[string]any) []job.Verdict {
	l.Helper()
	data, err := json.Marshal(outcomes)
	if err != nil {
		l.Fatal(err)
	}
	return l.commitOn(l.db, lease, string(data))
}

func (l *law) commitOn(on queryer, lease int64, outcomes string) []job.Verdict {
	l.Helper()
	rows, err := on.Query(l.Context(), `select job_id, fence, verdict, coalesce(state, ''), coalesce(code, ''), coalesce(message, '')
		from lessee.fn_job_commit($1, $2)`, lease, outcomes)
	if err != nil {
		l.Fatal(err)
	}
	verdicts, err := pgx.CollectRows(rows, pgx.RowToStructByPos[job.Verdict])
	if err != nil {
		l.Fatalf("commit %s: %v", outcomes, err)
	}
	return verdicts
}

func (l *law) expect(v job.Verdict, verdict string, state job.State, code string) {
	l.Helper()
	if v.Verdict != verdict || v.State != state || string(v.Code) != code {
		l.Errorf("verdict of job %d: %s, %q, %q (%s); want %s, %q, %q", v.JobID, v.Verdict, v.State, v.Code, v.Message, verdict, state, code)
	}
}

func (l *law) inState(id int64, state job.State) {
	l.Helper()
	want(l, string(state), "select lessee.fn_job_state($1)", id)
}

// lapse lets the lease expire without anybody noticing yet.
func (l *law) lapse(lease int64) {
	l.Helper()
	l.exec("update lessee.dot_iu_runtime_lease set expires_at = clock_timestamp() - interval '1 ms' where lease_id = $1", lease)
}

func (l *law) rescue() int {
	l.Helper()
	return ask[int](l, "select lessee.fn_job_rescue(1000)")
}

// due lets the time of every waiting job come.
func (l *law) due() {
	l.Helper()
	l.exec("update lessee.job_queue set run_at = clock_timestamp() - interval '1 ms' where state in ('scheduled', 'retry_wait')")
	l.exec("select lessee.fn_job_due(1000)")
}

// clear forgets every job.
func (l *law) clear() {
	l.Helper()
	l.exec("truncate lessee.job_queue, lessee.job_dead_letter, lessee.job_history, lessee.job_payload, lessee.job_idempotency, " +
		"lessee.job_count_delta, lessee.job_count, lessee.job_count_minute, lessee.job_count_fold")
}

// image is every row of the tables that say where jobs are, and how they ended.
func (l *law) image() string {
	l.Helper()
	return ask[string](l, `select jsonb_build_object(
		'queue', (select jsonb_agg(to_jsonb(q) order by id) from lessee.job_queue q),
		'final', (select jsonb_agg(to_jsonb(f) order by job_id) from lessee.job_final f),
		'dead', (select jsonb_agg(to_jsonb(d) order by dead_letter_id) from lessee.job_dead_letter d),
		'attempt', (select jsonb_agg(to_jsonb(a) order by job_id, fence) from lessee.job_attempt a),
		'payload', (select jsonb_agg(to_jsonb(p) order by job_id) from lessee.job_payload p),
		'key', (select jsonb_agg(to_jsonb(i) order by class, key) from lessee.job_idempotency i))::text`)
}

// sound checks what must hold of every job at every moment.
func (l *law) sound() {
	l.Helper()
	want(l, 0, `select count(*)::int from lessee.job_payload p where 1 <>
		(select count(*) from lessee.job_queue q where q.id = p.job_id) + (select count(*) from lessee.job_final f where f.job_id = p.job_id)
		+ (select count(*) from lessee.job_dead_letter d where d.job_id = p.job_id and d.replayed_at is null)`)
	want(l, 0, `select count(*)::int from lessee.job_attempt a where a.word = 'succeed'
		and not exists (select from lessee.job_final f where f.job_id = a.job_id and f.state = 'succeeded' and f.fence = a.fence)`)
	want(l, 0, `select count(*)::int from lessee.job_queue where state not in ('leased', 'running')
		and num_nonnulls(lease_id, leased_at, started_at, overdue_at, cancel_requested_at) > 0`)
	want(l, 0, "select count(*)::int from lessee.job_queue where attempt > max_attempts or attempt > fence or crash_count < 0")
	want(l, 0, `select count(*)::int from lessee.job_idempotency i
		where (i.expires_at is null) <> exists (select from lessee.job_queue q where q.id = i.job_id)`)
}

// login makes a login in the roles and returns a pool of its own. Roles are the
// cluster's, so the name is the test's own and goes with it.
func (l *law) login(roles ...string) *pgxpool.Pool {
	l.Helper()
	name := "login_" + nextHost()
	l.exec("create role " + name + " login")
	for _, role := range roles {
		l.exec("grant " + role + " to " + name)
	}
	l.Cleanup(func() {
		if _, err := l.db.Exec(context.WithoutCancel(l.Context()), "drop owned by "+name+" cascade; drop role "+name); err != nil {
			l.Errorf("drop login %s: %v", name, err)
		}
	})
	pool, err := postgres.Connect(l.Context(), l.dsnOf(name), l.Name(), 4)
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(pool.Close)
	return pool
}

func (l *law) dsnOf(user string) string {
	l.Helper()
	return devpgtest.Cluster(l.T).DSN(user, l.db.Config().ConnConfig.Database)
}

// blocked waits until the backend waits for a lock of another transaction.
func (l *law) blocked(pid int32) {
	l.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !ask[bool](l, "select cardinality(pg_blocking_pids($1)) > 0", pid) {
		if time.Now().After(deadline) {
			l.Fatalf("backend %d never waited", pid)
		}
	}
}

// begin opens a transaction on a connection of its own, rolled back with the test.
func (l *law) begin() (pgx.Tx, int32) {
	l.Helper()
	tx, err := l.db.Begin(l.Context())
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(func() { _ = tx.Rollback(context.WithoutCancel(l.Context())) })
	return tx, int32(tx.Conn().PgConn().PID())
}
