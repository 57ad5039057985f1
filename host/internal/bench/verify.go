package bench

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"
)

// Verify fails unless every one of jobs of these classes ended well, once, in one attempt.
func Verify(ctx context.Context, pool *pgxpool.Pool, classes []string, jobs int) error {
	var left, succeeded, other, attempts, dead int
	err := pool.QueryRow(ctx, `select
		(select count(*) from lessee.job_queue where class = any ($1)),
		(select count(distinct job_id) from lessee.job_final where class = any ($1) and state = 'succeeded'),
		(select count(*) from lessee.job_final where class = any ($1) and state <> 'succeeded'),
		(select count(*) from lessee.job_attempt where class = any ($1) and word = 'succeed'),
		(select count(*) from lessee.job_dead_letter where class = any ($1))`, classes).Scan(&left, &succeeded, &other, &attempts, &dead)
	if err != nil {
		return fmt.Errorf("verify the jobs: %w", err)
	}
	if left != 0 || succeeded != jobs || other != 0 || attempts != jobs || dead != 0 {
		return fmt.Errorf("of %d jobs %d succeeded in %d attempts, %d ended otherwise, %d are dead-lettered, %d are left: the measurement does not count", jobs, succeeded, attempts, other, dead, left)
	}
	return nil
}

func (s *site) verify(ctx context.Context, jobs int) error {
	return Verify(ctx, s.pool, s.classes, jobs)
}
