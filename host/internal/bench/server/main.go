// Command server runs a private Postgres for measurements: durable, with 512 MB
// of buffers, in the directory that it is given. It prints the superuser's DSN
// of a migrated database lessee and ends with its standard input.
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/lessee-run/lessee/host/internal/devpg"
	"github.com/lessee-run/lessee/host/internal/postgres"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: server DIR")
		os.Exit(2)
	}
	if err := run(context.Background(), os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir string) error {
	cluster, err := devpg.Open(ctx, devpg.Config{Dir: dir, Settings: map[string]string{
		"shared_buffers": "512MB", "max_wal_size": "4GB", "max_connections": "200",
		"shared_preload_libraries": "pg_stat_statements",
	}})
	if err != nil {
		return err
	}
	defer cluster.Stop(ctx) //nolint:errcheck // it ends with us
	if err := cluster.EnsureDatabase(ctx, "lessee"); err != nil {
		return err
	}
	migrator, err := postgres.NewMigrator(cluster.SuperuserDSN("lessee"))
	if err != nil {
		return err
	}
	if _, err := migrator.Up(ctx); err != nil {
		return err
	}
	if err := migrator.Close(); err != nil {
		return err
	}
	fmt.Println(cluster.SuperuserDSN("lessee"))
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}
