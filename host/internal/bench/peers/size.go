package main

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/lessee-run/lessee/host/internal/bench/report"
)

// footprint is what enqueueing and running a job writes and leaves.
type footprint struct {
	wal, pages    float64 // bytes; those of it that are full pages after a checkpoint
	left, compact float64 // bytes of tables and indexes right after, and rewritten
	btree, gin    float64 // entries of B-trees; records of GIN indexes
	state
}

// state is what of a database's counters a footprint is the difference of.
type state struct {
	bytes                         float64 // of tables and indexes
	inserted, updated, hot, ended float64 // rows; hot: of those updated, without their indexes
}

// footprints runs the same backlog with Lessee and with River, enqueue included.
func (l *lab) footprints(ctx context.Context) ([]*report.Report, error) {
	r := report.New("8  What a finished job writes and leaves")
	if err := l.conditions(ctx, r); err != nil {
		return nil, err
	}
	r.Note("%d jobs enqueued by thousands, run, and kept; WAL by pg_waldump, so everything counts that the server does meanwhile", l.jobs)
	found := map[string][]footprint{}
	for range l.repeat {
		for _, s := range []struct {
			name    string
			prepare func(ctx context.Context, dsn string) error
			run     func(ctx context.Context, dsn string) error
		}{
			{"lessee", l.migrate, func(ctx context.Context, dsn string) error {
				var ignored map[string]any
				return l.lesseeJSON(ctx, dsn, &ignored, "burn", "--keep", "--jobs", strconv.Itoa(l.jobs))
			}},
			{"river", l.prepareRiver, l.runRiver},
		} {
			err := l.inDatabase(ctx, func(dsn string) error {
				if err := s.prepare(ctx, dsn); err != nil {
					return err
				}
				f, err := l.footprint(ctx, dsn, s.run)
				progress("%s: %.0f bytes of WAL a job", s.name, f.wal)
				found[s.name] = append(found[s.name], f)
				return err
			})
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	addFootprints(r, found)
	return []*report.Report{r}, nil
}

func addFootprints(r *report.Report, found map[string][]footprint) {
	for _, figure := range []struct {
		what, unit string
		of         func(footprint) float64
	}{
		{"WAL", "bytes/job", func(f footprint) float64 { return f.wal }},
		{"WAL, full pages of it", "bytes/job, pages", func(f footprint) float64 { return f.pages }},
		{"tables and indexes, right after", "bytes/job, right after", func(f footprint) float64 { return f.left }},
		{"tables and indexes, rewritten", "bytes/job, rewritten", func(f footprint) float64 { return f.compact }},
		{"entries in B-trees", "entries/job", func(f footprint) float64 { return f.btree }},
		{"records of GIN indexes", "records/job", func(f footprint) float64 { return f.gin }},
		{"rows inserted", "rows/job", func(f footprint) float64 { return f.inserted }},
		{"rows updated", "updates/job", func(f footprint) float64 { return f.updated }},
		{"rows updated in their page alone", "HOT updates/job", func(f footprint) float64 { return f.hot }},
		{"rows deleted", "deletes/job", func(f footprint) float64 { return f.ended }},
	} {
		for _, name := range []string{"lessee", "river"} {
			var values []float64
			for _, f := range found[name] {
				values = append(values, figure.of(f))
			}
			r.Add(name+": "+figure.what, figure.unit, values...)
		}
	}
}

func (l *lab) migrate(ctx context.Context, dsn string) error {
	out, err := exec.CommandContext(ctx, l.program("lessee"), "--dsn", dsn, "migrate", "up").CombinedOutput()
	if err != nil {
		return fmt.Errorf("lessee migrate up: %w: %s", err, out)
	}
	return nil
}

func (l *lab) prepareRiver(ctx context.Context, dsn string) error {
	q, err := openRiver(ctx, dsn, l.river, 0)
	if err != nil {
		return err
	}
	q.pool.Close()
	return nil
}

func (l *lab) runRiver(ctx context.Context, dsn string) error {
	q, err := openRiver(ctx, dsn, l.river, 0)
	if err != nil {
		return err
	}
	defer q.pool.Close()
	if err := q.fill(ctx, l.jobs); err != nil {
		return err
	}
	if err := l.exec(ctx, dsn, "analyze"); err != nil {
		return err
	}
	_, err = q.drain(ctx, l.jobs)
	return err
}

// footprint measures what run writes, between two positions of the WAL.
func (l *lab) footprint(ctx context.Context, dsn string, run func(context.Context, string) error) (f footprint, err error) {
	if err := l.exec(ctx, dsn, "checkpoint"); err != nil {
		return f, err
	}
	from, before, err := position(ctx, dsn)
	if err != nil {
		return f, err
	}
	if err := run(ctx, dsn); err != nil {
		return f, err
	}
	to, after, err := position(ctx, dsn)
	if err != nil {
		return f, err
	}
	if err := l.exec(ctx, dsn, "vacuum full"); err != nil {
		return f, err
	}
	_, rewritten, err := position(ctx, dsn)
	if err != nil {
		return f, err
	}
	if f, err = readWAL(ctx, dsn, from, to); err != nil {
		return f, err
	}
	f.left, f.compact = after.bytes-before.bytes, rewritten.bytes-before.bytes
	f.inserted, f.updated, f.hot, f.ended = after.inserted-before.inserted, after.updated-before.updated, after.hot-before.hot, after.ended-before.ended
	return f.per(float64(l.jobs)), nil
}

// position is where the WAL is, all of it written, and what the tables are like.
func position(ctx context.Context, dsn string) (lsn string, s state, err error) {
	err = withConn(ctx, dsn, func(conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, "select pg_current_xact_id()"); err != nil { // its commit flushes what is before it
			return err
		}
		return conn.QueryRow(ctx, `select pg_current_wal_flush_lsn()::text, coalesce(sum(pg_total_relation_size(relid)), 0)::float8,
				coalesce(sum(n_tup_ins), 0)::float8, coalesce(sum(n_tup_upd), 0)::float8, coalesce(sum(n_tup_hot_upd), 0)::float8, coalesce(sum(n_tup_del), 0)::float8
			from pg_stat_user_tables`).Scan(&lsn, &s.bytes, &s.inserted, &s.updated, &s.hot, &s.ended)
	})
	return lsn, s, err
}

// A line of pg_waldump --stats=record: the kind of record, how many, their bytes, and those of full pages.
var walLine = regexp.MustCompile(`(?m)^(\S+)\s+(\d+)\s+\(\s*[\d.]+\)\s+(\d+)\s+\(\s*[\d.]+\)\s+(\d+)\s+\(\s*[\d.]+\)\s+(\d+)`)

// readWAL counts what the server wrote between two positions.
func readWAL(ctx context.Context, dsn, from, to string) (f footprint, err error) {
	var bindir, data string
	err = withConn(ctx, dsn, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, "select (select setting from pg_config where name = 'BINDIR'), current_setting('data_directory')").Scan(&bindir, &data)
	})
	if err != nil {
		return f, err
	}
	dump := exec.CommandContext(ctx, filepath.Join(bindir, "pg_waldump"), "--path", filepath.Join(data, "pg_wal"), "--start", from, "--end", to, "--stats=record")
	out, err := dump.CombinedOutput()
	lines := walLine.FindAllStringSubmatch(string(out), -1)
	if err != nil || len(lines) == 0 {
		return f, fmt.Errorf("pg_waldump: %w: %s", err, out)
	}
	for _, line := range lines {
		f.add(strings.TrimSuffix(line[1], "+INIT"), number(line[2]), number(line[4]), number(line[5]))
	}
	return f, nil
}

// add counts records of a kind. A split of a B-tree's page inserts an entry too.
func (f *footprint) add(kind string, records, pages, bytes float64) {
	f.wal, f.pages = f.wal+bytes, f.pages+pages
	switch kind {
	case "Btree/INSERT_LEAF", "Btree/INSERT_POST", "Btree/SPLIT_L", "Btree/SPLIT_R":
		f.btree += records
	default:
		if strings.HasPrefix(kind, "Gin/") {
			f.gin += records
		}
	}
}

func (f footprint) per(jobs float64) footprint {
	for _, v := range []*float64{&f.wal, &f.pages, &f.left, &f.compact, &f.btree, &f.gin, &f.inserted, &f.updated, &f.hot, &f.ended} {
		*v /= jobs
	}
	return f
}

func number(s string) float64 {
	n, _ := strconv.ParseFloat(s, 64) // the pattern matches digits
	return n
}
