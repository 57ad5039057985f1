package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// pingAfter is how long a connection rests before its next use tries it first.
const pingAfter = 20 * time.Second

// Connect opens a pool on dsn and makes sure that a server of a supported
// version answers. application names the pool in pg_stat_activity.
func Connect(ctx context.Context, dsn, application string, maxConns int32) (*pgxpool.Pool, error) {
	cfg, err := pgxpool.ParseConfig(dsn)
	if err != nil {
		return nil, &Error{Kind: KindInvalid, Message: "the DSN can't be read: " + oneLine(err), cause: err, Hint: "Use postgres://user:password@host:5432/database or key=value pairs."}
	}
	cfg.MaxConns = maxConns
	cfg.ConnConfig.RuntimeParams["application_name"] = application
	// By default every use after a second of rest is two questions, and a host asks once a second.
	cfg.ShouldPing = func(_ context.Context, p pgxpool.ShouldPingParams) bool { return p.IdleDuration > pingAfter }
	if cfg.ConnConfig.ConnectTimeout == 0 {
		cfg.ConnConfig.ConnectTimeout = 5 * time.Second
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, translate(err)
	}
	if err := checkServer(ctx, pool); err != nil {
		pool.Close()
		return nil, err
	}
	return pool, nil
}

func checkServer(ctx context.Context, pool *pgxpool.Pool) error {
	var version int
	if err := pool.QueryRow(ctx, "select current_setting('server_version_num')::int").Scan(&version); err != nil {
		return translate(err)
	}
	if version < 150000 {
		return &Error{Kind: KindInvalid, Message: fmt.Sprintf("the server is Postgres %d; Lessee needs 15 or newer", version/10000), Hint: "Upgrade the server, or run `lessee up` for a private one."}
	}
	return nil
}
