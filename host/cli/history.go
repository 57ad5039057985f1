package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/host/internal/postgres"
)

func (a *app) historyCommand() *cobra.Command {
	return a.groupOf("history", "What has ended: its partitions, and when they go",
		`Histories of jobs, payloads and command runs lie in partitions, one a day. Hosts
make them for the days to come (history.partitions_ahead) and drop them when their
retention is over (history.retention_days).`,
		a.historyListCommand(), a.historyMaintainCommand())
}

func (a *app) historyListCommand() *cobra.Command {
	c := &cobra.Command{Use: "list", Short: "List the partitions, by table and day", Args: cobra.NoArgs, Example: "  lessee history list --json"}
	asJSON := jsonFlag(c)
	c.RunE = a.run(func(ctx context.Context, _ []string) error {
		return a.atDesk(ctx, func(desk *postgres.Desk) error {
			partitions, err := desk.Partitions(ctx)
			if err != nil {
				return err
			}
			if *asJSON {
				return a.printJSON(partitions)
			}
			rows := make([][]string, len(partitions))
			for i, p := range partitions {
				rows[i] = []string{p.Name, days(p), fmt.Sprint(p.Rows), size(p.Bytes), goes(p)}
			}
			return a.table([]string{"PARTITION", "DAYS (UTC)", "ROWS", "SIZE", "GOES"}, rows)
		})
	})
	return c
}

// days are those of a partition, as a person writes them.
func days(p postgres.PartitionRecord) string {
	switch {
	case p.Default():
		return "any other"
	case p.Since == nil:
		return "before " + p.Until.UTC().Format(time.DateOnly)
	case p.Until.Sub(*p.Since) <= 24*time.Hour:
		return p.Since.UTC().Format(time.DateOnly)
	}
	return p.Since.UTC().Format(time.DateOnly) + " to " + p.Until.UTC().Add(-time.Second).Format(time.DateOnly)
}

// goes is when a partition goes, or what keeps it.
func goes(p postgres.PartitionRecord) string {
	switch {
	case p.Default():
		return "row by row"
	case p.NeededBy != nil:
		return "needed by " + *p.NeededBy
	case time.Now().After(*p.GoesAt):
		return "with the next maintenance"
	}
	return "in " + span(time.Until(*p.GoesAt))
}

func (a *app) historyMaintainCommand() *cobra.Command {
	c := &cobra.Command{Use: "maintain", Short: "Make and drop partitions now, as hosts do every hour", Args: cobra.NoArgs,
		Long: `Makes the partitions of the days to come, drops those whose retention is over, and
deletes old leases, replayed dead letters and old rows of default partitions. What
somebody uses at the moment is left, and the answer says by whom.`,
		Example: "  lessee history maintain"}
	asJSON := jsonFlag(c)
	patient := c.Flags().Bool("patient", false, "look through default partitions of any size; hosts and enqueuers wait meanwhile")
	c.RunE = a.run(func(ctx context.Context, _ []string) error {
		return a.atDesk(ctx, func(desk *postgres.Desk) error {
			done, err := desk.MaintainHistory(ctx, *patient)
			if err != nil {
				return err
			}
			if *asJSON {
				return a.printJSON(done)
			}
			return a.printMaintained(done)
		})
	})
	return c
}

func (a *app) printMaintained(done job.Maintained) error {
	for _, u := range done.Partitions {
		line := u.Act + " " + u.Partition
		if u.Why != "" {
			line += ": " + u.Why
		}
		fmt.Fprintln(a.out, line)
	}
	if p := done.Purged; p.Any() {
		fmt.Fprintf(a.out, "deleted %d leases, %d replayed dead letters, %d rows of default partitions\n", p.Leases, p.DeadLetters, p.Unpartitioned)
	}
	if len(done.Partitions) == 0 && !done.Purged.Any() {
		a.warn("nothing to do: every partition is there, and none is due to go")
	}
	return nil
}
