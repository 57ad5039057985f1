package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Pooling says whether a connection is a session of Postgres for as long as it
// lasts, or only for one transaction at a time, as behind PgBouncer with
// pool_mode = transaction.
type Pooling string

// Poolings.
const (
	// PoolingAuto finds out, and takes every pooler for one that pools transactions.
	PoolingAuto Pooling = "auto"
	// PoolingSession prepares statements and listens.
	PoolingSession Pooling = "session"
	// PoolingTransaction keeps nothing in a session from one transaction to the next.
	PoolingTransaction Pooling = "transaction"
)

// ParsePooling reads a setting.
func ParsePooling(text string) (Pooling, error) {
	switch p := Pooling(text); p {
	case PoolingAuto, PoolingSession, PoolingTransaction:
		return p, nil
	}
	return "", fmt.Errorf("%q is none of auto, session, transaction", text)
}

// Describe says what a host does about it, for a person.
func (p Pooling) Describe() string {
	if p == PoolingTransaction {
		return "transaction pooling: polling, no LISTEN"
	}
	return "sessions: prepared statements, LISTEN"
}

// execMode is how statements are sent. A named statement stays in one session,
// and the next transaction may be in another, so in transaction pooling only
// the description of a statement is kept, by the client. Each execution then
// parses the unnamed statement, binds and runs it before one Sync, which no
// pooler divides. Unlike QueryExecModeExec, that knows the type of every
// parameter, so JSON, arrays and bytes are encoded as in a session.
func (p Pooling) execMode() pgx.QueryExecMode {
	if p == PoolingTransaction {
		return pgx.QueryExecModeCacheDescribe
	}
	return pgx.QueryExecModeCacheStatement
}

// poolingOf is what pool was opened for; how it sends statements tells.
func poolingOf(pool *pgxpool.Pool) Pooling {
	if pool.Config().ConnConfig.DefaultQueryExecMode == PoolingTransaction.execMode() {
		return PoolingTransaction
	}
	return PoolingSession
}

// Pooling is what the store's connections are.
func (s *Store) Pooling() Pooling { return s.pooling }

// Pooling is what the desk's connections are.
func (d *Desk) Pooling() Pooling { return poolingOf(d.pool) }

// pooled reports whether something between conn and its server shares the
// server's sessions among its clients. Whoever does must invent the key with
// which a client cancels a query, before any session serves it; Postgres puts
// the process id of the session there. What forwards bytes alone, such as a TLS
// proxy, is none: the id fits. The question names its mode, because a prepared
// statement would already be state of a session.
func pooled(ctx context.Context, conn *pgx.Conn) (bool, error) {
	var pid int32
	if err := conn.QueryRow(ctx, "select pg_backend_pid()", pgx.QueryExecModeExec).Scan(&pid); err != nil {
		return false, translate(err)
	}
	return uint32(pid) != conn.PgConn().PID(), nil
}
