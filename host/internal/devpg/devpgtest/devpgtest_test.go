package devpgtest_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/lessee-run/lessee/host/internal/devpg"
	"github.com/lessee-run/lessee/host/internal/devpg/devpgtest"
)

func TestMain(m *testing.M) {
	devpgtest.Main(m, devpgtest.WithTemplate(prepare), devpgtest.WithSetting("work_mem", "5MB"))
}

func prepare(ctx context.Context, dsn string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "CREATE TABLE made_by_template (n int); INSERT INTO made_by_template VALUES (7)")
	return err
}

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(context.WithoutCancel(t.Context())) })
	return conn
}

func query[T any](t *testing.T, conn *pgx.Conn, sql string, args ...any) (value T) {
	t.Helper()
	if err := conn.QueryRow(t.Context(), sql, args...).Scan(&value); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return value
}

func TestDatabase_IsAFreshCopyOfTheTemplate(t *testing.T) {
	first, second := connect(t, devpgtest.Database(t)), connect(t, devpgtest.Database(t))
	if _, err := first.Exec(t.Context(), "UPDATE made_by_template SET n = 8"); err != nil {
		t.Fatal(err)
	}
	if n := query[int](t, second, "SELECT n FROM made_by_template"); n != 7 {
		t.Errorf("the second copy holds %d, want the template's 7", n)
	}
}

func TestDatabase_IsDroppedThoughATestStaysConnected(t *testing.T) {
	var name string
	t.Run("test", func(t *testing.T) {
		conn, err := pgx.Connect(t.Context(), devpgtest.Database(t))
		if err != nil {
			t.Fatal(err)
		}
		name = conn.Config().Database
	})
	conn := connect(t, devpgtest.Cluster(t).SuperuserDSN("postgres"))
	if query[bool](t, conn, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name) {
		t.Errorf("%s is still there after its test", name)
	}
}

func TestWithSetting_ReachesTheServer(t *testing.T) {
	conn := connect(t, devpgtest.Database(t))
	if got := query[string](t, conn, "SHOW work_mem"); got != "5MB" {
		t.Errorf("work_mem is %s, want 5MB", got)
	}
}

func TestDedicated_CanBeRestartedUnderItsClients(t *testing.T) {
	cluster := devpgtest.Dedicated(t)
	dsn := cluster.SuperuserDSN("postgres")
	if _, err := connect(t, dsn).Exec(t.Context(), "CREATE TABLE kept AS SELECT 1 AS n"); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []devpg.Mode{devpg.Fast, devpg.Immediate, devpg.Crash} {
		if err := cluster.Restart(t.Context(), mode); err != nil {
			t.Fatalf("restart, mode %d: %v", mode, err)
		}
		if n := query[int](t, connect(t, dsn), "SELECT n FROM kept"); n != 1 {
			t.Errorf("after restart, mode %d: got %d", mode, n)
		}
	}
}

func BenchmarkDatabase(b *testing.B) {
	for b.Loop() {
		devpgtest.Database(b)
	}
}
