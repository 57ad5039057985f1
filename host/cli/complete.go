package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/devpg"
	"github.com/lessee-run/lessee/host/internal/postgres"
)

// completeClass offers class names where that is quick: never by starting a server.
func (a *app) completeClass(c *cobra.Command, args []string, prefix string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 || !a.answers() {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	ctx, cancel := context.WithTimeout(c.Context(), 2*time.Second)
	defer cancel()
	var names []string
	_ = a.atDesk(ctx, func(desk *postgres.Desk) (err error) { // without a database there is nothing to offer
		names, err = desk.ClassNames(ctx, prefix)
		return err
	})
	return names, cobra.ShellCompDirectiveNoFileComp
}

// answers reports whether a database is there to be asked.
func (a *app) answers() bool {
	if a.externalDSN() != "" {
		return true
	}
	dir, err := a.dataDirectory()
	if err != nil || !created(dir) {
		return false
	}
	used, err := devpg.InUse(dir)
	return used && err == nil
}
