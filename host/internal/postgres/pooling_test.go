package postgres_test

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/lessee-run/lessee/host/internal/postgres"
	"github.com/lessee-run/lessee/host/internal/postgres/postgrestest"
)

func TestConnect_TakesADirectConnectionForASession(t *testing.T) {
	t.Parallel()
	pool, _ := postgrestest.Pool(t)
	if got := postgres.NewStore(pool).Pooling(); got != postgres.PoolingSession {
		t.Errorf("pooling is %s", got)
	}
	if n := preparedStatements(t, pool); n == 0 {
		t.Error("it prepares no statements")
	}
}

func TestDial_KeepsNothingInASessionWhenTransactionsArePooled(t *testing.T) {
	t.Parallel()
	_, dsn := postgrestest.Pool(t)
	pool := dial(t, dsn, postgres.PoolingTransaction)
	if got := postgres.NewStore(pool).Pooling(); got != postgres.PoolingTransaction {
		t.Errorf("pooling is %s", got)
	}
	if n := preparedStatements(t, pool); n != 0 {
		t.Errorf("it left %d prepared statements in its session", n)
	}
}

func TestParsePooling_NamesTheChoices(t *testing.T) {
	if _, err := postgres.ParsePooling("statement"); err == nil || err.Error() != `"statement" is none of auto, session, transaction` {
		t.Errorf("got %v", err)
	}
}

func dial(t *testing.T, dsn string, pooling postgres.Pooling) *pgxpool.Pool {
	t.Helper()
	pool, err := postgres.Dial(t.Context(), dsn, pooling, t.Name(), 4)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

// preparedStatements is how many a session holds after a question that has a parameter.
func preparedStatements(t *testing.T, pool *pgxpool.Pool) (n int) {
	t.Helper()
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	if _, err := conn.Exec(t.Context(), "select $1::int", 1); err != nil {
		t.Fatal(err)
	}
	if err := conn.QueryRow(t.Context(), "select count(*) from pg_prepared_statements where name <> ''").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
