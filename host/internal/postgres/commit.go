package postgres

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lessee-run/lessee/host/internal/job"
)

// Commit reports outcomes in one transaction and returns a verdict for each.
// timeout bounds the statement in the server; 0 does not. An outcome that the
// server can't even read (JSON that Go takes and jsonb does not) fails the
// whole call with job.ErrUnreadable, a timeout outside a command, or of many
// outcomes at once, with job.ErrTimeout. Any other error says nothing about the outcomes.
func (s *Store) Commit(ctx context.Context, lease int64, outcomes []job.Outcome, timeout time.Duration) ([]job.Verdict, error) {
	for i := range outcomes {
		outcomes[i] = outcomes[i].Printable()
	}
	began := time.Now()
	batch := &pgx.Batch{}
	if timeout > 0 {
		batch.Queue("begin")
		batch.Queue("set constraints all immediate") // a command's deferred constraint fails its job, not the whole at commit
		batch.Queue("select set_config('statement_timeout', $1, true)", strconv.FormatInt(timeout.Milliseconds(), 10))
	}
	var verdicts []job.Verdict
	batch.Queue("select job_id, fence, verdict, coalesce(state, ''), coalesce(code, ''), coalesce(message, '') from lessee.fn_job_commit($1, $2)",
		lease, jsonOf(outcomes)).Query(func(rows pgx.Rows) error {
		var err error
		verdicts, err = pgx.CollectRows(rows, scanVerdict)
		return err
	})
	if timeout > 0 {
		batch.Queue("commit")
	}
	switch err := s.pool.SendBatch(ctx, batch).Close(); {
	case isData(err):
		return nil, fmt.Errorf("%w: %w", job.ErrUnreadable, translate(err))
	case isCancelled(err) && (len(outcomes) > 1 || timeout > 0 && time.Since(began) >= timeout):
		return nil, fmt.Errorf("%w: %w", job.ErrTimeout, translate(err))
	default:
		return verdicts, translate(err)
	}
}

func scanVerdict(row pgx.CollectableRow) (v job.Verdict, err error) {
	err = row.Scan(&v.JobID, &v.Fence, &v.Verdict, &v.State, &v.Code, &v.Message)
	return v, err
}
