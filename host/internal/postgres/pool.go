package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// pingAfter is how long a connection rests before its next use tries it first.
const pingAfter = 20 * time.Second

// Connect opens a pool on dsn, as Dial does with PoolingAuto.
func Connect(ctx context.Context, dsn, application string, maxConns int32) (*pgxpool.Pool, error) {
	return Dial(ctx, dsn, PoolingAuto, application, maxConns)
}

// Dial opens a pool on dsn and makes sure that a server of a supported version
// answers. application names the pool in pg_stat_activity.
func Dial(ctx context.Context, dsn string, pooling Pooling, application string, maxConns int32) (*pgxpool.Pool, error) {
	cfg, err := poolConfig(dsn, application, maxConns)
	if err != nil {
		return nil, err
	}
	pool, found, err := open(ctx, cfg, pooling)
	if err != nil || pooling != PoolingAuto || found == poolingOf(pool) {
		return pool, err
	}
	pool.Close()
	pool, _, err = open(ctx, cfg, found)
	return pool, err
}

func poolConfig(dsn, application string, maxConns int32) (*pgxpool.Config, error) {
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
	return cfg, nil
}

// open also tells what its connections are, as far as one can see.
func open(ctx context.Context, cfg *pgxpool.Config, pooling Pooling) (*pgxpool.Pool, Pooling, error) {
	cfg = cfg.Copy()
	cfg.ConnConfig.DefaultQueryExecMode = pooling.execMode()
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, "", translate(err)
	}
	found, err := examine(ctx, pool)
	if err != nil {
		pool.Close()
		return nil, "", err
	}
	return pool, found, nil
}

func examine(ctx context.Context, pool *pgxpool.Pool) (Pooling, error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return "", translate(err)
	}
	defer conn.Release()
	var version int
	if err := conn.QueryRow(ctx, "select current_setting('server_version_num')::int", pgx.QueryExecModeExec).Scan(&version); err != nil {
		return "", translate(err)
	}
	if version < 150000 {
		return "", &Error{Kind: KindInvalid, Message: fmt.Sprintf("the server is Postgres %d; Lessee needs 15 or newer", version/10000), Hint: "Upgrade the server, or run `lessee up` for a private one."}
	}
	shared, err := pooled(ctx, conn.Conn())
	if shared {
		return PoolingTransaction, err
	}
	return PoolingSession, err
}
