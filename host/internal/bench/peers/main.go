// Command peers runs Lessee beside other Postgres queues and a hand-written
// loop, on one private Postgres, in turn, and prints ratios. See task bench:peers.
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// peer drains jobs in a database of its own and returns jobs a second. It fails
// unless every job was done.
type peer struct {
	name string
	run  func(ctx context.Context, b *bench, dsn string) (float64, error)
}

// bench is what the peers share.
type bench struct {
	root, dir, dsn string // of the main module, of this run, of the server
	jobs           int
	node           string
}

func main() {
	jobs, repeat := flag.Int("jobs", 50_000, "jobs to drain"), flag.Int("repeat", 3, "rounds")
	only := flag.String("only", "", "peers whose name contains one of these, by comma")
	root := flag.String("root", "../../../..", "the main module")
	flag.Parse()
	if err := run(context.Background(), *jobs, *repeat, *only, *root); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, jobs, repeat int, only, root string) error {
	dir, err := os.MkdirTemp("", "peers-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := os.Chmod(dir, 0o755); err != nil { // root's server runs as another user
		return err
	}
	if root, err = filepath.Abs(root); err != nil {
		return err
	}
	b := &bench{root: root, dir: dir, jobs: jobs, node: "node"}
	if local, err := filepath.Abs("node/node_modules/.bin/node"); err == nil {
		if _, err := os.Stat(local); err == nil {
			b.node = local
		}
	}
	stop, err := b.start(ctx)
	if err != nil {
		return err
	}
	defer stop()
	return b.rounds(ctx, chosen(only), repeat)
}

func chosen(only string) []peer {
	return slices.DeleteFunc(peers(), func(p peer) bool {
		return only != "" && !slices.ContainsFunc(strings.Split(only, ","), func(part string) bool { return strings.Contains(p.name, part) })
	})
}

func (b *bench) rounds(ctx context.Context, all []peer, repeat int) error {
	results := map[string][]float64{}
	for round := range repeat {
		for i, p := range all {
			dsn, err := b.database(ctx, fmt.Sprintf("peer_%d_%d", round, i))
			if err != nil {
				return err
			}
			speed, err := p.run(ctx, b, dsn)
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			results[p.name] = append(results[p.name], speed)
			fmt.Printf("round %d  %-28s %8.0f jobs/s\n", round+1, p.name, speed)
			if err := b.drop(ctx, dsn); err != nil {
				return err
			}
		}
	}
	lessee := median(results["lessee"])
	fmt.Printf("\n%-28s %10s  %s\n", "system", "jobs/s", "lessee is × as fast")
	for _, p := range all {
		m := median(results[p.name])
		fmt.Printf("%-28s %10.0f  %.2f\n", p.name, m, lessee/m)
	}
	return nil
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// start builds Lessee and starts the server.
func (b *bench) start(ctx context.Context) (stop func(), err error) {
	for name, pkg := range map[string]string{"lessee": ".", "server": "./host/internal/bench/server"} {
		build := exec.CommandContext(ctx, "go", "build", "-o", filepath.Join(b.dir, name), pkg)
		build.Dir, build.Stderr = b.root, os.Stderr
		if err := build.Run(); err != nil {
			return nil, fmt.Errorf("build %s: %w", pkg, err)
		}
	}
	server := exec.CommandContext(ctx, filepath.Join(b.dir, "server"), filepath.Join(b.dir, "data"))
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
	line, err := bufio.NewReader(stdout).ReadString('\n')
	b.dsn = strings.TrimSpace(line)
	return func() { stdin.Close(); server.Wait() }, err
}

// database creates a database on the server.
func (b *bench) database(ctx context.Context, name string) (string, error) {
	u, err := url.Parse(b.dsn)
	if err != nil {
		return "", err
	}
	u.Path = "/" + name
	return u.String(), b.exec(ctx, b.dsn, "create database "+name)
}

func (b *bench) drop(ctx context.Context, dsn string) error {
	u, err := url.Parse(dsn)
	if err != nil {
		return err
	}
	return b.exec(ctx, b.dsn, "drop database "+strings.TrimPrefix(u.Path, "/")+" with (force)", "checkpoint")
}

func (b *bench) exec(ctx context.Context, dsn string, statements ...string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	for _, sql := range statements {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}

// count asks for one number.
func count(ctx context.Context, dsn, sql string) (n int, err error) {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return 0, err
	}
	defer conn.Close(ctx)
	return n, conn.QueryRow(ctx, sql).Scan(&n)
}
