package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/author"
)

func (a *app) pluginInspectCommand() *cobra.Command {
	c := &cobra.Command{Use: "inspect FILE", Short: "Show what a module says of itself, and what a host would say", Args: cobra.ExactArgs(1),
		Long: `Shows exports, imports, contract, manifest, size and memory of a module, what
metering adds to it, and why a host would refuse it, if it would. --admit=false
runs nothing of it; then what only shows when a module starts is not told.

Exit code 4: it would be refused.`,
		Example: "  lessee plugin inspect greet.wasm\n  lessee plugin inspect unknown.wasm --admit=false --json"}
	admit := c.Flags().Bool("admit", true, "start it once, as a host does")
	cache := cacheFlag(c)
	asJSON := jsonFlag(c)
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		data, err := os.ReadFile(args[0])
		if err != nil {
			return refused("read the module: %w", err)
		}
		return a.inWorkshop(ctx, *cache, func(w *author.Workshop) error {
			o, err := author.Inspect(ctx, w, data, *admit)
			if err != nil {
				return err
			}
			if err := a.printOutline(o, *asJSON); err != nil {
				return err
			}
			if o.Refused != "" {
				return exitCode(ExitRefused)
			}
			return nil
		})
	})
	return c
}

func (a *app) printOutline(o author.Outline, asJSON bool) error {
	if asJSON {
		return a.printJSON(o)
	}
	manifest := "none"
	if o.Manifest != nil {
		data, err := json.Marshal(o.Manifest)
		if err != nil {
			return err
		}
		manifest = string(data)
	}
	metered, load := "", ""
	if o.MeteredBytes > 0 {
		metered = fmt.Sprintf("%s, +%d%%", size(o.MeteredBytes), (o.MeteredBytes-o.Size)*100/o.Size)
	}
	if o.LoadMS > 0 {
		load = span(time.Duration(o.LoadMS) * time.Millisecond)
	}
	return a.fields([][2]string{
		{"sha256", o.SHA256}, {"size", size(o.Size)}, {"metered", metered}, {"contract", o.Contract}, {"memory", size(o.MemoryBytes) + " at its start"},
		{"exports", strings.Join(o.Exports, " ")}, {"imports", strings.Join(o.Imports, " ")}, {"manifest", manifest},
		{"admission", load}, {"starts anew", o.Cold}, {"REFUSED", o.Refused},
	})
}
