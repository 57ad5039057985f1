package cli

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"
)

const rootLong = `Lessee leases jobs from Postgres, runs each in an executor that a row of the
registry chooses, and commits what the executor answered in one transaction.

Without --dsn and LESSEE_DSN, every command but host works on the private
Postgres of "lessee up" under the data directory.`

const rootExample = `  lessee up                                   # everything on this machine
  lessee job enqueue render --payload '{"format": "markdown", "source": "# Hello"}' --wait
  lessee job show 1 --output > readme.html
  lessee doctor`

// Groups of the root's help, in its order.
const (
	groupRun     = "run"
	groupOperate = "operate"
	groupWrite   = "write"
)

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:           "lessee",
		Short:         "Host daemon for executor plugins on Postgres",
		Long:          rootLong,
		Example:       rootExample,
		Version:       release,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          cobra.ArbitraryArgs, // group says better what is wrong with a name
		RunE:          a.group,
	}
	flags := root.PersistentFlags()
	flags.StringVar(&a.dsn, "dsn", "", "Postgres to use: a URL or key=value pairs (LESSEE_DSN)")
	flags.StringVar(&a.dataDir, "data-dir", "", "where the private Postgres lives (LESSEE_DATA_DIR)")
	root.AddGroup(&cobra.Group{ID: groupRun, Title: "To run:"}, &cobra.Group{ID: groupOperate, Title: "To operate:"}, &cobra.Group{ID: groupWrite, Title: "To write executors:"})
	for _, add := range []func() *cobra.Command{a.upCommand, a.hostCommand, a.migrateCommand} {
		addTo(root, groupRun, add())
	}
	for _, add := range []func() *cobra.Command{a.classCommand, a.moduleCommand, a.keyCommand, a.secretCommand, a.jobCommand, a.dlqCommand, a.historyCommand, a.doctorCommand, a.benchCommand} {
		addTo(root, groupOperate, add())
	}
	addTo(root, groupWrite, a.pluginCommand())
	root.AddCommand(a.versionCommand(), &cobra.Command{Use: "exit-codes", Short: "What the exit codes say", Long: exitHelp})
	return root
}

func addTo(parent *cobra.Command, group string, child *cobra.Command) {
	child.GroupID = group
	parent.AddCommand(child)
}

// groupOf makes a command that only holds others.
func (a *app) groupOf(use, short, long string, children ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Long: long, RunE: a.group}
	c.AddCommand(children...)
	return c
}

// group runs a command that only holds others: help, or what is wrong with the name.
func (a *app) group(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return c.Help()
	}
	a.started = true
	message := fmt.Sprintf("unknown command %q for %q", args[0], c.CommandPath())
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		message += fmt.Sprintf("; did you mean %q?", near[0])
	}
	return usageError{fmt.Errorf("%s", message), c.CommandPath()}
}

// run adapts f to cobra. Errors before it are mistakes of the command line.
func (a *app) run(f func(ctx context.Context, args []string) error) func(*cobra.Command, []string) error {
	return func(c *cobra.Command, args []string) error {
		a.started = true
		return f(c.Context(), args)
	}
}

// jsonFlag gives a list or show its --json.
func jsonFlag(c *cobra.Command) *bool {
	return c.Flags().Bool("json", false, "print JSON")
}
