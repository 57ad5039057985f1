package cli

import (
	"context"
	"fmt"
	"slices"
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
	lang := c.Flags().String("lang", "", strings.Join(languageNames(), ", ")+" (needed; the last three run as processes)")
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
	for _, l := range slices.Concat(author.Languages(), author.NativeLanguages()) {
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
