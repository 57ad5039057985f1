package postgres

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lessee-run/lessee/host/internal/job"
)

// Commit reports outcomes and returns a verdict for each, in their order: those
// that succeeded and ask for nothing in one statement, the others in another
// transaction of their own. timeout bounds the statement in the server; 0 does
// not. An outcome that the server can't even read (JSON that Go takes and jsonb
// does not) fails the whole call with job.ErrUnreadable, a timeout outside a
// command, or of many outcomes at once, with job.ErrTimeout. Any other error
// says nothing about the outcomes.
func (s *Store) Commit(ctx context.Context, lease int64, outcomes []job.Outcome, timeout time.Duration) ([]job.Verdict, error) {
	if timeout > 0 {
		return s.decide(ctx, lease, outcomes, timeout)
	}
	taken, err := s.succeed(ctx, lease, outcomes)
	if err != nil {
		return nil, err
	}
	verdicts := make([]job.Verdict, len(outcomes))
	var rest []job.Outcome
	var places []int
	for i := range outcomes {
		if o := &outcomes[i]; taken != nil && taken[i] {
			verdicts[i] = job.Verdict{JobID: o.JobID, Fence: o.Fence, Verdict: job.Accepted, State: job.Succeeded}
		} else {
			rest, places = append(rest, *o), append(places, i)
		}
	}
	if len(rest) == 0 {
		return verdicts, nil
	}
	others, err := s.decide(ctx, lease, rest, 0)
	for i, v := range others {
		verdicts[places[i]] = v
	}
	return verdicts, err
}

// succeed ends those that succeeded and ask for nothing, and returns, for each
// outcome, whether it ended it; nil: none of them.
func (s *Store) succeed(ctx context.Context, lease int64, outcomes []job.Outcome) (taken []bool, err error) {
	p := plainOf(outcomes)
	if len(p.jobs) == 0 {
		return nil, nil
	}
	var places []int32 // from 1, among those
	err = s.queryRow(ctx, "select coalesce(lessee.fn_job_succeed($1, $2, $3, $4, $5, $6, $7, null, $8, $9, $10, $11, $12), '{}')",
		[]any{lease, p.jobs, p.fences, p.attempts, p.spans, p.modules, p.outputs, p.requests, p.leased, p.meters.array(), p.lots, p.listed}, &places)
	if isData(err) {
		return nil, fmt.Errorf("%w: %w", job.ErrUnreadable, err)
	}
	taken = make([]bool, len(outcomes))
	for _, place := range places {
		taken[p.from[place-1]] = true
	}
	return taken, err
}

// decide lets fn_job_commit look at each outcome.
func (s *Store) decide(ctx context.Context, lease int64, outcomes []job.Outcome, timeout time.Duration) ([]job.Verdict, error) {
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
