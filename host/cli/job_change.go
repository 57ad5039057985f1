package cli

import (
	"cmp"
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/host/internal/postgres"
)

// verb says a word about one job, and returns what became of it.
type verb func(ctx context.Context, desk *postgres.Desk, id int64) (string, error)

// onJobs makes a command that says a word about every job that it names.
func (a *app) onJobs(c *cobra.Command, say verb) *cobra.Command {
	c.Use += " ID…"
	c.Args = cobra.MinimumNArgs(1)
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		ids, err := jobIDs(args)
		if err != nil {
			return err
		}
		return a.atDesk(ctx, func(desk *postgres.Desk) error { return a.each(ctx, desk, ids, say) })
	})
	return c
}

// each goes on after a failure, and ends with the code of the first one.
func (a *app) each(ctx context.Context, desk *postgres.Desk, ids []int64, say verb) error {
	var failed error
	for _, id := range ids {
		outcome, err := say(ctx, desk, id)
		if err != nil {
			if ctx.Err() != nil || codeOf(err) == ExitUnreachable {
				return err
			}
			a.warn("%v", err)
			failed = cmp.Or(failed, error(exitCode(codeOf(err))))
			continue
		}
		fmt.Fprintf(a.out, "job %d %s\n", id, outcome)
	}
	return failed
}

func (a *app) jobCancelCommand() *cobra.Command {
	c := &cobra.Command{Use: "cancel", Short: "Stop jobs",
		Long: `Says the word cancel. A job that no host holds is cancelled at once; of one that
runs, its host is told, and it is cancelled when nothing of it runs any more.`,
		Example: "  lessee job cancel 17 18 --reason 'wrong recipients'"}
	reason := c.Flags().String("reason", "cancelled by an operator", "why; kept with the job")
	return a.onJobs(c, func(ctx context.Context, desk *postgres.Desk, id int64) (string, error) {
		outcome, err := desk.Cancel(ctx, id, *reason)
		switch {
		case err != nil:
			return "", err
		case outcome == "requested":
			return "is running: its host was told to stop it", nil
		case outcome == string(job.Cancelled):
			return "is cancelled", nil
		}
		return "", refused("job %d is %s: there is nothing to cancel", id, outcome)
	})
}

func (a *app) jobRetryCommand() *cobra.Command {
	c := &cobra.Command{Use: "retry", Short: "Run jobs now that failed or wait",
		Long: `A dead-lettered job is replayed, with as many further attempts as its class gives
a new one. A job that is scheduled, or waits to be retried, is made due now.`,
		Example: "  lessee job retry 17 --reason 'the printer has paper again'"}
	reason := c.Flags().String("reason", "retried by an operator", "why; kept with the dead letter")
	return a.onJobs(c, func(ctx context.Context, desk *postgres.Desk, id int64) (string, error) {
		state, err := desk.State(ctx, id)
		if err != nil {
			return "", err
		}
		done, outcome := false, "is ready"
		switch job.State(state) {
		case job.DeadLettered:
			done, err = desk.Replay(ctx, id, *reason)
		case job.Scheduled, job.RetryWait:
			done, err = desk.Hasten(ctx, id)
		}
		return outcome, wordError(done, err, id, state, "only a job that is dead_lettered, scheduled or in retry_wait can be retried")
	})
}

func (a *app) jobApproveCommand() *cobra.Command {
	return a.onJobs(&cobra.Command{Use: "approve", Short: "Let proposed jobs run", Example: "  lessee job approve 17"},
		a.simpleVerb("is approved", "only a proposed job can be approved", (*postgres.Desk).Approve))
}

func (a *app) jobResumeCommand() *cobra.Command {
	return a.onJobs(&cobra.Command{Use: "resume", Short: "Let waiting (parked) jobs go on", Example: "  lessee job resume 17"},
		a.simpleVerb("is ready", "only a waiting job can be resumed", (*postgres.Desk).Resume))
}

func (a *app) jobRejectCommand() *cobra.Command {
	c := &cobra.Command{Use: "reject", Short: "Refuse proposed jobs", Example: "  lessee job reject 17 --reason 'over budget'"}
	reason := c.Flags().String("reason", "rejected by an operator", "why; kept with the job")
	return a.onJobs(c, a.simpleVerb("is rejected", "only a proposed job can be rejected",
		func(desk *postgres.Desk, ctx context.Context, id int64) (bool, error) {
			return desk.Reject(ctx, id, *reason)
		}))
}

// simpleVerb is a word that one state takes and the others don't.
func (a *app) simpleVerb(outcome, otherwise string, say func(*postgres.Desk, context.Context, int64) (bool, error)) verb {
	return func(ctx context.Context, desk *postgres.Desk, id int64) (string, error) {
		done, err := say(desk, ctx, id)
		if err != nil || done {
			return outcome, err
		}
		state, err := desk.State(ctx, id)
		return "", wordError(false, err, id, state, otherwise)
	}
}

func wordError(done bool, err error, id int64, state, otherwise string) error {
	if err != nil || done {
		return err
	}
	return refused("job %d is %s: %s", id, state, otherwise)
}

// command is how to say a word about a job.
func command(word string, id int64) string { return fmt.Sprintf("lessee job %s %d", word, id) }
