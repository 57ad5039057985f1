// Command server runs a private Postgres for measurements, with a migrated
// database lessee: durable, with 512 MB of buffers.
//
//	server COMMAND …     runs the command on it, as LESSEE_DSN says, and removes it
//	server -dir DIR      keeps it in DIR, prints the superuser's DSN, ends with its standard input, or when interrupted
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/lessee-run/lessee/host/internal/devpg"
	"github.com/lessee-run/lessee/host/internal/postgres"
)

func main() {
	dir := flag.String("dir", "", "where it lives; without it, in a directory that is removed")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *dir, flag.Args())
	stop()
	var ended *exec.ExitError
	if errors.As(err, &ended) {
		os.Exit(max(1, ended.ExitCode())) // it has said why
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, dir string, command []string) error {
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "lessee-bench-"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		if err := os.Chmod(dir, 0o755); err != nil { // root's server runs as another user
			return err
		}
	}
	cluster, err := devpg.Open(ctx, devpg.Config{Dir: dir, Settings: settings()})
	if err != nil {
		return err
	}
	defer cluster.Stop(context.WithoutCancel(ctx)) //nolint:errcheck // it ends with us
	dsn := cluster.SuperuserDSN("lessee")
	if err := prepare(ctx, cluster, dsn); err != nil {
		return err
	}
	if len(command) == 0 {
		fmt.Println(dsn)
		ended := make(chan error, 1)
		go func() {
			_, err := io.Copy(io.Discard, os.Stdin)
			ended <- err
		}()
		select {
		case err := <-ended:
			return err
		case <-ctx.Done():
			return nil
		}
	}
	child := exec.CommandContext(ctx, command[0], command[1:]...)
	child.Env = append(os.Environ(), "LESSEE_DSN="+dsn)
	child.Stdin, child.Stdout, child.Stderr = os.Stdin, os.Stdout, os.Stderr
	child.Cancel = func() error { return child.Process.Signal(os.Interrupt) }
	return child.Run()
}

// settings are those of every measurement: what is durable stays so, what a
// machine of today has is used, and what the measurements read is counted and kept.
func settings() map[string]string {
	return map[string]string{
		"shared_buffers": "512MB", "max_wal_size": "4GB", "max_connections": "200",
		"shared_preload_libraries": "pg_stat_statements",
		"wal_keep_size":            "2GB", // pg_waldump reads what a run wrote
	}
}

func prepare(ctx context.Context, cluster *devpg.Cluster, dsn string) error {
	if err := cluster.EnsureDatabase(ctx, "lessee"); err != nil {
		return err
	}
	migrator, err := postgres.NewMigrator(dsn)
	if err != nil {
		return err
	}
	_, err = migrator.Up(ctx)
	return errors.Join(err, migrator.Close())
}
