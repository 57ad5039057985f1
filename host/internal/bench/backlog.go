package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/lessee-run/lessee/host/internal/bench/report"
	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/host/internal/postgres"
)

// A claim may grow by this much from the small backlog to the large one, and
// from that to one with as many jobs that are scheduled for later.
const (
	claimGrows   = 1.2
	backlogSmall = 10_000
)

// Of each repetition, so many batches are claimed after so many that only warm up.
const (
	claimBatches = 30
	claimWarmUp  = 10
)

// RunBacklog measures what the claim of a batch takes with 10,000 jobs ready,
// with cfg.Jobs, of which cfg.Keys have an idempotency key, and with
// cfg.Scheduled more that are due in a day. What is claimed is committed, and
// replaced, so the backlog stays as long as it is. progress is told of the filling.
func RunBacklog(ctx context.Context, cfg Config, progress io.Writer) (r *report.Report, err error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s, err := openSite(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer func() {
		if closeErr := s.close(ctx); err == nil {
			err = closeErr
		}
	}()
	r = &report.Report{Title: "A long backlog"}
	conditions, err := s.conditions(ctx)
	if err != nil {
		return nil, err
	}
	r.Note("%s", report.Machine())
	r.Note("%s", conditions)
	small := min(backlogSmall, max(1, cfg.Jobs/10))
	r.Note("%d classes, batches of %d, %d of them a repetition; the figures are medians of a repetition; every job is committed", cfg.Classes, cfg.Batch, claimBatches)
	stages := []struct {
		name string
		fill func() error
	}{
		{fmt.Sprintf("%d ready", small), func() error { return s.fillReady(ctx, small, small, progress) }},
		{fmt.Sprintf("%d ready, %d keys", cfg.Jobs, cfg.Keys), func() error { return s.fillReady(ctx, small, cfg.Jobs, progress) }},
		{fmt.Sprintf("the same, %d scheduled", cfg.Scheduled), func() error { return s.fillScheduled(ctx, small, cfg.Scheduled, progress) }},
	}
	var took [][]float64
	for _, stage := range stages {
		if err := stage.fill(); err != nil {
			return r, fmt.Errorf("%s: %w", stage.name, err)
		}
		c, err := s.claimer(ctx)
		if err != nil {
			return r, err
		}
		claims, commits, err := c.measure(ctx)
		if err != nil {
			return r, fmt.Errorf("%s: %w", stage.name, err)
		}
		took = append(took, claims)
		r.Add(stage.name+": claim", "ms", claims...)
		r.Add(stage.name+": commit", "ms, commit", commits...)
	}
	r.AtMost(claimGrows, fmt.Sprintf("claim with %d ready ÷ with %d", cfg.Jobs, small), report.Ratios(took[1], took[0])...)
	r.AtMost(claimGrows, fmt.Sprintf("claim with %d scheduled ÷ without", cfg.Scheduled), report.Ratios(took[2], took[1])...)
	return r, s.verifyBacklog(ctx, cfg.Jobs, len(stages)*cfg.Repeat*(claimBatches+claimWarmUp)*cfg.Batch)
}

var errLease = errors.New("no lease")

// claimer claims and commits as a host does, one batch after the other.
type claimer struct {
	*site
	store  *postgres.Store
	lease  job.Lease
	fronts job.Fronts
	wants  []job.Want
}

func (s *site) claimer(ctx context.Context) (*claimer, error) {
	c := &claimer{site: s, store: postgres.NewStore(s.pool)}
	for _, class := range s.classes {
		c.wants = append(c.wants, job.Want{Class: class, Slots: s.cfg.Batch})
	}
	var err error
	c.lease, err = c.store.OpenLease(ctx, "bench", "bench")
	return c, err
}

// measure returns the medians of each repetition, in milliseconds.
func (c *claimer) measure(ctx context.Context) (claims, commits []float64, err error) {
	defer c.store.CloseLease(context.WithoutCancel(ctx), c.lease.ID) //nolint:errcheck // it would expire
	for range c.cfg.Repeat {
		var claim, commit []float64
		for n := range claimWarmUp + claimBatches {
			took, ended, err := c.batch(ctx)
			if err != nil {
				return nil, nil, err
			}
			if n >= claimWarmUp {
				claim, commit = append(claim, took), append(commit, ended)
			}
		}
		claims, commits = append(claims, report.SpreadOf(claim).Median), append(commits, report.SpreadOf(commit).Median)
	}
	return claims, commits, nil
}

// batch claims and commits one batch, and makes up for it.
func (c *claimer) batch(ctx context.Context) (claim, commit float64, err error) {
	renewal, err := c.store.RenewLease(ctx, c.lease.ID, job.Report{})
	if err != nil || !renewal.Alive {
		return 0, 0, fmt.Errorf("the measurement's lease is over, because a batch or its replacement took longer than it lasts (%w)", errors.Join(err, errLease))
	}
	began := time.Now()
	jobs, err := c.store.ClaimFrom(ctx, c.lease.ID, c.wants, c.cfg.Batch, c.fronts.Ranges(c.wants))
	claim = milliseconds(time.Since(began))
	if err != nil {
		return 0, 0, fmt.Errorf("claim: %w", err)
	}
	if len(jobs) != c.cfg.Batch {
		return 0, 0, fmt.Errorf("a claim of %d granted %d: the measurement does not count", c.cfg.Batch, len(jobs))
	}
	c.fronts.Note(jobs)
	survey, err := c.store.Survey(ctx, c.fronts.List(), c.fronts.Horizon())
	if err != nil {
		return 0, 0, fmt.Errorf("survey: %w", err)
	}
	c.fronts.Learn(survey)
	began = time.Now()
	verdicts, err := c.store.Commit(ctx, c.lease.ID, succeeded(jobs), 0)
	commit = milliseconds(time.Since(began))
	if err != nil {
		return 0, 0, fmt.Errorf("commit: %w", err)
	}
	if at := slices.IndexFunc(verdicts, func(v job.Verdict) bool { return v.Verdict != job.Accepted }); at >= 0 {
		return 0, 0, fmt.Errorf("job %d was not accepted (%s): the measurement does not count", verdicts[at].JobID, verdicts[at].Verdict)
	}
	return claim, commit, c.enqueueBatch(ctx, 0, c.cfg.Batch)
}

// succeeded are the outcomes of jobs that did nothing.
func succeeded(jobs []job.Job) []job.Outcome {
	out := make([]job.Outcome, len(jobs))
	for i, j := range jobs {
		out[i] = job.Outcome{JobID: j.ID, Fence: j.Fence, Attempt: j.Attempt, Word: job.Succeed, SpanID: spanOf(i)}
	}
	return out
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
