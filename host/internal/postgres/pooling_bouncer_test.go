//go:build pgbouncer

package postgres_test

import (
	"strings"
	"testing"

	"github.com/lessee-run/lessee/host/internal/postgres"
	"github.com/lessee-run/lessee/host/internal/postgres/postgrestest"
)

func TestConnect_FindsAPgBouncer(t *testing.T) {
	t.Parallel()
	_, dsn := postgrestest.Pool(t)
	pool := dial(t, postgrestest.Behind(t, dsn), postgres.PoolingAuto)
	if got := postgres.NewStore(pool).Pooling(); got != postgres.PoolingTransaction {
		t.Errorf("pooling is %s", got)
	}
	if err := postgres.CheckSchema(t.Context(), pool); err != nil {
		t.Error(err)
	}
}

func TestMigrator_RefusesAPgBouncer(t *testing.T) {
	t.Parallel()
	_, dsn := postgrestest.Pool(t)
	err := postgrestest.Migrate(t.Context(), postgrestest.Behind(t, dsn))
	if postgres.KindOf(err) != postgres.KindInvalid || !strings.Contains(err.Error(), "Name Postgres itself") {
		t.Errorf("got %v", err)
	}
}

func TestConnect_SaysWhichParameterAPgBouncerDoesNotTake(t *testing.T) {
	t.Parallel()
	_, dsn := postgrestest.Pool(t)
	_, err := postgres.Connect(t.Context(), postgrestest.Behind(t, dsn)+"&work_mem=8MB", t.Name(), 1)
	if err == nil || !strings.Contains(err.Error(), "work_mem") || !strings.Contains(err.Error(), "ignore_startup_parameters") {
		t.Errorf("got %v", err)
	}
}

func TestDial_SaysWhatIsWrongWhenSessionsAreSharedAfterAll(t *testing.T) {
	t.Parallel()
	_, dsn := postgrestest.Pool(t)
	through := postgrestest.Behind(t, dsn)
	store := postgres.NewStore(dial(t, through, postgres.PoolingSession))
	if err := store.CloseLease(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	holder, err := dial(t, through, postgres.PoolingAuto).Begin(t.Context()) // of the only session there is
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Rollback(t.Context()) //nolint:errcheck // it has done nothing
	if err := store.CloseLease(t.Context(), 1); err == nil || !strings.Contains(err.Error(), "set pooling to auto or transaction") {
		t.Errorf("got %v", err)
	}
}
