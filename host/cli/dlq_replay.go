package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/postgres"
)

const replayLong = `Replays dead letters: those of the jobs that are named, or with --class, --code or
--all every open one that fits. A replayed job has as many further attempts as
its class gives a new one. Each replay is a transaction of its own; one that is
refused (another job has taken its idempotency key) is left as it is.`

// replayPage is how many dead letters are read at a time.
const replayPage = 500

func (a *app) dlqReplayCommand() *cobra.Command {
	c := &cobra.Command{Use: "replay [JOB…]", Short: "Give jobs that failed for good another chance", Long: replayLong,
		Example: "  lessee dlq replay 17 18 --reason 'fixed in 1.3.0'\n  lessee dlq replay --class render --code limit_wall --reason 'the limit is higher now' --dry-run"}
	var f postgres.DeadLetterFilter
	a.deadLetterFilter(c, &f)
	reason := c.Flags().String("reason", "", "why; kept with the dead letter (needed)")
	all := c.Flags().Bool("all", false, "every open dead letter")
	dry := c.Flags().Bool("dry-run", false, "say what would be replayed, and change nothing")
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		ids, err := jobIDs(args)
		if err != nil {
			return err
		}
		narrowed := f.Class != "" || f.Code != ""
		switch {
		case len(ids) == 0 && !narrowed && !*all:
			return misused("name the jobs to replay, or give --class, --code or --all")
		case len(ids) > 0 && (narrowed || *all):
			return misused("name the jobs to replay, or give --class, --code or --all, not both")
		case *reason == "" && !*dry:
			return misused("--reason is missing: the dead letter keeps why it was replayed")
		}
		return a.atDesk(ctx, func(desk *postgres.Desk) error {
			say := replayVerb(*reason, *dry)
			if len(ids) > 0 {
				return a.each(ctx, desk, ids, say)
			}
			return a.replayAll(ctx, desk, f, say)
		})
	})
	return c
}

func replayVerb(reason string, dry bool) verb {
	return func(ctx context.Context, desk *postgres.Desk, id int64) (string, error) {
		if dry {
			state, err := desk.State(ctx, id)
			return "would be replayed", wordError(state == "dead_lettered", err, id, state, "only a dead-lettered job can be replayed")
		}
		done, err := desk.Replay(ctx, id, reason)
		if err != nil || done {
			return "is replayed", err
		}
		state, err := desk.State(ctx, id)
		return "", wordError(false, err, id, state, "only a dead-lettered job can be replayed")
	}
}

// replayAll walks the open dead letters from the newest to the oldest. A job
// that dies again meanwhile gets a newer one, which is not met again.
func (a *app) replayAll(ctx context.Context, desk *postgres.Desk, f postgres.DeadLetterFilter, say verb) error {
	f.Before, f.Limit = math.MaxInt64, replayPage
	var failed error
	for met := 0; ; {
		letters, err := desk.DeadLetters(ctx, f)
		if err != nil {
			return err
		}
		ids := make([]int64, len(letters))
		for i, l := range letters {
			ids[i], f.Before = l.JobID, l.DeadLetterID
		}
		met += len(ids)
		err = a.each(ctx, desk, ids, say)
		var refused exitCode
		if err != nil && !errors.As(err, &refused) {
			return err
		}
		failed = cmp.Or(failed, err)
		if len(ids) < replayPage {
			if met == 0 {
				fmt.Fprintln(a.errs, "lessee: no open dead letter fits")
			}
			return failed
		}
	}
}
