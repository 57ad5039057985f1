package cli

import (
	"context"

	"github.com/spf13/cobra"
	"go.uber.org/zap"

	"github.com/lessee-run/lessee/host"
)

const hostLong = `The daemon: takes a lease on the database that --dsn names, runs the jobs of the
enabled classes, and commits what they answer. Run as many as you like.

The login needs the role lessee_host and no other. Settings come from defaults,
a YAML file, LESSEE_* variables and flags, each outweighing the one before;
--print-config shows the outcome.

The first SIGINT or SIGTERM stops it in order: no more jobs, --grace for what
runs, the rest given back. The second gives everything back at once.`

func (a *app) hostCommand() *cobra.Command {
	c := &cobra.Command{
		Use: "host", Short: "Run the daemon on a database", Long: hostLong, Args: cobra.NoArgs,
		Example: `  lessee host --dsn postgres://lessee_daemon@db/lessee --slots 32
  LESSEE_LOG_FORMAT=json lessee host --config /etc/lessee/host.yaml
  lessee host --print-config`,
	}
	path := hostFlags(c)
	printOnly := c.Flags().Bool("print-config", false, "print the effective configuration, each value with its origin, and exit")
	c.RunE = a.run(func(ctx context.Context, _ []string) error {
		cfg, err := a.loadConfig(c.Flags(), *path)
		if err != nil {
			return err
		}
		if *printOnly {
			return cfg.print(a)
		}
		return a.serve(ctx, cfg)
	})
	return c
}

func (a *app) serve(ctx context.Context, cfg hostConfig) error {
	if err := cfg.Validate(); err != nil {
		return refused("%w", err)
	}
	log, err := a.logger(cfg)
	if err != nil {
		return err
	}
	log.Info("host starts", zap.String("name", cfg.Name), zap.Int("slots", cfg.Slots), zap.String("version", release), zap.String("dsn", redact(cfg.DSN)))
	return a.runHost(ctx, cfg.Config, log)
}

// runHost runs a host until ctx ends; the second signal ends its grace.
func (a *app) runHost(ctx context.Context, cfg host.Config, log *zap.Logger) error {
	h, err := host.New(ctx, cfg, release, log)
	if err != nil {
		return err
	}
	ended := make(chan struct{})
	defer close(ended)
	go func() {
		select {
		case <-a.again:
			h.Kill()
		case <-ended:
		}
	}()
	return h.Run(ctx)
}
