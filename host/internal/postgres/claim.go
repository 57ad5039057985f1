package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/lessee-run/lessee/host/internal/job"
)

// Claim grants the lease up to limit ready jobs, in one round trip.
func (s *Store) Claim(ctx context.Context, lease int64, wants []job.Want, limit int) ([]job.Job, error) {
	classes, slots := make([]string, len(wants)), make([]int32, len(wants))
	for i, w := range wants {
		classes[i], slots[i] = w.Class, int32(w.Slots)
	}
	rows, err := s.pool.Query(ctx, `select job_id, class, fence, attempt, max_attempts, leased_at, enqueued_at, coalesce(idempotency_key, ''),
		payload, trace_id, parent_span_id, sampled, coalesce(tracestate, ''), registry_version
		from lessee.fn_job_claim($1, $2, $3, $4)`, lease, classes, slots, limit)
	return collect(rows, err, scanJob)
}

func scanJob(row pgx.CollectableRow) (j job.Job, err error) {
	err = row.Scan(&j.ID, &j.Class, &j.Fence, &j.Attempt, &j.MaxAttempts, &j.LeasedAt, &j.EnqueuedAt, &j.IdempotencyKey,
		&j.Payload, &j.Trace.TraceID, &j.Trace.SpanID, &j.Trace.Sampled, &j.Tracestate, &j.RegistryVersion)
	return j, err
}
