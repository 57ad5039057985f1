package cli

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/postgres"
)

func (a *app) dlqCommand() *cobra.Command {
	return a.groupOf("dlq", "Dead letters: jobs that failed for good",
		"A dead letter keeps the payload, the trace and every attempt of a job that\nfailed for good. It stays when the job is replayed, as the record of it.",
		a.dlqListCommand(), a.dlqShowCommand(), a.dlqReplayCommand())
}

// deadLetterFilter gives a command the flags that narrow dead letters.
func (a *app) deadLetterFilter(c *cobra.Command, f *postgres.DeadLetterFilter) {
	c.Flags().StringVar(&f.Class, "class", "", "only of this class")
	c.Flags().StringVar(&f.Code, "code", "", "only those whose error has this code")
	complete(c, "class", a.completeClass)
}

func (a *app) dlqListCommand() *cobra.Command {
	c := &cobra.Command{Use: "list", Short: "List open dead letters, the newest first", Args: cobra.NoArgs,
		Example: "  lessee dlq list --class render --code limit_wall"}
	asJSON := jsonFlag(c)
	var f postgres.DeadLetterFilter
	a.deadLetterFilter(c, &f)
	c.Flags().Int64Var(&f.Before, "before", 0, "only dead_letter_ids below this one")
	c.Flags().IntVar(&f.Limit, "limit", 50, "at most so many")
	c.RunE = a.run(func(ctx context.Context, _ []string) error {
		if err := checkLimit(f.Limit); err != nil {
			return err
		}
		return a.atDesk(ctx, func(desk *postgres.Desk) error {
			letters, err := desk.DeadLetters(ctx, f)
			if err != nil {
				return err
			}
			if *asJSON {
				return a.printJSON(letters)
			}
			return a.printLetters(letters, f.Limit)
		})
	})
	return c
}

func (a *app) printLetters(letters []postgres.DeadLetterRecord, limit int) error {
	rows := make([][]string, len(letters))
	for i, l := range letters {
		rows[i] = []string{fmt.Sprint(l.JobID), l.Class, ago(l.DeadAt), fmt.Sprintf("%d/%d", l.Attempt, l.MaxAttempts), oneLine(failure(l.Error), 80)}
	}
	if err := a.table([]string{"JOB", "CLASS", "DIED", "ATTEMPT", "ERROR"}, rows); err != nil {
		return err
	}
	if len(letters) == limit {
		a.progress("older ones: lessee dlq list --before %d", letters[len(letters)-1].DeadLetterID)
	}
	return nil
}

func (a *app) dlqShowCommand() *cobra.Command {
	c := &cobra.Command{Use: "show JOB", Short: "Show the latest dead letter of a job", Args: cobra.ExactArgs(1), Example: "  lessee dlq show 17 --json | jq .attempts"}
	asJSON := jsonFlag(c)
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		ids, err := jobIDs(args)
		if err != nil {
			return err
		}
		return a.atDesk(ctx, func(desk *postgres.Desk) error {
			l, err := desk.DeadLetter(ctx, ids[0])
			if err != nil {
				return err
			}
			if *asJSON {
				return a.printJSON(l)
			}
			return a.fields(letterFields(l))
		})
	})
	return c
}

func letterFields(l postgres.DeadLetterDetail) [][2]string {
	return [][2]string{
		{"dead letter", fmt.Sprint(l.DeadLetterID)},
		{"job", fmt.Sprint(l.JobID)},
		{"class", l.Class},
		{"error", failure(l.Error)},
		{"died", when(&l.DeadAt)},
		{"enqueued", when(&l.EnqueuedAt)},
		{"attempt", fmt.Sprintf("%d of %d", l.Attempt, l.MaxAttempts)},
		{"crashed hosts", positive(l.CrashCount)},
		{"idempotency key", text(l.IdempotencyKey)},
		{"traceparent", l.Traceparent},
		{"replayed", strings.TrimSpace(when(l.ReplayedAt) + by(l.ReplayedBy))},
		{"replay reason", text(l.ReplayReason)},
		{"payload", compact(l.Payload)},
		{"attempts", compact(l.Attempts)},
	}
}
