package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/host/internal/postgres"
)

func (a *app) jobCommand() *cobra.Command {
	return a.groupOf("job", "Jobs: enqueue, watch, and say an operator's words",
		"A job is a request for one execution, of one class, with one payload.",
		a.jobEnqueueCommand(), a.jobListCommand(), a.jobShowCommand(), a.jobWaitCommand(),
		a.jobCancelCommand(), a.jobRetryCommand(), a.jobApproveCommand(), a.jobRejectCommand(), a.jobResumeCommand())
}

func (a *app) jobListCommand() *cobra.Command {
	c := &cobra.Command{Use: "list", Short: "List jobs, the newest first", Args: cobra.NoArgs,
		Long:    "Lists jobs, the newest first. --before continues below an id, so that no page\ncosts more than the one before it.",
		Example: "  lessee job list --state dead_lettered --limit 20\n  lessee job list --before 1200 --json"}
	asJSON := jsonFlag(c)
	var f postgres.JobFilter
	c.Flags().StringVar(&f.Class, "class", "", "only of this class")
	c.Flags().StringVar(&f.State, "state", "", "only in this state")
	c.Flags().Int64Var(&f.Before, "before", 0, "only ids below this one")
	c.Flags().IntVar(&f.Limit, "limit", 50, "at most so many")
	complete(c, "class", a.completeClass)
	complete(c, "state", cobra.FixedCompletions(states(), cobra.ShellCompDirectiveNoFileComp))
	c.RunE = a.run(func(ctx context.Context, _ []string) error {
		if err := checkJobFilter(f); err != nil {
			return err
		}
		return a.atDesk(ctx, func(desk *postgres.Desk) error {
			jobs, err := desk.Jobs(ctx, f)
			if err != nil {
				return err
			}
			if *asJSON {
				return a.printJSON(jobs)
			}
			return a.printJobs(jobs, f.Limit)
		})
	})
	return c
}

// complete offers values of a flag; that the flag exists is the caller's business.
func complete(c *cobra.Command, flag string, f cobra.CompletionFunc) {
	_ = c.RegisterFlagCompletionFunc(flag, f) // fails only for a flag that does not exist
}

func states() []string {
	var out []string
	for _, s := range job.States() {
		out = append(out, string(s))
	}
	return out
}

func checkJobFilter(f postgres.JobFilter) error {
	if f.State != "" && !slices.Contains(states(), f.State) {
		return misused("--state %s: it must be one of %s", f.State, strings.Join(states(), ", "))
	}
	return checkLimit(f.Limit)
}

func checkLimit(limit int) error {
	if limit < 1 || limit > 10_000 {
		return misused("--limit %d: it must be from 1 to 10000", limit)
	}
	return nil
}

func (a *app) printJobs(jobs []postgres.JobRecord, limit int) error {
	rows := make([][]string, len(jobs))
	for i, j := range jobs {
		rows[i] = []string{fmt.Sprint(j.ID), j.Class, j.State, fmt.Sprintf("%d/%d", j.Attempt, j.MaxAttempts), ago(j.EnqueuedAt), took(j), oneLine(remark(j), 60)}
	}
	if err := a.table([]string{"JOB", "CLASS", "STATE", "ATTEMPT", "ENQUEUED", "TOOK", "REMARK"}, rows); err != nil {
		return err
	}
	if len(jobs) == limit {
		a.progress("older jobs: lessee job list --before %d", jobs[len(jobs)-1].ID)
	}
	return nil
}

// took is the time from enqueue to the end.
func took(j postgres.JobRecord) string {
	if j.FinishedAt == nil {
		return ""
	}
	return span(j.FinishedAt.Sub(j.EnqueuedAt))
}

// remark is what the state alone does not tell.
func remark(j postgres.JobRecord) string {
	switch {
	case j.CancelRequestedAt != nil:
		return "cancel requested"
	case compact(j.Error) != "":
		return failure(j.Error)
	case j.Reason != nil:
		return *j.Reason
	case j.RunAt != nil && time.Until(*j.RunAt) > time.Second:
		return "due in " + span(time.Until(*j.RunAt))
	case j.CrashCount > 0:
		return fmt.Sprintf("crashed %d hosts", j.CrashCount)
	}
	return ""
}
