package bench

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// close takes away everything that the measurement made.
func (s *site) close(ctx context.Context) error {
	defer s.pool.Close()
	if s.cfg.Keep {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 30*time.Minute)
	defer cancel()
	statements := []string{
		"delete from lessee.job_payload p using (select job_id from lessee.job_final where class = any ($1) union all select id from lessee.job_queue where class = any ($1)) j where p.job_id = j.job_id",
		"delete from lessee.job_dead_letter where class = any ($1)",
		"delete from lessee.job_idempotency where class = any ($1)",
		"delete from lessee.job_history where class = any ($1)",
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
