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

// RunBacklog measures what the claim of a batch takes with 10,000 jobs ready, with
// cfg.Jobs, of which cfg.Keys have an idempotency key, and with 10,000 and
// cfg.Scheduled that are due in a day. Each has a database of its own, because
// the three take turns batch by batch: what else the machine does is the same for
// all. What is claimed is committed, and replaced, so a backlog stays as long as
// it is. progress is told of the filling.
func RunBacklog(ctx context.Context, cfg Config, progress io.Writer) (r *report.Report, err error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	small := min(backlogSmall, max(1, cfg.Jobs/10))
	r = report.New("A long backlog")
	r.Note("%s", report.Machine())
	r.Note("%d classes; batches of %d, %d of them a repetition, in turn; the figures are medians of a repetition; every job is committed", cfg.Classes, cfg.Batch, claimBatches)
	cases := []*backlogCase{
		{name: fmt.Sprintf("%d ready", small), ready: small, template: small},
		{name: fmt.Sprintf("%d ready, %d keys", cfg.Jobs, cfg.Keys), ready: cfg.Jobs, template: small},
		{name: fmt.Sprintf("%d ready, %d scheduled", small, cfg.Scheduled), ready: small, scheduled: cfg.Scheduled, template: small},
	}
	for n, c := range cases {
		opened, err := c.open(ctx, cfg, fmt.Sprintf("lessee_bench_%d_%d", time.Now().Unix(), n), progress)
		if opened != nil {
			defer func() { err = errors.Join(err, opened.drop(context.WithoutCancel(ctx))) }()
		}
		if err != nil {
			return r, fmt.Errorf("%s: %w", c.name, err)
		}
	}
	conditions, err := cases[0].conditions(ctx)
	if err != nil {
		return r, err
	}
	r.Note("%s", conditions)
	for range cfg.Repeat {
		if err := repetition(ctx, cases); err != nil {
			return r, err
		}
	}
	for _, c := range cases {
		r.Add(c.name+": claim", "ms", c.claims...)
	}
	for _, c := range cases {
		r.Add(c.name+": commit", "ms, commit", c.commits...)
	}
	r.AtMost(claimGrows, fmt.Sprintf("claim with %d ready ÷ with %d", cfg.Jobs, small), report.Ratios(cases[1].claims, cases[0].claims)...)
	r.AtMost(claimGrows, fmt.Sprintf("claim with %d scheduled ÷ without", cfg.Scheduled), report.Ratios(cases[2].claims, cases[0].claims)...)
	for _, c := range cases {
		if err := c.verifyBacklog(ctx, c.ready, cfg.Repeat*(claimBatches+claimWarmUp)*cfg.Batch); err != nil {
			return r, fmt.Errorf("%s: %w", c.name, err)
		}
	}
	return r, nil
}

// backlogCase is a backlog in a database of its own.
type backlogCase struct {
	*claimer
	name                       string
	ready, scheduled, template int
	claims, commits            []float64 // median milliseconds of each repetition
}

// open makes the database and fills it. What it returns is to be dropped, also after an error.
func (c *backlogCase) open(ctx context.Context, cfg Config, database string, progress io.Writer) (*scratch, error) {
	made, err := createScratch(ctx, cfg.DSN, database)
	if err != nil {
		return made, err
	}
	made.keep = cfg.Keep
	cfg.DSN = made.dsn
	s, err := openSite(ctx, cfg)
	if err != nil {
		return made, err
	}
	made.site = s
	if err := s.fillReady(ctx, c.template, c.ready, progress); err != nil {
		return made, err
	}
	if err := s.fillScheduled(ctx, c.template, c.scheduled, progress); err != nil {
		return made, err
	}
	c.claimer = s.claimer()
	return made, nil
}

// repetition lets the cases take turns, and takes their medians.
func repetition(ctx context.Context, cases []*backlogCase) error {
	claims, commits := make([][]float64, len(cases)), make([][]float64, len(cases))
	for _, c := range cases {
		var err error
		if c.lease, err = c.store.OpenLease(ctx, "bench", "bench"); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		defer c.store.CloseLease(context.WithoutCancel(ctx), c.lease.ID) //nolint:errcheck // it would expire
	}
	for batch := range claimWarmUp + claimBatches {
		for n, c := range cases {
			claim, commit, err := c.batch(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			if batch >= claimWarmUp {
				claims[n], commits[n] = append(claims[n], claim), append(commits[n], commit)
			}
		}
	}
	for n, c := range cases {
		c.claims, c.commits = append(c.claims, report.SpreadOf(claims[n]).Median), append(c.commits, report.SpreadOf(commits[n]).Median)
	}
	return nil
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

func (s *site) claimer() *claimer {
	c := &claimer{site: s, store: postgres.NewStore(s.pool)}
	for _, class := range s.classes {
		c.wants = append(c.wants, job.Want{Class: class, Slots: s.cfg.Batch})
	}
	return c
}

// batch claims and commits one batch, and makes up for it.
func (c *claimer) batch(ctx context.Context) (claim, commit float64, err error) {
	renewal, err := c.store.RenewLease(ctx, c.lease.ID, job.Report{})
	if err != nil || !renewal.Alive {
		return 0, 0, fmt.Errorf("the measurement's lease is over, because a batch or its replacement took longer than it lasts (%w)", errors.Join(err, errLease))
	}
	began := time.Now()
	claimed, err := c.store.ClaimFrom(ctx, c.lease.ID, job.Ask{Wants: c.wants, Limit: c.cfg.Batch, Fronts: c.fronts.Ranges(c.wants)})
	claim = milliseconds(time.Since(began))
	if err != nil {
		return 0, 0, fmt.Errorf("claim: %w", err)
	}
	jobs := claimed.Jobs
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
		out[i] = job.Outcome{JobID: j.ID, Fence: j.Fence, Attempt: j.Attempt, LeasedAt: j.LeasedAt, Listed: j.Listed, Word: job.Succeed, SpanID: spanOf(i)}
	}
	return out
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
