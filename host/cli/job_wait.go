package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/host/internal/postgres"
)

func (a *app) jobWaitCommand() *cobra.Command {
	c := &cobra.Command{Use: "wait ID", Short: "Wait until a job ends", Args: cobra.ExactArgs(1),
		Long: `Waits until the job ends. The exit code tells how: 0 succeeded, 7 ended
otherwise, 6 still going after --timeout.`,
		Example: "  lessee job wait 17 --timeout 1m && lessee job show 17 --output"}
	timeout := c.Flags().Duration("timeout", 0, "at most so long; 0: for ever")
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		ids, err := jobIDs(args)
		if err != nil {
			return err
		}
		return a.atDesk(ctx, func(desk *postgres.Desk) error { return a.awaitJob(ctx, desk, ids[0], *timeout) })
	})
	return c
}

// awaitJob asks for the job's state, quickly at first, until it is final.
func (a *app) awaitJob(ctx context.Context, desk *postgres.Desk, id int64, timeout time.Duration) error {
	deadline := time.Now().Add(timeout)
	for pause := 20 * time.Millisecond; ; pause = min(pause*3/2, 500*time.Millisecond) {
		state, err := desk.State(ctx, id)
		if err != nil {
			return err
		}
		if job.State(state).Final() {
			return a.ended(ctx, desk, id, job.State(state))
		}
		if timeout > 0 && time.Now().Add(pause).After(deadline) {
			a.warn("job %d is still %s after %s%s", id, state, timeout, waitingFor(job.State(state), id))
			return exitCode(ExitTimeout)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

// ended says why, when a job did not succeed.
func (a *app) ended(ctx context.Context, desk *postgres.Desk, id int64, state job.State) error {
	if state == job.Succeeded {
		return nil
	}
	detail, err := desk.Job(ctx, id)
	if err != nil {
		return err
	}
	a.warn("job %d is %s: %s\n  lessee job show %d tells more.", id, state, remark(detail.JobRecord), id)
	return exitCode(ExitNotDone)
}

// waitingFor is what a person can do for a job that does not move.
func waitingFor(state job.State, id int64) string {
	switch state {
	case job.Proposed:
		return ": it waits for an approval\n  " + command("approve", id)
	case job.Waiting:
		return ": it is parked\n  " + command("resume", id)
	case job.Scheduled, job.RetryWait:
		return ": it is due later\n  " + command("retry", id)
	case job.Ready:
		return ": no host has taken it\n  lessee doctor tells why."
	}
	return ""
}
