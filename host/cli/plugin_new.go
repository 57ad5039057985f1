package cli

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/author"
)

func (a *app) pluginNewCommand() *cobra.Command {
	c := &cobra.Command{Use: "new NAME", Short: "Make the folder of a new plugin", Args: cobra.ExactArgs(1),
		Long: `Makes a folder that builds and passes its tests as it is: a handler, a test of
it, pairs of input and expected result, and the SDK. A folder that is there must
be empty.`,
		Example: "  lessee plugin new --lang go greet\n  lessee plugin new --lang rust thumbnail --dir ./plugins/thumbnail"}
	lang := c.Flags().String("lang", "", "go, rust, c, assemblyscript or js (needed)")
	dir := c.Flags().String("dir", "", "the folder (default: the name)")
	_ = c.RegisterFlagCompletionFunc("lang", cobra.FixedCompletions(languageNames(), cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	c.RunE = a.run(func(_ context.Context, args []string) error {
		if *lang == "" {
			return misused("--lang is missing: one of %s", strings.Join(languageNames(), ", "))
		}
		language, err := author.ParseLanguage(*lang)
		if err != nil {
			return misused("--lang: %w", err)
		}
		if *dir == "" {
			*dir = args[0]
		}
		p, err := author.Scaffold(a.shipped, language, args[0], *dir)
		if err != nil {
			return refused("%w", err)
		}
		return a.printNew(p)
	})
	return c
}

func languageNames() []string {
	var names []string
	for _, l := range author.Languages() {
		names = append(names, string(l))
	}
	return names
}

func (a *app) printNew(p *author.Project) error {
	_, err := fmt.Fprintf(a.out, `%s is a plugin in %s. Its README tells the rest; next:

  cd %s
  lessee plugin test
  lessee plugin run --payload '{"name": "you"}'
`, p.Name, p.Language, p.Dir)
	return err
}

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

func (a *app) pluginPackCommand() *cobra.Command {
	c := &cobra.Command{Use: "pack FILE", Short: "Put a manifest into a module", Args: cobra.ExactArgs(1),
		Long: `Puts a manifest into a module, in the place of one that it has. build does so
for a plugin's folder; this is for modules that were built otherwise. The fields
of a manifest are in docs/abi.md.`,
		Example: "  lessee plugin pack thumbnail.wasm --manifest manifest.json --output thumbnail-1.2.0.wasm"}
	manifest := c.Flags().String("manifest", "", "file of the manifest, JSON (needed)")
	output := c.Flags().StringP("output", "o", "", "file to write (default: FILE)")
	c.RunE = a.run(func(_ context.Context, args []string) error {
		if *manifest == "" {
			return misused("--manifest is missing: it names the manifest's file")
		}
		if *output == "" {
			*output = args[0]
		}
		module, err := os.ReadFile(args[0])
		if err != nil {
			return refused("read the module: %w", err)
		}
		text, err := os.ReadFile(*manifest)
		if err != nil {
			return refused("read the manifest: %w", err)
		}
		digest, err := author.Pack(module, text, *output)
		if err != nil {
			return refused("%w", err)
		}
		_, err = fmt.Fprintf(a.out, "%s holds the manifest; sha256 %s\n", *output, digest)
		return err
	})
	return c
}

func (a *app) pluginSignCommand() *cobra.Command {
	c := a.moduleSignCommand()
	c.Example = "  lessee plugin sign greet.wasm --key media.key"
	return c
}
