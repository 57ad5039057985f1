package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/postgres"
	"github.com/lessee-run/lessee/registry"
)

func (a *app) moduleCommand() *cobra.Command {
	return a.groupOf("module", "Modules: what executors are made of",
		`A module is the artifact of an executor, named by its sha256. The database keeps
its bytes. Neither a digest nor a NAME@VERSION ever means other bytes.`,
		a.moduleAddCommand(), a.moduleListCommand(), a.moduleShowCommand(), a.moduleSignCommand(), a.moduleVerifyCommand())
}

func (a *app) moduleListCommand() *cobra.Command {
	c := &cobra.Command{Use: "list", Short: "List the modules", Args: cobra.NoArgs, Example: "  lessee module list --json"}
	asJSON := jsonFlag(c)
	c.RunE = a.run(func(ctx context.Context, _ []string) error {
		return a.atDesk(ctx, func(desk *postgres.Desk) error {
			modules, err := desk.Modules(ctx)
			if err != nil {
				return err
			}
			if *asJSON {
				return a.printJSON(modules)
			}
			rows := make([][]string, len(modules))
			for i, m := range modules {
				rows[i] = []string{m.Name + "@" + m.Version, m.SHA256[:12], m.ABI, m.Status, size(m.Size), ago(m.AddedAt), m.AddedBy, strings.Join(m.Classes, ",")}
			}
			return a.table([]string{"MODULE", "SHA256", "CONTRACT", "STATUS", "SIZE", "ADDED", "BY", "CLASSES"}, rows)
		})
	})
	return c
}

func (a *app) moduleShowCommand() *cobra.Command {
	c := &cobra.Command{Use: "show MODULE", Short: "Show a module", Args: cobra.ExactArgs(1), Example: "  lessee module show render@1.2.0"}
	asJSON := jsonFlag(c)
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		return a.atDesk(ctx, func(desk *postgres.Desk) error {
			m, err := desk.Module(ctx, args[0])
			if err != nil {
				return err
			}
			if *asJSON {
				return a.printJSON(m)
			}
			err = a.fields([][2]string{
				{"module", m.Name + "@" + m.Version}, {"sha256", m.SHA256}, {"contract", m.ABI}, {"size", size(m.Size)},
				{"location", text(m.Location)}, {"added", when(&m.AddedAt) + " by " + m.AddedBy},
				{"reason", m.Reason}, {"exit path", m.ExitPath}, {"classes", strings.Join(m.Classes, ", ")},
				{"status", m.Status}, {"status reason", m.StatusReason}, {"status host", m.StatusHost}, {"status at", when(&m.StatusAt)},
				{"manifest", compact(m.Manifest)},
			})
			return errors.Join(err, a.printStages(m.Stages))
		})
	})
	return c
}

// printStages shows how far the admission of a module came.
func (a *app) printStages(data json.RawMessage) error {
	var stages []registry.Stage
	if err := json.Unmarshal(data, &stages); err != nil || len(stages) == 0 {
		return err
	}
	fmt.Fprintln(a.out, "\nadmission")
	rows := make([][]string, len(stages))
	for i, s := range stages {
		rows[i] = []string{"  " + s.Name, string(s.State), span(time.Duration(s.TookMS) * time.Millisecond), s.Reason}
	}
	return a.table([]string{"  STAGE", "STATE", "TOOK", "REASON"}, rows)
}
