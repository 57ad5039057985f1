package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/author"
	"github.com/lessee-run/lessee/host/internal/conformance"
)

const pluginCheckLong = `Holds a plugin to what a host expects of it, on the engine of a host: what it says
of itself, its answers to your examples and to payloads made hostile from them,
whether one job is as the next, and how it ends when it is stopped. Examples are
the payloads of tests/*.input.json, or those that are given by --payload.

  ✓ it holds    ! a host runs it, and somebody will be sorry    ✗ jobs will fail

Requests over HTTP are refused but to hosts that --grants allows: a check sends
the example often.

Exit code 7: a check failed.`

func (a *app) pluginCheckCommand() *cobra.Command {
	c := &cobra.Command{Use: "check [DIR|FILE]", Short: "Find what a host would have against a plugin", Args: cobra.MaximumNArgs(1), Long: pluginCheckLong,
		Example: "  lessee plugin check\n  lessee plugin check greet.wasm --payload '{\"name\": \"you\"}' --json"}
	var f attemptFlags
	f.define(c.Flags())
	cache := cacheFlag(c)
	asJSON := jsonFlag(c)
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		t, err := targetOf(args)
		if err != nil {
			return err
		}
		payloads, err := a.examples(t, f, c.Flags().Changed("payload"))
		if err != nil {
			return err
		}
		return a.inWorkshop(ctx, *cache, func(w *author.Workshop) error {
			module, err := a.module(ctx, w, t)
			if err != nil {
				return err
			}
			outcomes, err := conformance.Plugin(ctx, w, module, conformance.Options{
				Payloads: payloads, Class: func(m *author.Module) (author.Class, error) { return f.class(a, m) },
			})
			if err != nil {
				return err
			}
			return a.printOutcomes(outcomes, *asJSON)
		})
	})
	return c
}

// examples are the payloads to try a plugin with.
func (a *app) examples(t target, f attemptFlags, given bool) ([]json.RawMessage, error) {
	if given || t.project == nil {
		payload, err := a.jsonArgument("--payload", f.payload)
		return []json.RawMessage{payload}, err
	}
	pairs, err := t.project.Pairs()
	if err != nil {
		return nil, refused("%w", err)
	}
	var payloads []json.RawMessage
	for _, pair := range pairs {
		payloads = append(payloads, pair.Payload)
	}
	return payloads, nil
}

func (a *app) printOutcomes(outcomes []conformance.Outcome, asJSON bool) error {
	if asJSON {
		if err := a.printJSON(outcomes); err != nil {
			return err
		}
	} else {
		a.tellOutcomes(outcomes)
	}
	if conformance.Failed(outcomes) {
		return exitCode(ExitNotDone)
	}
	return nil
}

// tellOutcomes prints a line per check, and below it what is wrong.
func (a *app) tellOutcomes(outcomes []conformance.Outcome) {
	count := map[conformance.Verdict]int{}
	for _, o := range outcomes {
		count[o.Verdict]++
		troubled := o.Verdict == conformance.Warn || o.Verdict == conformance.Fail
		note := ""
		if o.Reason != "" && !troubled {
			note = "  (" + oneLine(o.Reason, 100) + ")"
		}
		fmt.Fprintf(a.out, "%s %-9s  %s%s\n", a.mark(o.Verdict), o.Check, o.Holds, note)
		if troubled {
			fmt.Fprintf(a.out, "             %s\n", o.Reason)
		}
		if o.Where != "" {
			fmt.Fprintf(a.out, "             at %s\n", o.Where)
		}
	}
	fmt.Fprintf(a.out, "\n%d passed, %d warnings, %d failed, %d left out\n", count[conformance.Pass], count[conformance.Warn], count[conformance.Fail], count[conformance.Skip])
}

// mark is the sign of a verdict, in colour on a terminal that wants any.
func (a *app) mark(v conformance.Verdict) string {
	marks := map[conformance.Verdict][2]string{
		conformance.Pass: {"✓", "32"}, conformance.Warn: {"!", "33"}, conformance.Fail: {"✗", "31"}, conformance.Skip: {"-", "2"},
	}
	mark := marks[v]
	if !isTerminal(a.out) || a.env("NO_COLOR") != "" {
		return mark[0]
	}
	return strings.Join([]string{"\x1b[" + mark[1] + "m", mark[0], "\x1b[0m"}, "")
}
