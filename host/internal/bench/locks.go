package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// locks is what was seen of the hosts' connections, every ten milliseconds.
type locks struct {
	Busy      int64          // connections at work
	Waiting   int64          // of those, for a lock
	Claims    int64          // connections at work that claim
	Held      int64          // of those, that wait for a lock
	Blocked   int64          // of those, for a claim of another host
	Ungranted int64          // locks that somebody waits for
	Kinds     map[string]int // of what was waited for, and where
}

// lookSQL looks once: who is busy, and of each that waits, in what, for what, for
// whom. pg_stat_activity says what a connection runs at one moment and pg_locks
// what it waits for at another; they belong together if the wait began in that
// statement and before this one, and the transaction that it is for before that.
// $1 begins the names of the hosts' connections, $2 is the function that claims.
const lookSQL = `with waits as materialized (select pid, locktype, waitstart from pg_locks where not granted),
	hosts as materialized (
		select pid, application_name as host, xact_start, query_start, substring(query from 'fn_[a-z_]+') as does from pg_stat_activity
		where datname = current_database() and application_name like $1 || '%' and state = 'active'
	)
	select count(distinct h.pid), count(distinct w.pid), count(distinct h.pid) filter (where h.does = $2), count(distinct w.pid) filter (where h.does = $2),
		count(distinct w.pid) filter (where h.does = $2 and b.does = $2 and b.host <> h.host), (select count(*) from waits),
		coalesce(array_agg(w.locktype || ' in ' || coalesce(h.does, 'other') || ' for ' || coalesce(b.does, 'other')) filter (where w.pid is not null), '{}')
	from hosts h
	left join waits w on w.pid = h.pid and w.waitstart between h.query_start and statement_timestamp()
	left join lateral (select b.* from unnest(pg_blocking_pids(w.pid)) p join hosts b on b.pid = p where b.xact_start < w.waitstart limit 1) b on true`

// claimFunction is what a claim of a host calls.
const claimFunction = "fn_job_claim_batch"

// share of the busy connections that wait for a lock.
func (l locks) share() float64 { return float64(l.Waiting) / max(1, float64(l.Busy)) }

// blocked is the share of the claims that wait for another host's; all, if none
// was seen at work, because then nothing is known.
func (l locks) blocked() float64 {
	if l.Claims == 0 {
		return 1
	}
	return float64(l.Blocked) / float64(l.Claims)
}

// watchLocks looks until the result is asked for.
func (s *site) watchLocks(ctx context.Context) (result func(error) (locks, error)) {
	ctx, cancel := context.WithCancel(ctx)
	sum := locks{Kinds: map[string]int{}}
	ended := make(chan error, 1)
	go func() { ended <- s.sumLocks(ctx, &sum) }()
	return func(err error) (locks, error) {
		cancel()
		return sum, errors.Join(err, <-ended)
	}
}

func (s *site) sumLocks(ctx context.Context, sum *locks) error {
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		if err := sum.look(context.WithoutCancel(ctx), conn); err != nil {
			return err
		}
	}
}

// look adds what is to be seen now.
func (l *locks) look(ctx context.Context, conn *pgxpool.Conn) error {
	var now locks
	var kinds []string
	err := conn.QueryRow(ctx, lookSQL, hostApplication, claimFunction).Scan(&now.Busy, &now.Waiting, &now.Claims, &now.Held, &now.Blocked, &now.Ungranted, &kinds)
	if err != nil {
		return fmt.Errorf("look at the locks: %w", err)
	}
	l.Busy, l.Waiting, l.Claims, l.Held, l.Blocked, l.Ungranted = l.Busy+now.Busy, l.Waiting+now.Waiting, l.Claims+now.Claims, l.Held+now.Held, l.Blocked+now.Blocked, l.Ungranted+now.Ungranted
	for _, kind := range kinds {
		l.Kinds[kind]++
	}
	return nil
}

// beats is what the heartbeats of all hosts cost so far.
type beats struct{ calls, ms float64 }

// heartbeats asks pg_stat_statements; nil: this server does not count.
func (s *site) heartbeats(ctx context.Context) (*beats, error) {
	if _, err := s.pool.Exec(ctx, "create extension if not exists pg_stat_statements"); err != nil {
		return nil, refusedBy(err)
	}
	var b beats
	err := s.pool.QueryRow(ctx, `select coalesce(sum(calls), 0), coalesce(sum(total_exec_time), 0) from pg_stat_statements
		where query like '%fn\_lease\_renew%' and dbid = (select oid from pg_database where datname = current_database())`).Scan(&b.calls, &b.ms)
	if err != nil {
		return nil, refusedBy(err)
	}
	return &b, nil
}

// refusedBy is nil when the server said no, and err when it said nothing.
func refusedBy(err error) error {
	var said *pgconn.PgError
	if errors.As(err, &said) {
		return nil
	}
	return fmt.Errorf("count heartbeats: %w", err)
}
