package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/host/internal/postgres"
)

// classDetail is what class show prints with --json.
type classDetail struct {
	postgres.ClassRecord
	Hosts []postgres.ClassHost  `json:"hosts"`
	Rates []postgres.ModuleRate `json:"rates"` // of first attempts, while there is a candidate
}

func (a *app) classShowCommand() *cobra.Command {
	c := &cobra.Command{Use: "show CLASS", Short: "Show all of a class", Args: cobra.ExactArgs(1), ValidArgsFunction: a.completeClass,
		Example: "  lessee class show render\n  lessee class show render --json | jq .payload_schema"}
	asJSON := jsonFlag(c)
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		return a.atDesk(ctx, func(desk *postgres.Desk) error {
			k, err := desk.Class(ctx, args[0])
			if err != nil {
				return err
			}
			hosts, err := desk.ClassHosts(ctx, k.Class)
			if err != nil {
				return err
			}
			rates, err := desk.ClassRates(ctx, k.Class)
			if err != nil {
				return err
			}
			if *asJSON {
				return a.printJSON(classDetail{k, hosts, rates})
			}
			return errors.Join(a.fields(classFields(k)), a.printClassHosts(k, hosts), a.printRates(rates))
		})
	})
	return c
}

func classFields(k postgres.ClassRecord) [][2]string {
	return [][2]string{
		{"class", k.Class},
		{"runtime", k.Runtime},
		{"module", text(k.Module)},
		{"module sha256", text(k.ModuleSHA256)},
		{"serving", serving(k)},
		{"previous", text(k.Previous)},
		{"candidate", candidate(k)},
		{"isolation", k.Isolation},
		{"process", compact(k.Process)},
		{"containment", k.Containment},
		{"command", text(k.Command)},
		{"enabled", yesNo(k.Enabled)},
		{"status", k.Status},
		{"status reason", k.StatusReason},
		{"status host", k.StatusHost},
		{"status at", when(&k.StatusAt)},
		{"limits", compact(k.EffectiveLimits)},
		{"retry policy", compact(k.EffectiveRetry)},
		{"grants", compact(k.Grants)},
		{"config", compact(k.Config)},
		{"payload schema", compact(k.PayloadSchema)},
		{"result schema", compact(k.ResultSchema)},
		{"concurrency per host", fmt.Sprint(k.Concurrency)},
		{"priority", fmt.Sprint(k.Priority)},
		{"requires approval", yesNo(k.RequiresApproval)},
		{"idempotency retention", span(seconds(k.RetentionSeconds))},
		{"expires after", expiry(k.ExpiresAfterSecs)},
		{"owner", k.Owner},
		{"reason", k.Reason},
		{"exit path", k.ExitPath},
		{"created", when(&k.CreatedAt)},
		{"updated", when(&k.UpdatedAt) + " by " + k.UpdatedBy},
	}
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

func expiry(s *float64) string {
	if s == nil {
		return "never"
	}
	return span(seconds(*s))
}

func serving(k postgres.ClassRecord) string {
	if k.Serving == nil {
		return ""
	}
	return *k.Serving + ", until the hosts are ready for " + text(k.Module)
}

func candidate(k postgres.ClassRecord) string {
	if k.Candidate == nil {
		return ""
	}
	return fmt.Sprintf("%s, for %d%% of the jobs, since %s", *k.Candidate, k.CanaryPercent, when(k.CandidateSince))
}

// printClassHosts tells what each live host says of the class.
func (a *app) printClassHosts(k postgres.ClassRecord, hosts []postgres.ClassHost) error {
	if len(hosts) == 0 {
		return nil
	}
	fmt.Fprintln(a.out, "\nhosts")
	var rows [][]string
	for _, h := range hosts {
		rows = append(rows, []string{"  " + h.Host, "now", readiness(h.Said)})
		if h.Said.Next != nil {
			rows = append(rows, []string{"", text(k.Module), readiness(*h.Said.Next)})
		}
		if h.Said.Candidate != nil {
			rows = append(rows, []string{"", text(k.Candidate), readiness(*h.Said.Candidate)})
		}
	}
	return a.table([]string{"  HOST", "MODULE", "READY"}, rows)
}

func readiness(r job.Readiness) string {
	switch {
	case r.Ready && r.Reason == "":
		return "yes"
	case r.Ready:
		return "yes: " + r.Reason
	case r.Reason == "":
		return "not yet"
	}
	return "no: " + r.Reason
}

// printRates compares the candidate with the module that serves.
func (a *app) printRates(rates []postgres.ModuleRate) error {
	if len(rates) == 0 {
		return nil
	}
	fmt.Fprintf(a.out, "\nfirst attempts since %s\n", when(&rates[0].Since))
	var rows [][]string
	for _, r := range rates {
		rows = append(rows, []string{"  " + r.Module, fmt.Sprint(r.Attempts), fmt.Sprint(r.Failed), fmt.Sprintf("%.1f%%", 100*float64(r.Failed)/float64(r.Attempts))})
	}
	return a.table([]string{"  MODULE", "ATTEMPTS", "FAILED", "RATE"}, rows)
}
