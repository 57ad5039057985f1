package postgres

import (
	"context"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/lessee-run/lessee/host/internal/job"
)

// historyTables are those whose partitions are maintained, payloads after the
// history that refers to them.
func historyTables() []string { return []string{"job_history", "dot_iu_command_run", "job_payload"} }

// How large a default partition may be to be looked through under a lock.
const (
	scanInPassing = 128 << 20
	scanPatient   = 1 << 50
)

// maintainRounds bounds one maintenance: what it leaves, the next one does.
const maintainRounds = 100

// purgeBatch bounds one statement of it.
const purgeBatch = 1000

// MaintainHistory makes partitions ahead, drops those whose retention is over,
// and deletes the rows that none takes along.
func (s *Store) MaintainHistory(ctx context.Context) (job.Maintained, error) {
	return maintainHistory(ctx, s.pool, scanInPassing)
}

// MaintainHistory does it as an operator. patient: default partitions are looked
// through however big they are; who uses them waits.
func (d *Desk) MaintainHistory(ctx context.Context, patient bool) (job.Maintained, error) {
	if patient {
		return maintainHistory(ctx, d.pool, scanPatient)
	}
	return maintainHistory(ctx, d.pool, scanInPassing)
}

func maintainHistory(ctx context.Context, pool *pgxpool.Pool, scan int64) (job.Maintained, error) {
	done := job.Maintained{Partitions: []job.Upkeep{}}
	for _, table := range historyTables() {
		kept, err := maintainTable(ctx, pool, table, scan)
		done.Partitions = append(done.Partitions, kept...)
		if err != nil {
			return done, err
		}
	}
	err := purge(ctx, pool, &done.Purged)
	return done, err
}

// maintainTable asks again as long as partitions are made and go; what is left
// in the end was left for good.
func maintainTable(ctx context.Context, pool *pgxpool.Pool, table string, scan int64) (done []job.Upkeep, err error) {
	for range maintainRounds {
		rows, err := pool.Query(ctx, "select act, name, coalesce(why, '') from lessee.fn_history_maintain($1, $2)", table, scan)
		round, err := collect(rows, err, pgx.RowToStructByPos[job.Upkeep])
		if err != nil {
			return done, err
		}
		made := slices.IndexFunc(round, func(u job.Upkeep) bool { return u.Act != job.UpkeepLeft })
		if made < 0 {
			return append(done, round...), nil
		}
		done = append(done, round[made])
	}
	return done, nil
}

func purge(ctx context.Context, pool *pgxpool.Pool, sum *job.Purged) error {
	for range maintainRounds {
		var p job.Purged
		err := pool.QueryRow(ctx, "select coalesce(leases, 0), coalesce(dead_letters, 0), coalesce(unpartitioned, 0) from lessee.fn_history_purge($1)", purgeBatch).
			Scan(&p.Leases, &p.DeadLetters, &p.Unpartitioned)
		if err != nil || !p.Any() {
			return translate(err)
		}
		sum.Leases += p.Leases
		sum.DeadLetters += p.DeadLetters
		sum.Unpartitioned += p.Unpartitioned
	}
	return nil
}
