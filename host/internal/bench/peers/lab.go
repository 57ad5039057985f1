package main

import (
	"bufio"
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/lessee-run/lessee/host/internal/bench/report"
)

// lab is what the systems share: one private server, on which each turn has a
// database of its own.
type lab struct {
	root, dir, dsn string // of the main module, of this run, of the server
	node           string // the program
	jobs, repeat   int
	steady         time.Duration
	only           string
	river          riverSettings
	databases      int // so far
}

// open builds Lessee and starts the server.
func (l *lab) open(ctx context.Context) (stop func(), err error) {
	if l.dir, err = os.MkdirTemp("", "peers-"); err != nil {
		return nil, err
	}
	remove := func() { os.RemoveAll(l.dir) }
	if err := l.build(ctx); err != nil {
		remove()
		return nil, err
	}
	stopServer, err := l.serve(ctx)
	if err != nil {
		remove()
		return nil, err
	}
	return func() { stopServer(); remove() }, nil
}

func (l *lab) build(ctx context.Context) (err error) {
	if err := os.Chmod(l.dir, 0o755); err != nil { // root's server runs as another user
		return err
	}
	if l.root, err = filepath.Abs(l.root); err != nil {
		return err
	}
	l.node = "node"
	if local, err := filepath.Abs("node/node_modules/.bin/node"); err == nil {
		if _, err := os.Stat(local); err == nil {
			l.node = local
		}
	}
	for name, pkg := range map[string]string{"lessee": ".", "server": "./host/internal/bench/server"} {
		if err := l.goBuild(ctx, nil, "-o", l.program(name), pkg); err != nil {
			return err
		}
	}
	return nil
}

func (l *lab) goBuild(ctx context.Context, env []string, args ...string) error {
	build := exec.CommandContext(ctx, "go", append([]string{"build"}, args...)...)
	build.Dir, build.Stderr, build.Env = l.root, os.Stderr, append(os.Environ(), env...)
	if err := build.Run(); err != nil {
		return fmt.Errorf("build %s: %w", args[len(args)-1], err)
	}
	return nil
}

func (l *lab) program(name string) string { return filepath.Join(l.dir, name) }

func (l *lab) serve(ctx context.Context) (stop func(), err error) {
	server := exec.CommandContext(ctx, l.program("server"), "-dir", filepath.Join(l.dir, "data"))
	server.Stderr = os.Stderr
	stdin, err := server.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := server.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := server.Start(); err != nil {
		return nil, err
	}
	stop = func() { stdin.Close(); server.Wait() } //nolint:errcheck // it ends with us
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		stop()
		return nil, fmt.Errorf("start the server: %w", err)
	}
	l.dsn = strings.TrimSpace(line)
	return stop, nil
}

// inDatabase runs f in a new database, and drops it.
func (l *lab) inDatabase(ctx context.Context, f func(dsn string) error) error {
	u, err := url.Parse(l.dsn)
	if err != nil {
		return err
	}
	l.databases++
	name := fmt.Sprintf("peer_%d", l.databases)
	u.Path = "/" + name
	if err := l.exec(ctx, l.dsn, "create database "+name, "checkpoint"); err != nil {
		return err
	}
	if err := f(u.String()); err != nil {
		return err
	}
	return l.exec(ctx, l.dsn, "drop database "+name+" with (force)")
}

func (l *lab) exec(ctx context.Context, dsn string, statements ...string) error {
	return withConn(ctx, dsn, func(conn *pgx.Conn) error {
		for _, sql := range statements {
			if _, err := conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
				return fmt.Errorf("%s: %w", sql, err)
			}
		}
		return nil
	})
}

func withConn(ctx context.Context, dsn string, f func(*pgx.Conn) error) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	return f(conn)
}

// count asks for one number.
func count(ctx context.Context, dsn, sql string) (n int, err error) {
	err = withConn(ctx, dsn, func(conn *pgx.Conn) error { return conn.QueryRow(ctx, sql).Scan(&n) })
	return n, err
}

// conditions notes what the figures depend on.
func (l *lab) conditions(ctx context.Context, r *report.Report) error {
	r.Note("%s", report.Machine())
	var line string
	err := withConn(ctx, l.dsn, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, `select 'Postgres ' || current_setting('server_version') || ', ' || string_agg(name || ' ' || current_setting(name), ', ' order by name)
			from pg_settings where name in ('fsync', 'synchronous_commit', 'shared_buffers', 'max_wal_size')`).Scan(&line)
	})
	r.Note("%s; one server, each turn in a database of its own", line)
	return err
}

// progress tells a person who waits.
func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
