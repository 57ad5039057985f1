package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/host/internal/postgres"
)

// finding is what one check of the doctor says.
type finding struct {
	Check   string `json:"check"`
	Level   string `json:"level"` // ok, warn, fail
	Message string `json:"message"`
	Remedy  string `json:"remedy"` // what to do; empty when ok
}

// Levels of a finding.
const (
	levelOK   = "ok"
	levelWarn = "warn"
	levelFail = "fail"
)

func ok(check, format string, args ...any) finding {
	return finding{check, levelOK, fmt.Sprintf(format, args...), ""}
}

// examination is what the checks share.
type examination struct {
	desk    *postgres.Desk
	vitals  postgres.Vitals
	skew    finding
	maxOpen time.Duration // of transactions
	hosts   []postgres.HostRecord
	classes []postgres.ClassRecord
	work    []job.Reading // of the counters, by class
}

// checks are all of them, in the order of the report.
func checks() []func(context.Context, *examination) ([]finding, error) {
	return []func(context.Context, *examination) ([]finding, error){
		checkServer, checkSchema, checkLogin, checkSettings, checkClock, checkHosts, checkLeases, checkClasses,
		checkReadiness, checkBacklog, checkFailures, checkDeadLetters, checkCounters, checkTransactions, checkIndexes, checkHistory,
		checkSandbox,
	}
}

func (a *app) doctorCommand() *cobra.Command {
	c := &cobra.Command{Use: "doctor", Short: "Find what a tired operator would miss", Args: cobra.NoArgs,
		Long:    "Looks at the database and at what the hosts report, and says of each thing\nwhether it is ok, and what to do if not. Exit code 1: something fails.",
		Example: "  lessee doctor\n  lessee doctor --json | jq '.[] | select(.level != \"ok\")'"}
	asJSON := jsonFlag(c)
	c.RunE = a.run(func(ctx context.Context, _ []string) error {
		return a.atDesk(ctx, func(desk *postgres.Desk) error {
			findings, err := examine(ctx, desk)
			if err != nil {
				return err
			}
			return a.printFindings(findings, *asJSON)
		})
	})
	return c
}

func examine(ctx context.Context, desk *postgres.Desk) ([]finding, error) {
	e := &examination{desk: desk, maxOpen: maxOpen}
	if err := e.read(ctx); err != nil {
		return nil, err
	}
	var all []finding
	for _, check := range checks() {
		found, err := check(ctx, e)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	return all, nil
}

func (e *examination) read(ctx context.Context) (err error) {
	if e.vitals, e.skew, err = readClock(ctx, e.desk); err != nil {
		return err
	}
	if e.hosts, err = e.desk.Hosts(ctx); err != nil {
		return err
	}
	if e.classes, err = e.desk.Classes(ctx); err != nil {
		return err
	}
	e.work, err = e.desk.Readings(ctx)
	return err
}

func (a *app) printFindings(findings []finding, asJSON bool) error {
	failed := false
	for _, f := range findings {
		failed = failed || f.Level == levelFail
		if asJSON {
			continue
		}
		fmt.Fprintf(a.out, "%s  %-12s  %s\n", a.colour(f.Level), f.Check, f.Message)
		if f.Remedy != "" {
			fmt.Fprintf(a.out, "                    %s\n", f.Remedy)
		}
	}
	if asJSON {
		if err := a.printJSON(findings); err != nil {
			return err
		}
	}
	if failed {
		return exitCode(ExitFailure)
	}
	return nil
}

// colour pads a level, and colours it for a terminal that wants that.
func (a *app) colour(level string) string {
	padded := fmt.Sprintf("%-4s", level)
	if !isTerminal(a.out) || a.env("NO_COLOR") != "" {
		return padded
	}
	return map[string]string{levelOK: "\x1b[32m", levelWarn: "\x1b[33m", levelFail: "\x1b[31m"}[level] + padded + "\x1b[0m"
}
