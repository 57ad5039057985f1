package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
)

// patience is how long after the last enqueue a queue has for what is left.
const patience = 10 * time.Second

func graphileSteady(ctx context.Context, l *lab, dsn string, rate int, _ time.Duration) (delay, error) {
	return nodeSteady(ctx, l, dsn, rate, "graphile", "defaults", "graphile_worker._private_jobs", "delete", "")
}

func pgbossSteady(settings string) func(context.Context, *lab, string, int, time.Duration) (delay, error) {
	return func(ctx context.Context, l *lab, dsn string, rate int, _ time.Duration) (delay, error) {
		return nodeSteady(ctx, l, dsn, rate, "pgboss", settings, "pgboss.job", "update", "when (new.state = 'completed' and old.state <> 'completed')")
	}
}

// nodeSteady has triggers write down when jobs of a table are enqueued and ended:
// deferred ones, which run when the transaction commits.
func nodeSteady(ctx context.Context, l *lab, dsn string, rate int, system, settings, table, ended, when string) (d delay, err error) {
	if err := l.script(ctx, dsn, "prepare.mjs", system).Run(); err != nil {
		return d, err
	}
	err = l.exec(ctx, dsn, "create table moment (job text, enqueued bool, at timestamptz)",
		"create function note() returns trigger language plpgsql as $$ begin insert into public.moment values (coalesce(to_jsonb(new), to_jsonb(old)) ->> 'id', tg_op = 'INSERT', clock_timestamp()); return null; end $$",
		"create constraint trigger enqueued after insert on "+table+" deferrable initially deferred for each row execute function public.note()",
		"create constraint trigger ended after "+ended+" on "+table+" deferrable initially deferred for each row "+when+" execute function public.note()")
	if err != nil {
		return d, err
	}
	d.jobs = rate * int((l.steady + time.Second).Seconds())
	w, err := startWorker(l.script(ctx, dsn, "steady.mjs", system, strconv.Itoa(rate), strconv.Itoa(d.jobs), settings))
	if err != nil {
		return d, err
	}
	defer w.end()
	over := false
	for deadline := time.Now().Add(l.steady + patience); !over && (d.waiting > 0 || d.P50 == 0); time.Sleep(200 * time.Millisecond) {
		over = time.Now().After(deadline)
		if w.done.Load() < int64(d.jobs) && !over {
			continue
		}
		if err := d.read(ctx, dsn, rate); err != nil {
			return d, err
		}
	}
	return d, nil
}

// read takes what the triggers wrote. What has no result counts with the time that it waits already.
func (d *delay) read(ctx context.Context, dsn string, skip int) error {
	var took []float64
	err := withConn(ctx, dsn, func(conn *pgx.Conn) error {
		err := conn.QueryRow(ctx, `select array_agg(1000 * extract(epoch from coalesce(e.at, clock_timestamp()) - q.at)::float8 order by q.at), count(*) filter (where e.job is null)
			from (select * from moment where enqueued) q left join (select * from moment where not enqueued) e using (job)`).Scan(&took, &d.waiting)
		return err
	})
	if err != nil {
		return err
	}
	if len(took) != d.jobs {
		return fmt.Errorf("%d of %d jobs were enqueued in time", len(took), d.jobs)
	}
	took = took[skip:]
	found := delayOf(took)
	d.P50, d.P99 = found.P50, found.P99
	return nil
}
