package bench

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/lessee-run/lessee/host/internal/bench/report"
	"github.com/lessee-run/lessee/host/internal/postgres"
)

// Bounds of what an enqueue may cost.
const (
	enqueueKeeps  = 0.85 // of the speed of a bare INSERT
	notifyKeeps   = 0.95 // of the speed without NOTIFY
	notifyWriters = 64   // that commit at once
)

// enqueuing is a measurement of enqueues, with what it counts for its verification.
type enqueuing struct {
	*site
	bare     bareTable
	jobs     atomic.Int64 // that were enqueued
	inserted atomic.Int64 // rows of the bare table
	told     atomic.Int64 // notifications that a listener got
}

// RunEnqueue measures single enqueues beside bare INSERTs, with and without
// NOTIFY, and bulk enqueues beside COPY, in turns of cfg.For. No host runs. For
// its turns it switches queue.notify.enabled, and puts it back.
func RunEnqueue(ctx context.Context, cfg Config) (r *report.Report, err error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	roomy := cfg
	roomy.Writers = max(cfg.Writers, notifyWriters)
	s, err := openSite(ctx, roomy)
	if err != nil {
		return nil, err
	}
	s.cfg = cfg
	e := &enqueuing{site: s, bare: bareTable{pgx.Identifier{"lessee", "bench_bare"}}}
	defer func() {
		if closeErr := e.close(ctx); err == nil {
			err = closeErr
		}
	}()
	if err := e.bare.create(ctx, s.pool); err != nil {
		return nil, err
	}
	r = report.New("Enqueue")
	conditions, err := s.conditions(ctx)
	if err != nil {
		return nil, err
	}
	r.Note("%s", report.Machine())
	r.Note("%s", conditions)
	r.Note("turns of %s; the bare table has the columns that an enqueue writes, a primary key and the index of what is ready, and no checks", cfg.For)
	for _, measure := range []func(context.Context, *report.Report) error{e.singles, e.notified, e.bulks, e.verify} {
		if err := measure(ctx, r); err != nil {
			return r, err
		}
	}
	return r, nil
}

func (e *enqueuing) close(ctx context.Context) error {
	if err := e.bare.drop(context.WithoutCancel(ctx), e.pool); err != nil {
		return err
	}
	return e.site.close(ctx)
}

// singles: one row a transaction, by cfg.Writers connections, in turn.
func (e *enqueuing) singles(ctx context.Context, r *report.Report) error {
	var law, call, bare []float64
	err := e.turns(ctx, e.cfg.Writers, turn{&law, nil, e.enqueueOne}, turn{&call, nil, e.callOne}, turn{&bare, nil, e.insertOne})
	name := fmt.Sprintf(", one by one, %d connections", e.cfg.Writers)
	r.Add("bare INSERT"+name, "jobs/s", bare...)
	r.Add("a function that does only that INSERT"+name, "jobs/s", call...)
	r.Add("fn_job_enqueue"+name, "jobs/s", law...)
	r.AtLeast(enqueueKeeps, "fn_job_enqueue ÷ bare INSERT", report.Ratios(law, bare)...)
	r.Add("fn_job_enqueue ÷ the function", "×", report.Ratios(law, call)...)
	return err
}

// notified: many writers that commit at once, with a host that listens and
// without a word to it, in turn.
func (e *enqueuing) notified(ctx context.Context, r *report.Report) error {
	listener, err := postgres.Connect(ctx, e.cfg.DSN, "lessee bench listener", 1)
	if err != nil {
		return err
	}
	defer listener.Close()
	listening, stop := context.WithCancel(ctx)
	defer stop() // before the pool closes, which waits for its connections
	if err := e.listen(listening, listener); err != nil {
		return err
	}
	was, err := e.setNotify(ctx, "true")
	if err != nil {
		return err
	}
	defer e.setNotify(context.WithoutCancel(ctx), was) //nolint:errcheck // the first error tells
	var on, off []float64
	switched := func(value string) func(context.Context) error {
		return func(ctx context.Context) error { _, err := e.setNotify(ctx, value); return err }
	}
	err = e.turns(ctx, notifyWriters, turn{&on, switched("true"), e.enqueueOne}, turn{&off, switched("false"), e.enqueueOne})
	name := fmt.Sprintf(", %d connections", notifyWriters)
	r.Add("fn_job_enqueue, without NOTIFY"+name, "jobs/s", off...)
	r.Add("fn_job_enqueue, with NOTIFY"+name, "jobs/s", on...)
	r.Add("notifications that a listener got", "1/s", float64(e.told.Load())/(float64(e.cfg.Repeat)*e.cfg.For.Seconds()))
	r.AtLeast(notifyKeeps, "with NOTIFY ÷ without", report.Ratios(on, off)...)
	return err
}

// bulks: many rows a transaction, on one connection, for information.
func (e *enqueuing) bulks(ctx context.Context, r *report.Report) error {
	var bulk, copied []float64
	err := e.turns(ctx, 1, turn{&bulk, nil,
		func(ctx context.Context, _ *pgxpool.Conn, n int) (int, error) {
			e.jobs.Add(enqueueBatch)
			return enqueueBatch, e.enqueueBatch(ctx, n, enqueueBatch)
		}}, turn{&copied, nil,
		func(ctx context.Context, conn *pgxpool.Conn, n int) (int, error) {
			e.inserted.Add(enqueueBatch)
			return enqueueBatch, e.bare.copy(ctx, conn, e.classes[0], n, enqueueBatch)
		}})
	r.Add(fmt.Sprintf("COPY into the bare table, %d a time, 1 connection", enqueueBatch), "jobs/s", copied...)
	r.Add(fmt.Sprintf("fn_job_enqueue_bulk, %d a time, 1 connection", enqueueBatch), "jobs/s", bulk...)
	return err
}

func (e *enqueuing) enqueueOne(ctx context.Context, conn *pgxpool.Conn, n int) (int, error) {
	e.jobs.Add(1)
	var id int64
	return 1, conn.QueryRow(ctx, enqueueSQL, e.classes[0], n, e.cfg.Payload).Scan(&id)
}

func (e *enqueuing) callOne(ctx context.Context, conn *pgxpool.Conn, n int) (int, error) {
	e.inserted.Add(1)
	return 1, e.bare.call(ctx, conn, e.classes[0], n, e.cfg.Payload)
}

func (e *enqueuing) insertOne(ctx context.Context, conn *pgxpool.Conn, n int) (int, error) {
	e.inserted.Add(1)
	return 1, e.bare.insert(ctx, conn, e.classes[0], n, e.cfg.Payload)
}

// verify fails unless every row is there.
func (e *enqueuing) verify(ctx context.Context, _ *report.Report) error {
	var ready, payloads, rows int64
	err := e.pool.QueryRow(ctx, fmt.Sprintf(`select
		(select count(*) from lessee.job_queue where class = any ($1) and state = 'ready'),
		(select count(*) from lessee.job_payload p where p.job_id in (select id from lessee.job_queue where class = any ($1))),
		(select count(*) from %s)`, e.bare.Sanitize()), e.classes).Scan(&ready, &payloads, &rows)
	if err != nil {
		return fmt.Errorf("verify the enqueues: %w", err)
	}
	if ready != e.jobs.Load() || payloads != ready || rows != e.inserted.Load() {
		return fmt.Errorf("of %d jobs %d are ready, %d have a payload, of %d rows %d are there: the measurement does not count", e.jobs.Load(), ready, payloads, e.inserted.Load(), rows)
	}
	return nil
}

// listen counts what a host would be told.
func (e *enqueuing) listen(ctx context.Context, pool *pgxpool.Pool) error {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "listen "+postgres.ChannelWake); err != nil {
		conn.Release()
		return err
	}
	go func() {
		defer conn.Release()
		for {
			if _, err := conn.Conn().WaitForNotification(ctx); err != nil {
				return
			}
			e.told.Add(1)
		}
	}()
	return nil
}

// setNotify switches NOTIFY and returns what it was.
func (e *enqueuing) setNotify(ctx context.Context, value string) (was string, err error) {
	err = e.pool.QueryRow(ctx, `with o as (select value::text as was from lessee.runtime_setting where name = 'queue.notify.enabled')
		update lessee.runtime_setting s set value = $1::jsonb from o where s.name = 'queue.notify.enabled' returning o.was`, value).Scan(&was)
	if err != nil {
		return "", fmt.Errorf("switch queue.notify.enabled to %s: %w", value, err)
	}
	return was, nil
}

// writeFunc writes something on a connection, the nth time, and says how many.
type writeFunc func(ctx context.Context, conn *pgxpool.Conn, n int) (int, error)

// turn is something that is measured in turn with others.
type turn struct {
	speeds *[]float64
	before func(context.Context) error // nil: nothing
	write  writeFunc
}

// turns takes cfg.Repeat turns of all; the one that goes first changes.
func (e *enqueuing) turns(ctx context.Context, conns int, all ...turn) error {
	for n := range e.cfg.Repeat {
		order := slices.Clone(all)
		if n%2 == 1 {
			slices.Reverse(order)
		}
		for _, t := range order {
			if t.before != nil {
				if err := t.before(ctx); err != nil {
					return err
				}
			}
			speed, err := e.hammer(ctx, conns, t.write)
			if err != nil {
				return err
			}
			*t.speeds = append(*t.speeds, speed)
		}
	}
	return nil
}

// hammer writes on so many connections for cfg.For, and returns how many a second.
func (e *enqueuing) hammer(ctx context.Context, conns int, write writeFunc) (float64, error) {
	var written atomic.Int64
	ready, begin := make(chan struct{}, conns), make(chan time.Time)
	writers, ctx := errgroup.WithContext(ctx)
	var began time.Time
	for range conns {
		writers.Go(func() error {
			conn, err := e.pool.Acquire(ctx)
			if err != nil {
				return err
			}
			defer conn.Release()
			if _, err := conn.Exec(ctx, "select"); err != nil { // it is connected
				return err
			}
			ready <- struct{}{}
			select {
			case <-begin:
			case <-ctx.Done():
				return ctx.Err()
			}
			for n := 0; time.Since(began) < e.cfg.For; n++ {
				rows, err := write(ctx, conn, n)
				if err != nil {
					return err
				}
				written.Add(int64(rows))
			}
			return nil
		})
	}
	for range conns {
		select {
		case <-ready:
		case <-ctx.Done():
			return 0, writers.Wait()
		}
	}
	began = time.Now()
	close(begin)
	err := writers.Wait()
	return float64(written.Load()) / time.Since(began).Seconds(), err
}
