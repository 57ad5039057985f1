package postgres

import (
	"context"
	"encoding/json"
	"time"

	"github.com/lessee-run/lessee/host/internal/job"
)

// OpenLease grants a lease to the host of that name. TTL counts from before the call.
func (s *Store) OpenLease(ctx context.Context, host, version string) (job.Lease, error) {
	var lease job.Lease
	var ttl int64
	err := s.queryRow(ctx, "select lease_id, ttl_ms from lessee.fn_lease_open($1, $2)", []any{host, version}, &lease.ID, &ttl)
	lease.TTL = time.Duration(ttl) * time.Millisecond
	return lease, err
}

// RenewLease is the heartbeat: it renews the lease, reports, and learns what to stop.
func (s *Store) RenewLease(ctx context.Context, lease int64, report job.Report) (job.Renewal, error) {
	var r job.Renewal
	var ttl int64
	var stop []byte
	err := s.queryRow(ctx, "select alive, ttl_ms, stop, sweep from lessee.fn_lease_renew($1, $2, $3, $4)",
		[]any{lease, jsonOf(report.Held), jsonOf(report.Classes), max(report.InFlight, len(report.Held))}, &r.Alive, &ttl, &stop, &r.Sweep)
	if err != nil {
		return job.Renewal{}, err
	}
	r.TTL = time.Duration(ttl) * time.Millisecond
	return r, json.Unmarshal(stop, &r.Stop)
}

// CloseLease ends a lease in order.
func (s *Store) CloseLease(ctx context.Context, lease int64) error {
	_, err := s.pool.Exec(ctx, "select lessee.fn_lease_close($1)", lease)
	return translate(err)
}
