package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/author"
)

func (a *app) pluginWatchCommand() *cobra.Command {
	c := &cobra.Command{Use: "watch [DIR]", Short: "Build, test and run again whenever a file is saved", Args: cobra.MaximumNArgs(1),
		Long: `Builds the plugin, runs its tests, and runs --payload if that is given; then the
same again whenever a source is not what it was. Ctrl-C ends it.`,
		Example: "  lessee plugin watch\n  lessee plugin watch ./greet --payload '{\"name\": \"you\"}'"}
	var f attemptFlags
	f.define(c.Flags())
	cache := cacheFlag(c)
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		p, err := projectOf(args)
		if err != nil {
			return err
		}
		run := c.Flags().Changed("payload")
		return a.inWorkshop(ctx, *cache, func(w *author.Workshop) error {
			err := author.Watch(ctx, p.Dir, func() { a.round(ctx, w, p.Dir, &f, run) })
			if errors.Is(err, context.Canceled) {
				return nil // Ctrl-C is how this command ends
			}
			return err
		})
	})
	return c
}

// round is what watch does once. Nothing that goes wrong in it is its end.
func (a *app) round(ctx context.Context, w *author.Workshop, dir string, f *attemptFlags, run bool) {
	fmt.Fprintf(a.out, "\n── %s ──\n", time.Now().Format(time.TimeOnly))
	err := a.once(ctx, w, dir, f, run)
	var silent exitCode
	if err != nil && ctx.Err() == nil && !errors.As(err, &silent) {
		fmt.Fprintln(a.errs, "lessee:", err)
	}
}

func (a *app) once(ctx context.Context, w *author.Workshop, dir string, f *attemptFlags, run bool) error {
	p, err := openProject(dir) // plugin.json may be what was saved
	if err != nil {
		return err
	}
	if err := a.build(ctx, w, p, a.out); err != nil {
		return err
	}
	data, err := a.module(ctx, w, target{file: p.Product()})
	if err != nil {
		return err
	}
	m, err := w.Load(ctx, data)
	if err != nil {
		return err
	}
	return errors.Join(a.tryOut(ctx, p, m, f, run), m.Close(context.WithoutCancel(ctx)))
}

// tryOut runs the pairs, and the payload if there is one to run.
func (a *app) tryOut(ctx context.Context, p *author.Project, m *author.Module, f *attemptFlags, run bool) error {
	pairs, err := p.Pairs()
	if err != nil {
		return err
	}
	tested := a.checkPairs(ctx, m, pairs, false)
	if !run {
		return tested
	}
	class, err := f.class(a, m)
	if err != nil {
		return errors.Join(tested, err)
	}
	fmt.Fprintln(a.out)
	report, err := f.attempt(ctx, a, m, class)
	if err == nil {
		err = a.printReport(report, class, false)
	}
	return errors.Join(tested, err)
}
