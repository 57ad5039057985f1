package cli

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/author"
)

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
