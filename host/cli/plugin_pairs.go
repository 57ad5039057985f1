package cli

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/author"
)

const pluginTestLong = `Runs every tests/NAME.input.json as the payload of a job, and compares the result
with tests/NAME.expected.json, which holds the parts that matter:

  {"output": {"greeting": "Hello, you"}}
  {"status": "fail", "error": {"code": "no_name"}}
  {"enqueue": [{"class": "notify", "payload": {"id": 1}}], "commands": [], "events": []}

A part that is not there is not compared. tests/NAME.config.json, if there, is
the class's config. What differs is shown by JSON pointer; --update takes what
the plugin answers now as what is expected.`

func (a *app) pluginTestCommand() *cobra.Command {
	c := &cobra.Command{Use: "test [DIR]", Short: "Compare results with those that are expected", Args: cobra.MaximumNArgs(1), Long: pluginTestLong,
		Example: "  lessee plugin test\n  lessee plugin test ./greet --update"}
	update := c.Flags().Bool("update", false, "write what is expected anew, where it differs")
	cache := cacheFlag(c)
	asJSON := jsonFlag(c)
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		p, err := projectOf(args)
		if err != nil {
			return err
		}
		return a.withModule(ctx, *cache, target{p, p.Product()}, func(m *author.Module) error {
			pairs, err := p.Pairs()
			if err != nil {
				return refused("%w", err)
			}
			if *update {
				return a.updatePairs(ctx, m, pairs)
			}
			return a.checkPairs(ctx, m, pairs, *asJSON)
		})
	})
	return c
}

func (a *app) updatePairs(ctx context.Context, m *author.Module, pairs []author.Pair) error {
	for _, pair := range pairs {
		changed, err := pair.Update(ctx, m, author.ClassOf(m))
		if err != nil {
			return err
		}
		if changed {
			fmt.Fprintf(a.out, "%s is written; look whether that is what you want\n", pair.File())
		}
	}
	return nil
}

// checkPairs runs all pairs, and ends with ExitNotDone if one failed.
func (a *app) checkPairs(ctx context.Context, m *author.Module, pairs []author.Pair, asJSON bool) error {
	checked := make([]author.Checked, len(pairs))
	failed := 0
	for i, pair := range pairs {
		var err error
		if checked[i], err = pair.Check(ctx, m, author.ClassOf(m)); err != nil {
			return err
		}
		if !checked[i].Passed {
			failed++
		}
	}
	err := a.printChecked(checked, failed, asJSON)
	if err == nil && failed > 0 {
		err = exitCode(ExitNotDone)
	}
	return err
}

func (a *app) printChecked(checked []author.Checked, failed int, asJSON bool) error {
	if asJSON {
		return a.printJSON(checked)
	}
	rows := make([][]string, len(checked))
	for i, c := range checked {
		rows[i] = []string{c.Name, verdictOf(c), fmt.Sprint(c.Usage.Fuel), size(c.Usage.MemoryBytes), span(time.Duration(c.Usage.WallUS) * time.Microsecond)}
	}
	if err := a.table([]string{"PAIR", "RESULT", "FUEL", "MEMORY", "TIME"}, rows); err != nil {
		return err
	}
	for _, c := range checked {
		a.printDifferences(c)
	}
	fmt.Fprintf(a.out, "\n%d passed, %d failed\n", len(checked)-failed, failed)
	return nil
}

func verdictOf(c author.Checked) string {
	if c.Passed {
		return "passed"
	}
	return "FAILED"
}

func (a *app) printDifferences(c author.Checked) {
	if c.Passed {
		return
	}
	fmt.Fprintf(a.out, "\n%s\n", c.Name)
	if c.Reason != "" {
		fmt.Fprintln(a.out, " ", c.Reason)
	}
	for _, d := range c.Diff {
		fmt.Fprintf(a.out, "  %s\n    want %s\n    got  %s\n", d.Pointer, orNothing(d.Want), orNothing(d.Got))
	}
}

func orNothing(data []byte) string {
	if len(data) == 0 {
		return "nothing"
	}
	return oneLine(string(data), 500)
}
