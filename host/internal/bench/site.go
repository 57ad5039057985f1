package bench

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/lessee-run/lessee/host/internal/postgres"
)

// site is what a measurement has in the database: classes of its own, which it
// takes away with their jobs.
type site struct {
	cfg     Config
	pool    *pgxpool.Pool
	name    string
	digest  string
	classes []string
	first   int // number of the first host that it starts
}

func openSite(ctx context.Context, cfg Config) (*site, error) {
	pool, err := postgres.Connect(ctx, cfg.DSN, "lessee bench", int32(cfg.Writers+4))
	if err != nil {
		return nil, err
	}
	s := &site{cfg: cfg, pool: pool, name: fmt.Sprintf("bench-%d", time.Now().UnixNano())}
	if err := s.create(ctx); err != nil {
		s.close(ctx) //nolint:errcheck // the first error tells
		return nil, err
	}
	return s, nil
}

// create registers a module and the classes. The module is one that real hosts
// refuse, so that they leave the jobs to the hosts of the measurement.
func (s *site) create(ctx context.Context) error {
	bytes := []byte(s.name + ": nothing to run")
	sum := sha256.Sum256(bytes)
	s.digest = hex.EncodeToString(sum[:])
	if _, err := s.pool.Exec(ctx, `insert into lessee.executor_module_registry (sha256, name, version, abi, bytes, size, reason) values ($1, $2, '1', 'core', $3, $4, 'lessee bench')`,
		s.digest, s.name, bytes, len(bytes)); err != nil {
		return fmt.Errorf("register the module of the measurement: %w", err)
	}
	for n := range s.cfg.Classes {
		class := fmt.Sprintf("%s.%d", s.name, n)
		if _, err := s.pool.Exec(ctx, `insert into lessee.executor_class_registry (class, runtime, module_sha256, enabled, concurrency_per_host, owner, reason, exit_path)
			values ($1, 'wasm', $2, true, $3, 'lessee bench', 'a measurement', 'lessee bench removes it')`, class, s.digest, s.cfg.Slots); err != nil {
			return fmt.Errorf("register a class of the measurement: %w", err)
		}
		s.classes = append(s.classes, class)
	}
	return nil
}

// enqueueBatch is how many jobs one call of fn_job_enqueue_bulk takes.
const enqueueBatch = 1000

// fill enqueues the jobs to drain.
func (s *site) fill(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(s.cfg.Writers)
	for first := 0; first < s.cfg.Jobs; first += enqueueBatch {
		group.Go(func() error { return s.enqueueBatch(ctx, first, min(enqueueBatch, s.cfg.Jobs-first)) })
	}
	return group.Wait()
}

func (s *site) enqueueBatch(ctx context.Context, first, jobs int) error {
	_, err := s.pool.Exec(ctx, `select count(*) from lessee.fn_job_enqueue_bulk((select jsonb_agg(jsonb_build_object(
		'class', ($1::text[])[1 + n % cardinality($1)], 'payload', jsonb_build_object('n', n, 'text', repeat('x', $4))))
		from generate_series($2::int, $3::int) n))`, s.classes, first, first+jobs-1, s.cfg.Payload)
	return err
}

// analyze gives the planner the statistics that autovacuum would.
func (s *site) analyze(ctx context.Context) error {
	_, err := s.pool.Exec(ctx, "analyze lessee.job_queue, lessee.job_payload")
	return err
}

// vacuum cleans what earlier turns left, so that each begins alike: also with
// as much of the server's memory, which tables that only grow would fill.
func (s *site) vacuum(ctx context.Context) error {
	_, err := s.pool.Exec(ctx, "vacuum (analyze) lessee.job_queue, lessee.job_payload, lessee.job_history, lessee.job_grant")
	return err
}

// conditions is what of the server's settings a figure depends on.
func (s *site) conditions(ctx context.Context) (line string, err error) {
	err = s.pool.QueryRow(ctx, `select 'Postgres ' || current_setting('server_version') || ', ' || string_agg(name || ' ' || current_setting(name), ', ' order by name)
		from pg_settings where name in ('fsync', 'synchronous_commit', 'shared_buffers', 'max_wal_size')`).Scan(&line)
	return line, err
}

// payloadSQL makes a payload: the job's number, and bytes of text.
const payloadSQL = "jsonb_build_object('n', $2::int, 'text', repeat('x', $3))"

// enqueueSQL enqueues one job of a class.
const enqueueSQL = "select lessee.fn_job_enqueue($1, " + payloadSQL + ")"

func (s *site) enqueue(ctx context.Context, n int) (id int64, err error) {
	err = s.pool.QueryRow(ctx, enqueueSQL, s.classes[n%len(s.classes)], n, s.cfg.Payload).Scan(&id)
	return id, err
}
