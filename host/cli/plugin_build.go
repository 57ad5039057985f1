package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/author"
	"github.com/lessee-run/lessee/registry"
)

func (a *app) pluginBuildCommand() *cobra.Command {
	c := &cobra.Command{Use: "build [DIR]", Short: "Build a plugin, and admit it as a host does", Args: cobra.MaximumNArgs(1),
		Long: `Runs the language's compiler, or the "build" of plugin.json; packs the manifest
into the module; and takes the module through every stage of a host's admission
but the signature. What no host would run is refused with the reason, and the
product of the last good build is left as it is.`,
		Example: "  lessee plugin build\n  lessee plugin build ./greet --json"}
	cache := cacheFlag(c)
	asJSON := jsonFlag(c)
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		p, err := projectOf(args)
		if err != nil {
			return err
		}
		return a.inWorkshop(ctx, *cache, func(w *author.Workshop) error {
			if !*asJSON {
				return a.build(ctx, w, p, a.out)
			}
			b, err := author.Build(ctx, w, p, a.errs)
			if err != nil {
				return buildError(err)
			}
			return a.printJSON(b)
		})
	})
	return c
}

// build builds p and tells of it on out.
func (a *app) build(ctx context.Context, w *author.Workshop, p *author.Project, out io.Writer) error {
	b, err := author.Build(ctx, w, p, a.errs)
	if err != nil {
		return buildError(err)
	}
	took := map[string]time.Duration{}
	for _, s := range b.Stages {
		took[s.Name] = time.Duration(s.TookMS) * time.Millisecond
	}
	fmt.Fprintf(out, "%s  %s, contract %s, sha256 %s, in %s (of which the host's part %s)\n", b.Path, size(b.Size), b.Contract, b.SHA256[:12],
		span(time.Duration(b.MS)*time.Millisecond), span(took[registry.StageMeter]+took[registry.StageCompile]+took[registry.StageStart]))
	for _, note := range b.Notes {
		fmt.Fprintln(out, "  note:", note)
	}
	return nil
}

// buildError tells what a compiler refused from what a host would.
func buildError(err error) error {
	if errors.Is(err, author.ErrRefused) {
		return codedError{err, ExitRefused}
	}
	return err
}
