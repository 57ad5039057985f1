package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/postgres"
)

const upLong = `Everything on this machine: starts a private Postgres (or uses --dsn), brings its
schema up, registers the shipped classes render and dot, and runs a host.

As its first work it renders this project's own README and docs, and prints how
each job went. A second run finds those jobs done; --no-demo leaves them out.

The first Ctrl-C stops in order, the second at once. The private Postgres ends
with the last lessee that uses it; its data stays in --data-dir.`

type upFlags struct{ once, noDemo bool }

func (a *app) upCommand() *cobra.Command {
	c := &cobra.Command{Use: "up", Short: "Run everything on this machine", Long: upLong, Args: cobra.NoArgs,
		Example: "  lessee up\n  lessee up --once --data-dir ./data"}
	var f upFlags
	path := hostFlags(c)
	c.Flags().BoolVar(&f.once, "once", false, "end when nothing is left to do now; exit code 1 if a demo job failed")
	c.Flags().BoolVar(&f.noDemo, "no-demo", false, "enqueue nothing")
	c.RunE = a.run(func(ctx context.Context, _ []string) error {
		cfg, err := a.loadConfig(c.Flags(), *path)
		if err != nil {
			return err
		}
		db, err := a.createDatabase(ctx, cfg.DSN)
		if err != nil {
			return err
		}
		return db.closeAfter(ctx, func() error { return a.up(ctx, db, cfg, f) })
	})
	return c
}

func (a *app) up(ctx context.Context, db *database, cfg hostConfig, f upFlags) error {
	a.progress("migrating")
	if _, err := db.migrate(ctx); err != nil {
		return err
	}
	return db.atDesk(ctx, func(desk *postgres.Desk) error {
		if err := a.install(ctx, db, desk); err != nil {
			return err
		}
		demo := &demo{app: a, desk: desk}
		if !f.noDemo {
			if err := demo.enqueue(ctx, db.private != nil); err != nil {
				return err
			}
		}
		return a.upHost(ctx, db, desk, cfg, demo, f.once)
	})
}

func (a *app) install(ctx context.Context, db *database, desk *postgres.Desk) error {
	if err := a.installRender(ctx, desk); err != nil {
		return err
	}
	return a.installDot(ctx, desk, func(script string) error {
		pool, err := postgres.Connect(ctx, db.migrator, "lessee", 1)
		if err != nil {
			return err
		}
		defer pool.Close()
		return postgres.NewDesk(pool).Run(ctx, script)
	})
}

// upHost runs a host beside the table of the demo's jobs. Either one's end is
// the other's: the host's is an error or a signal, the table's the end of --once.
func (a *app) upHost(ctx context.Context, db *database, desk *postgres.Desk, cfg hostConfig, demo *demo, once bool) error {
	if cfg.DSN = db.host; cfg.origin["log_level"] == originDefault {
		cfg.LogLevel = "warn" // the table is what this command has to say
	}
	if cfg.origin["health_addr"] == originDefault {
		cfg.HealthAddr = freeAddr(ctx, cfg.HealthAddr)
	}
	log, err := a.logger(cfg)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.out, "psql %q\n", redact(db.operator))

	running, stop := context.WithCancel(ctx)
	defer stop()
	hosted := make(chan error, 1)
	go func() {
		defer stop()
		hosted <- a.runHost(running, cfg.Config, log)
	}()
	watched := a.watch(running, desk, demo, once)
	stop()
	if err := <-hosted; err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	if errors.Is(watched, context.Canceled) {
		return nil // Ctrl-C is how this command ends
	}
	return watched
}

// freeAddr is addr, or any other port of its host when that one is taken: by
// another `lessee up`, most likely.
func freeAddr(ctx context.Context, addr string) string {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", addr)
	if err == nil {
		listener.Close()
		return addr
	}
	name, _, err := net.SplitHostPort(addr)
	if err != nil {
		return addr
	}
	return net.JoinHostPort(name, "0")
}

// watchPace is how often the table looks at its jobs.
const watchPace = 200 * time.Millisecond

// watch prints the demo's jobs as they end. With once it returns when nothing
// is left to do now, else when ctx ends.
func (a *app) watch(ctx context.Context, desk *postgres.Desk, demo *demo, once bool) error {
	since, err := desk.Now(ctx)
	if err != nil {
		return err
	}
	for {
		finished, err := demo.look(ctx)
		if err == nil && once {
			finished, err = a.idle(ctx, desk, demo, since, finished)
		}
		if err != nil || once && finished {
			return cmp.Or(err, demo.verdict())
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(watchPace):
		}
	}
}

// idle reports whether nothing is left to do now, and the demo's jobs have
// ended, or can't.
func (a *app) idle(ctx context.Context, desk *postgres.Desk, demo *demo, since time.Time, finished bool) (bool, error) {
	pending, err := desk.Pending(ctx, since)
	if err != nil || pending || finished {
		return !pending, err
	}
	return demo.stuck(ctx)
}
