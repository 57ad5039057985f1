package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/host/internal/postgres"
)

// classLine is what class list prints of a class with --json.
type classLine struct {
	postgres.ClassRecord
	Work job.Reading `json:"work"`
}

func (a *app) classListCommand() *cobra.Command {
	c := &cobra.Command{Use: "list", Short: "List the classes, and what they have to do", Args: cobra.NoArgs,
		Long: `Lists the classes with their jobs: READY now, HELD by hosts, due LATER (scheduled,
or to be tried again), PARKED (waiting for somebody) and DEAD (open dead letters).
OLDEST is how long the oldest ready job has been ready, DONE/S how many succeeded
a second in the last minute or two, FAILED what share of the attempts failed in
the last ten minutes. The numbers are counters, so asking for them costs nothing.`,
		Example: "  lessee class list\n  lessee class list --json | jq '.[] | {class, ready: .work.states.ready}'"}
	asJSON := jsonFlag(c)
	c.RunE = a.run(func(ctx context.Context, _ []string) error {
		return a.atDesk(ctx, func(desk *postgres.Desk) error {
			lines, err := classLines(ctx, desk)
			if err != nil {
				return err
			}
			if *asJSON {
				return a.printJSON(lines)
			}
			rows := make([][]string, len(lines))
			for i, l := range lines {
				rows[i] = l.row()
			}
			return a.table([]string{"CLASS", "RUNTIME", "EXECUTOR", "ENABLED", "STATUS", "READY", "HELD", "LATER", "PARKED", "DEAD", "OLDEST", "DONE/S", "FAILED", "REASON"}, rows)
		})
	})
	return c
}

func classLines(ctx context.Context, desk *postgres.Desk) ([]classLine, error) {
	classes, err := desk.Classes(ctx)
	if err != nil {
		return nil, err
	}
	readings, err := desk.Readings(ctx)
	if err != nil {
		return nil, err
	}
	byClass := map[string]job.Reading{}
	for _, r := range readings {
		byClass[r.Class] = r
	}
	lines := make([]classLine, len(classes))
	for i, k := range classes {
		lines[i] = classLine{k, byClass[k.Class]}
	}
	return lines, nil
}

func (l classLine) row() []string {
	jobs := func(n int64) string { return fmt.Sprint(n) }
	w := l.Work
	return []string{l.Class, l.Runtime, executorOf(l.ClassRecord), yesNo(l.Enabled), l.Status,
		jobs(w.States[job.Ready]), jobs(w.States[job.Leased]), jobs(w.Later()), jobs(w.Parked()), jobs(w.States[job.DeadLettered]),
		oldest(w.Oldest), perSecond(w.Minute.Done), percent(w.Ten.Failure), oneLine(l.StatusReason, 60)}
}

func oldest(s *float64) string {
	if s == nil {
		return "-"
	}
	return span(seconds(*s))
}

func perSecond(rate float64) string {
	switch {
	case rate == 0:
		return "-"
	case rate < 10:
		return fmt.Sprintf("%.2f", rate)
	}
	return fmt.Sprintf("%.0f", rate)
}

func percent(share *float64) string {
	if share == nil {
		return "-"
	}
	return fmt.Sprintf("%.1f%%", 100**share)
}
