package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/lessee-run/lessee/host/internal/job"
)

// ClassHost is what a live host last said of a class.
type ClassHost struct {
	Host string        `json:"host"`
	Said job.Readiness `json:"said"`
}

// ClassHosts lists them, by name.
func (d *Desk) ClassHosts(ctx context.Context, class string) ([]ClassHost, error) {
	return list[ClassHost](ctx, d, `
		select l.host, h.classes -> $1 as said
		from lessee.dot_iu_runtime_lease l join lessee.queue_heartbeat h using (lease_id)
		where l.ended_at is null and l.expires_at > clock_timestamp() and h.classes ? $1
		order by l.host`, class)
}

// ModuleRate is how the first attempts of a class fared on one module.
type ModuleRate struct {
	Module   string    `json:"module"` // NAME@VERSION
	SHA256   string    `json:"sha256" db:"sha256"`
	Attempts int64     `json:"attempts"`
	Failed   int64     `json:"failed"` // retried, dead-lettered or rescued
	Since    time.Time `json:"since"`
}

// ClassRates compares the modules that ran first attempts of a class since its
// candidate was set, an hour at most.
func (d *Desk) ClassRates(ctx context.Context, class string) ([]ModuleRate, error) {
	return list[ModuleRate](ctx, d, `
		select m.name || '@' || m.version as module, m.sha256, count(*) as attempts,
		       count(*) filter (where a.word in ('retry', 'dead_letter', 'rescue')) as failed, min(w.since) as since
		from (select greatest(c.candidate_since, clock_timestamp() - interval '1 hour') as since
		      from lessee.executor_class_registry c where c.class = $1 and c.candidate_sha256 is not null) w
		join lessee.job_history a on a.ended_at >= w.since and a.class = $1 and a.attempt = 1 and a.word in ('succeed', 'retry', 'dead_letter', 'rescue') and a.lease_id is not null
		join lessee.executor_module_registry m on m.sha256 = a.module_sha256
		group by m.sha256, m.name, m.version
		order by count(*) desc`, class)
}

// RollBackClass points a class at the module that ran its jobs before, and
// returns that one as NAME@VERSION.
func (d *Desk) RollBackClass(ctx context.Context, class, reason string) (string, error) {
	k, err := d.Class(ctx, class)
	switch {
	case err != nil:
		return "", err
	case k.PreviousSHA256 == nil:
		return "", &Error{Kind: KindConflict, Message: fmt.Sprintf("class %s has never run another module", class), Hint: "Name one: lessee class set " + class + " --module NAME@VERSION --reason WHY"}
	}
	return *k.Previous, d.point(ctx, k, *k.PreviousSHA256, reason)
}

// PromoteClass points a class at its candidate, and returns that one as NAME@VERSION.
func (d *Desk) PromoteClass(ctx context.Context, class, reason string) (string, error) {
	k, err := d.Class(ctx, class)
	switch {
	case err != nil:
		return "", err
	case k.CandidateSHA256 == nil:
		return "", &Error{Kind: KindConflict, Message: fmt.Sprintf("class %s has no candidate", class), Hint: "Set one: lessee class set " + class + " --candidate NAME@VERSION --canary 10 --reason WHY"}
	}
	return *k.Candidate, d.point(ctx, k, *k.CandidateSHA256, reason)
}

// point re-points a class as it was read; one that changed meanwhile stays as it is.
func (d *Desk) point(ctx context.Context, k ClassRecord, digest, reason string) error {
	tag, err := d.pool.Exec(ctx, "update lessee.executor_class_registry set module_sha256 = $2, reason = $3 where class = $1 and updated_at = $4", k.Class, digest, reason, k.UpdatedAt)
	if err == nil && tag.RowsAffected() == 0 {
		return &Error{Kind: KindConflict, Message: fmt.Sprintf("class %s was changed by somebody else at this moment", k.Class), Hint: "Look at it, then try again: lessee class show " + k.Class}
	}
	return translate(err)
}
