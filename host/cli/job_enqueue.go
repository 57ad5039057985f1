package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/postgres"
)

const enqueueLong = `Enqueues a job and prints its id. With --key, a second job of the class with the
same key is the first one: its id is printed, and nothing is enqueued.

Programs enqueue in their own transaction: select lessee.fn_job_enqueue('render', '{…}').`

const enqueueExample = `  lessee job enqueue render --payload '{"format": "markdown", "source": "# Hello"}'
  lessee job enqueue render --payload @page.json --key page-17 --run-at 10m
  generate | lessee job enqueue render --payload - --wait --timeout 30s`

type enqueueFlags struct {
	payload, runAt  string
	priority        int
	disabled, wait  bool
	timeout         time.Duration
	job             postgres.NewJob
	priorityChanged bool
}

func (a *app) jobEnqueueCommand() *cobra.Command {
	c := &cobra.Command{Use: "enqueue CLASS", Short: "Enqueue a job", Long: enqueueLong, Example: enqueueExample,
		Args: cobra.ExactArgs(1), ValidArgsFunction: a.completeClass}
	var f enqueueFlags
	flags := c.Flags()
	flags.StringVar(&f.payload, "payload", "{}", "JSON; @file reads a file, - reads stdin")
	flags.StringVar(&f.job.Key, "key", "", "idempotency key")
	flags.StringVar(&f.runAt, "run-at", "", "not before: a time (RFC 3339) or a duration from now")
	flags.IntVar(&f.priority, "priority", 0, "0 first, 1000 last (default: the class's)")
	flags.StringVar(&f.job.Traceparent, "traceparent", "", "W3C trace context to continue (default: a new trace)")
	flags.StringVar(&f.job.Tracestate, "tracestate", "", "W3C trace state")
	flags.StringVar(&f.job.CorrelationID, "correlation-id", "", "your own id, kept with the job")
	flags.BoolVar(&f.disabled, "even-if-disabled", false, "enqueue although the class is disabled: the job waits")
	flags.BoolVar(&f.wait, "wait", false, "wait until the job ends, as lessee job wait")
	flags.DurationVar(&f.timeout, "timeout", 0, "with --wait: at most so long; 0: for ever")
	asJSON := jsonFlag(c)
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		f.job.Class, f.priorityChanged = args[0], flags.Changed("priority")
		if err := f.read(a); err != nil {
			return err
		}
		return a.atDesk(ctx, func(desk *postgres.Desk) error { return a.enqueue(ctx, desk, f, *asJSON) })
	})
	return c
}

// read turns flags into the job.
func (f *enqueueFlags) read(a *app) (err error) {
	if f.job.Payload, err = a.jsonArgument("--payload", f.payload); err != nil {
		return err
	}
	if f.job.RunAt, err = moment(f.runAt, time.Now()); err != nil {
		return err
	}
	if f.priorityChanged {
		f.job.Priority = &f.priority
	}
	return nil
}

// moment reads a time, or a duration from now.
func moment(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(s); err == nil {
		return now.Add(d), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return t, misused("--run-at %s: it must be a time as 2026-01-31T08:00:00Z, or a duration from now as 90s or 2h", s)
	}
	return t, nil
}

func (a *app) enqueue(ctx context.Context, desk *postgres.Desk, f enqueueFlags, asJSON bool) error {
	class, err := desk.Class(ctx, f.job.Class)
	if err != nil {
		return err
	}
	if !class.Enabled && !f.disabled {
		return refused("class %s is disabled (%s), so the job would wait\n  Enable it: lessee class enable %s, or add --even-if-disabled.", class.Class, class.Reason, class.Class)
	}
	id, err := desk.Enqueue(ctx, f.job)
	if err != nil {
		return err
	}
	if asJSON {
		err = a.printJSON(map[string]int64{"job_id": id})
	} else {
		_, err = fmt.Fprintln(a.out, id)
	}
	if err != nil || !f.wait {
		return err
	}
	return a.awaitJob(ctx, desk, id, f.timeout)
}
