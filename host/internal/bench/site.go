package bench

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
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
	digest  string
	classes []string
}

func openSite(ctx context.Context, cfg Config) (*site, error) {
	pool, err := postgres.Connect(ctx, cfg.DSN, "lessee bench", int32(cfg.Writers+2))
	if err != nil {
		return nil, err
	}
	s := &site{cfg: cfg, pool: pool}
	name := fmt.Sprintf("bench-%d", time.Now().UnixNano())
	if err := s.create(ctx, name); err != nil {
		s.close(ctx) //nolint:errcheck // the first error tells
		return nil, err
	}
	return s, nil
}

// create registers a module and the classes. The module is one that real hosts
// refuse, so that they leave the jobs to the hosts of the measurement.
func (s *site) create(ctx context.Context, name string) error {
	bytes := []byte(name + ": nothing to run")
	sum := sha256.Sum256(bytes)
	s.digest = hex.EncodeToString(sum[:])
	if _, err := s.pool.Exec(ctx, `insert into lessee.executor_module_registry (sha256, name, version, abi, bytes, size, reason) values ($1, $2, '1', 'core', $3, $4, 'lessee bench')`,
		s.digest, name, bytes, len(bytes)); err != nil {
		return fmt.Errorf("register the module of the measurement: %w", err)
	}
	for n := range s.cfg.Classes {
		class := fmt.Sprintf("%s.%d", name, n)
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

func (s *site) enqueue(ctx context.Context, n int) (id int64, err error) {
	err = s.pool.QueryRow(ctx, "select lessee.fn_job_enqueue($1, jsonb_build_object('n', $2::int, 'text', repeat('x', $3)))",
		s.classes[n%len(s.classes)], n, s.cfg.Payload).Scan(&id)
	return id, err
}

// verify fails unless every one of jobs ended well, once, in one attempt.
func (s *site) verify(ctx context.Context, jobs int) error {
	var left, succeeded, other, attempts, dead int
	err := s.pool.QueryRow(ctx, `select
		(select count(*) from lessee.job_queue where class = any ($1)),
		(select count(distinct job_id) from lessee.job_final where class = any ($1) and state = 'succeeded'),
		(select count(*) from lessee.job_final where class = any ($1) and state <> 'succeeded'),
		(select count(*) from lessee.job_attempt where class = any ($1) and word = 'succeed'),
		(select count(*) from lessee.job_dead_letter where class = any ($1))`, s.classes).Scan(&left, &succeeded, &other, &attempts, &dead)
	if err != nil {
		return fmt.Errorf("verify the jobs: %w", err)
	}
	if left != 0 || succeeded != jobs || other != 0 || attempts != jobs || dead != 0 {
		return fmt.Errorf("of %d jobs %d succeeded in %d attempts, %d ended otherwise, %d are dead-lettered, %d are left: the measurement does not count", jobs, succeeded, attempts, other, dead, left)
	}
	return nil
}

// close takes away everything that the measurement made.
func (s *site) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	defer s.pool.Close()
	statements := []string{
		"delete from lessee.job_payload p using (select job_id from lessee.job_final where class = any ($1) union all select id from lessee.job_queue where class = any ($1)) j where p.job_id = j.job_id",
		"delete from lessee.job_history where class = any ($1)",
		"delete from lessee.job_dead_letter where class = any ($1)",
		"delete from lessee.job_queue where class = any ($1)",
		"delete from lessee.executor_class_registry where class = any ($1)",
	}
	for _, sql := range statements {
		if _, err := s.pool.Exec(ctx, sql, s.classes); err != nil {
			return fmt.Errorf("take the measurement away (%s): %w", strings.Join(strings.Fields(sql)[:3], " "), err)
		}
	}
	_, err := s.pool.Exec(ctx, "delete from lessee.executor_module_registry where sha256 = $1", s.digest)
	return err
}
