package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/egress"
	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/host/internal/postgres"
)

func (a *app) jobShowCommand() *cobra.Command {
	c := &cobra.Command{Use: "show ID", Short: "Show a job with its attempts, or its output", Args: cobra.ExactArgs(1),
		Long: `Shows the state of a job, its times and trace, every attempt with error, usage
and the end of its log, the commands it ran and the jobs it asked for.

--output prints the committed output and nothing else: a JSON string as the text
that it is, anything else as JSON.`,
		Example: "  lessee job show 1\n  lessee job show 1 --output > readme.html"}
	asJSON := jsonFlag(c)
	output := c.Flags().Bool("output", false, "print only the output")
	c.MarkFlagsMutuallyExclusive("json", "output")
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		ids, err := jobIDs(args)
		if err != nil {
			return err
		}
		return a.atDesk(ctx, func(desk *postgres.Desk) error {
			if *output {
				return a.printOutput(ctx, desk, ids[0])
			}
			detail, err := desk.Job(ctx, ids[0])
			if err != nil {
				return err
			}
			if *asJSON {
				return a.printJSON(detail)
			}
			return a.printJob(detail)
		})
	})
	return c
}

func (a *app) printOutput(ctx context.Context, desk *postgres.Desk, id int64) error {
	state, output, err := desk.JobOutput(ctx, id)
	switch {
	case err != nil:
		return err
	case job.State(state) != job.Succeeded:
		return refused("job %d is %s: only a succeeded job has an output\n  lessee job show %d tells more.", id, state, id)
	case output == nil:
		return refused("job %d succeeded without an output", id)
	}
	var text string
	if json.Unmarshal(output, &text) == nil {
		_, err = io.WriteString(a.out, text)
		return err
	}
	_, err = fmt.Fprintln(a.out, string(output))
	return err
}

func (a *app) printJob(j postgres.JobDetail) error {
	if err := a.fields(jobFields(j)); err != nil {
		return err
	}
	for _, t := range j.Attempts {
		fmt.Fprintf(a.out, "\nattempt %d: %s\n", t.Attempt, t.Word)
		if err := writeFields(a.out, "  ", attemptFields(t)); err != nil {
			return err
		}
	}
	for _, r := range j.CommandRuns {
		fmt.Fprintf(a.out, "\ncommand %s\n", r.Command)
		if err := writeFields(a.out, "  ", runFields(r)); err != nil {
			return err
		}
	}
	for i, f := range j.FollowUps {
		if i == 0 {
			fmt.Fprintln(a.out, "\nfollow-ups")
		}
		fmt.Fprintf(a.out, "  job %d  %s  %s\n", f.ID, f.Class, f.State)
	}
	return nil
}

func jobFields(j postgres.JobDetail) [][2]string {
	return [][2]string{
		{"job", fmt.Sprint(j.ID)},
		{"class", j.Class},
		{"state", j.State},
		{"error", failure(j.Error)},
		{"reason", text(j.Reason)},
		{"attempt", fmt.Sprintf("%d of %d", j.Attempt, j.MaxAttempts)},
		{"crashed hosts", positive(j.CrashCount)},
		{"priority", fmt.Sprint(j.Priority)},
		{"idempotency key", text(j.IdempotencyKey)},
		{"enqueued", when(&j.EnqueuedAt) + by(j.EnqueuedBy)},
		{"run at", when(j.RunAt)},
		{"leased", when(j.LeasedAt) + by(j.Host)},
		{"started", when(j.StartedAt)},
		{"progress", progress(j.Progress)},
		{"cancel requested", when(j.CancelRequestedAt)},
		{"expires", when(j.ExpiresAt)},
		{"finished", when(j.FinishedAt)},
		{"took", took(j.JobRecord)},
		{"asked for by", jobRef(j.ParentJobID)},
		{"traceparent", text(j.Traceparent)},
		{"tracestate", text(j.Tracestate)},
		{"correlation id", text(j.Correlation)},
		{"payload", oneLine(compact(j.Payload), 200)},
		{"output", oneLine(compact(j.Output), 200)},
	}
}

func attemptFields(t postgres.AttemptRecord) [][2]string {
	var u abi.Usage
	_ = json.Unmarshal(t.Usage, &u) // an attempt that a sweep ended has none
	return [][2]string{
		{"error", failure(t.Error)},
		{"host", text(t.Host)},
		{"leased", when(&t.LeasedAt)},
		{"held for", span(t.EndedAt.Sub(t.LeasedAt))},
		{"ran for", positiveSpan(time.Duration(u.WallUS) * time.Microsecond)},
		{"fuel", positiveCount(u.Fuel)},
		{"peak memory", positiveSize(u.MemoryBytes)},
		{"result", positiveSize(u.OutputBytes)},
		{"module", text(t.ModuleSHA256)},
		{"span", t.SpanID},
		{"requests", requests(t.Requests)},
		{"log", strings.ReplaceAll(strings.TrimRight(text(t.LogTail), "\n"), "\n", "\n  \t")},
	}
}

func runFields(r postgres.CommandRunRecord) [][2]string {
	return [][2]string{
		{"succeeded", yesNo(r.Succeeded)},
		{"error", failure(r.Error)},
		{"role", r.Role},
		{"args", oneLine(compact(r.Args), 200)},
		{"result", oneLine(compact(r.Result), 200)},
		{"ran for", span(r.EndedAt.Sub(r.StartedAt))},
	}
}

func by(who *string) string {
	if who == nil {
		return ""
	}
	return " by " + *who
}

func jobRef(id *int64) string {
	if id == nil {
		return ""
	}
	return fmt.Sprintf("job %d", *id)
}

func positive(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(n)
}

func positiveCount(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func positiveSize(n int64) string {
	if n == 0 {
		return ""
	}
	return size(n)
}

func positiveSpan(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.Round(10 * time.Microsecond).String()
}

func progress(p *job.Progress) string {
	if p == nil {
		return ""
	}
	return strings.TrimSpace(fmt.Sprintf("%.1f%% %s", float64(p.Permille)/10, p.Note))
}

// requests lists the HTTP requests of an attempt, one to a line.
func requests(data json.RawMessage) string {
	var records []egress.Record
	if err := json.Unmarshal(data, &records); err != nil {
		return compact(data)
	}
	lines := make([]string, len(records))
	for i, r := range records {
		outcome := fmt.Sprint(r.Status)
		if r.Error != nil {
			outcome = string(r.Error.Code)
		}
		lines[i] = fmt.Sprintf("%s %s: %s, %dms, %s out, %s in", r.Method, r.URL, outcome, r.MS, size(r.RequestBytes), size(r.ResponseBytes))
	}
	return strings.Join(lines, "\n  \t")
}
