package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/postgres"
)

func (a *app) migrateCommand() *cobra.Command {
	return a.groupOf("migrate", "Bring the schema to this binary's version, and back",
		`The schema is numbered migrations and one file per SQL function; all of it is in
this binary. The login needs CREATE on the database and CREATEROLE, not superuser.`,
		a.migrateUpCommand(), a.migrateDownCommand(),
		a.stepsCommand("status", "List the migrations, and the functions that differ", func(postgres.Step) bool { return true }),
		a.stepsCommand("plan", "List what migrate up would do", func(s postgres.Step) bool { return s.State != "applied" }))
}

func (a *app) migrateUpCommand() *cobra.Command {
	c := &cobra.Command{Use: "up", Short: "Apply what is missing", Args: cobra.NoArgs,
		Long:    "Applies the migrations that are missing, then every function that differs.\nWithout a DSN it creates the private Postgres.",
		Example: "  lessee migrate up --dsn postgres://postgres@db/app"}
	asJSON := jsonFlag(c)
	c.RunE = a.run(func(ctx context.Context, _ []string) error {
		db, err := a.createDatabase(ctx, a.externalDSN())
		if err != nil {
			return err
		}
		return db.closeAfter(ctx, func() error {
			steps, err := db.migrate(ctx)
			if err != nil {
				return err
			}
			return a.printSteps(steps, *asJSON, "nothing to do: the schema is this binary's")
		})
	})
	return c
}

func (a *app) migrateDownCommand() *cobra.Command {
	c := &cobra.Command{Use: "down", Short: "Take the latest migration back, with its data", Args: cobra.NoArgs,
		Long:    "Takes back the latest migration, or with --all every one and the schema too.\nIt destroys the data that they made room for, so it wants --yes.",
		Example: "  lessee migrate down --all --yes"}
	asJSON := jsonFlag(c)
	all := c.Flags().Bool("all", false, "every migration, and the schema")
	yes := c.Flags().Bool("yes", false, "destroy the data")
	c.RunE = a.run(func(ctx context.Context, _ []string) error {
		if !*yes {
			return misused("migrate down destroys data\n  Add --yes if that is what you want.")
		}
		return a.withMigrator(ctx, func(m *postgres.Migrator) error {
			steps, err := m.Down(ctx, *all)
			if err != nil {
				return err
			}
			return a.printSteps(steps, *asJSON, "nothing to take back")
		})
	})
	return c
}

func (a *app) stepsCommand(use, short string, wanted func(postgres.Step) bool) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: cobra.NoArgs, Example: "  lessee migrate " + use + " --json"}
	asJSON := jsonFlag(c)
	c.RunE = a.run(func(ctx context.Context, _ []string) error {
		return a.withMigrator(ctx, func(m *postgres.Migrator) error {
			all, err := m.Status(ctx)
			if err != nil {
				return err
			}
			steps := []postgres.Step{}
			for _, s := range all {
				if wanted(s) {
					steps = append(steps, s)
				}
			}
			return a.printSteps(steps, *asJSON, "nothing to do: the schema is this binary's")
		})
	})
	return c
}

func (a *app) withMigrator(ctx context.Context, f func(*postgres.Migrator) error) error {
	return a.withDatabase(ctx, func(db *database) error { return db.withMigrator(f) })
}

func (a *app) printSteps(steps []postgres.Step, asJSON bool, none string) error {
	if asJSON {
		return a.printJSON(append([]postgres.Step{}, steps...))
	}
	if len(steps) == 0 {
		a.warn("%s", none)
		return nil
	}
	rows := make([][]string, len(steps))
	for i, s := range steps {
		rows[i] = []string{s.Name, s.State}
	}
	return a.table([]string{"NAME", "STATE"}, rows)
}
