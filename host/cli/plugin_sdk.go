package cli

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/author"
)

func (a *app) pluginSDKCommand() *cobra.Command {
	c := &cobra.Command{Use: "sdk [DIR]", Short: "Put this release's SDK into a plugin", Args: cobra.MaximumNArgs(1),
		Long: `Replaces the plugin's copy of the SDK, its folder lessee, by that of this
release. Nothing else is changed.`,
		Example: "  lessee plugin sdk ./greet"}
	c.RunE = a.run(func(_ context.Context, args []string) error {
		p, err := projectOf(args)
		if err != nil {
			return err
		}
		if err := author.Renew(a.shipped, p); err != nil {
			return refused("%w", err)
		}
		_, err = fmt.Fprintf(a.out, "%s has the SDK of lessee %s\n", filepath.Join(p.Dir, "lessee"), release)
		return err
	})
	return c
}

func (a *app) pluginSetupCommand() *cobra.Command {
	c := &cobra.Command{Use: "setup LANGUAGE", Short: "Install what an SDK builds with, from npm", Args: cobra.ExactArgs(1),
		Long: `Installs the compilers of assemblyscript or js, once for all plugins of this
user, in the versions that the SDK was tested with. The other languages use the
machine's own: this says which packages have them.`,
		Example: "  lessee plugin setup js"}
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		language, err := author.ParseLanguage(args[0])
		if err != nil {
			return misused("%w", err)
		}
		dir, err := author.InstallPackages(ctx, a.shipped, language, a.errs)
		if err != nil {
			return refused("%w", err)
		}
		_, err = fmt.Fprintf(a.out, "%s is ready: its packages are in %s\n", language, dir)
		return err
	})
	return c
}
