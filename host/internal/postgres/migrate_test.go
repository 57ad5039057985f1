package postgres_test

import (
	"context"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/lessee-run/lessee/host/internal/devpg/devpgtest"
	"github.com/lessee-run/lessee/host/internal/postgres"
	"github.com/lessee-run/lessee/host/internal/postgres/postgrestest"
)

func migrator(t *testing.T, dsn string) *postgres.Migrator {
	t.Helper()
	m, err := postgres.NewMigrator(dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

func TestMigrator_UpDownUpLeavesAnIdenticalSchema(t *testing.T) {
	dsn := devpgtest.Database(t)
	m := migrator(t, dsn)
	before := dump(t, dsn)
	if steps, err := m.Down(t.Context(), true); err != nil || len(steps) == 0 {
		t.Fatalf("down: %v, %v", steps, err)
	}
	var left bool
	pool, err := postgres.Connect(t.Context(), dsn, t.Name(), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if err := pool.QueryRow(t.Context(), "select exists (select from pg_namespace where nspname = 'lessee')").Scan(&left); err != nil || left {
		t.Fatalf("after down the schema is left: %v, %v", left, err)
	}
	if _, err := m.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := dump(t, dsn); after != before {
		t.Fatalf("the schema differs after up, down, up:\n%s", firstDifference(before, after))
	}
}

func TestMigrator_OneStepDownAndUpAgainLeavesAnIdenticalSchema(t *testing.T) {
	dsn := devpgtest.Database(t)
	m := migrator(t, dsn)
	before := dump(t, dsn)
	if steps, err := m.Down(t.Context(), false); err != nil || len(steps) != 1 {
		t.Fatalf("down: %v, %v", steps, err)
	}
	if _, err := m.Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := dump(t, dsn); after != before {
		t.Fatalf("the schema differs:\n%s", firstDifference(before, after))
	}
}

func TestMigrator_ConcurrentUpsDoTheWorkOnce(t *testing.T) {
	pool, dsn := postgrestest.Pool(t)
	if _, err := migrator(t, dsn).Down(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 5 {
		m := migrator(t, dsn)
		wg.Go(func() {
			if _, err := m.Up(context.Background()); err != nil {
				t.Errorf("up: %v", err)
			}
		})
	}
	wg.Wait()
	var count, distinct int
	if err := pool.QueryRow(t.Context(), "select count(*), count(distinct version_id) from lessee.schema_migration").Scan(&count, &distinct); err != nil || count != distinct {
		t.Fatalf("%d rows for %d migrations, %v", count, distinct, err)
	}
}

func TestMigrator_ReappliesAFunctionThatChangedAndDropsOneThatIsGone(t *testing.T) {
	pool, dsn := postgrestest.Pool(t)
	conn, err := pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	before := dump(t, dsn)
	for _, sql := range []string{
		"set role lessee_owner",
		"update lessee.schema_function set digest = 'another' where name = 'fn_job_due'",
		"drop function lessee.fn_job_due", // another result type: can't be replaced in place
		"create function lessee.fn_job_due(p_max integer) returns text language sql as 'select 1::text'",
		"insert into lessee.schema_function (name, digest) values ('fn_gone', 'x')",
		"create function lessee.fn_gone() returns int language sql as 'select 1'",
	} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	m := migrator(t, dsn)
	if err := postgres.CheckSchema(t.Context(), pool); postgres.KindOf(err) != postgres.KindNotMigrated {
		t.Fatalf("check before up: %v", err)
	}
	steps, err := m.Up(t.Context())
	if err != nil || len(steps) != 2 {
		t.Fatalf("up: %v, %v", steps, err)
	}
	if err := postgres.CheckSchema(t.Context(), pool); err != nil {
		t.Fatal(err)
	}
	if after := dump(t, dsn); after != before {
		t.Fatalf("the schema differs:\n%s", firstDifference(before, after))
	}
}

// A host of the version before opens leases while a migration is under way, and
// the trigger that keeps the list of them comes after the list.
func TestMigrator_ListsTheLeasesThatWereOpenedBeforeTheTriggerWas(t *testing.T) {
	pool, dsn := postgrestest.Pool(t)
	lease, err := postgres.NewStore(pool).OpenLease(t.Context(), "older", "test")
	if err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{
		"delete from lessee.lease_unended",
		"drop trigger lease_track on lessee.dot_iu_runtime_lease",
		"delete from lessee.schema_function where name = 'fn_lease_track'",
	} {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := migrator(t, dsn).Up(t.Context()); err != nil {
		t.Fatal(err)
	}
	var listed []int64
	if err := pool.QueryRow(t.Context(), "select array_agg(lease_id) from lessee.lease_unended").Scan(&listed); err != nil || !slices.Equal(listed, []int64{lease.ID}) {
		t.Errorf("leases %v are listed, %v; want %d", listed, err, lease.ID)
	}
}

func TestMigrator_RefusesADatabaseNewerThanTheBinary(t *testing.T) {
	pool, dsn := postgrestest.Pool(t)
	if _, err := pool.Exec(t.Context(), "insert into lessee.schema_migration (version_id, is_applied) values (9999, true)"); err != nil {
		t.Fatal(err)
	}
	m := migrator(t, dsn)
	_, upErr := m.Up(t.Context())
	for _, err := range []error{upErr, postgres.CheckSchema(t.Context(), pool)} {
		if err == nil || !strings.Contains(err.Error(), "database is at migration 9999") || !strings.Contains(err.Error(), "newer lessee binary") {
			t.Errorf("error: %v", err)
		}
	}
}

func TestMigrator_WorksForALoginThatIsNoSuperuser(t *testing.T) {
	pool, _ := postgrestest.Pool(t)
	name := pool.Config().ConnConfig.Database
	// Roles are the cluster's: the login has to be able to become the owner that is there.
	for _, sql := range []string{
		"create role plain_migrator login createrole in role lessee_owner",
		"grant create on database " + name + " to plain_migrator",
		"drop schema lessee cascade",
	} {
		if _, err := pool.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() {
		_, err := pool.Exec(context.WithoutCancel(t.Context()), "drop owned by plain_migrator cascade; drop role plain_migrator")
		if err != nil {
			t.Error(err)
		}
	})
	if _, err := migrator(t, devpgtest.Cluster(t).DSN("plain_migrator", name)).Up(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// dump is the schema as pg_dump prints it, less what differs from run to run.
func dump(t *testing.T, dsn string) string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	var dir string
	if err := conn.QueryRow(t.Context(), "select setting from pg_config where name = 'BINDIR'").Scan(&dir); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(filepath.Join(dir, "pg_dump"), "--schema-only", "--schema=lessee", "--exclude-table=lessee.*_2[0-9]*", "--dbname="+dsn).CombinedOutput()
	if err != nil {
		t.Fatalf("pg_dump: %v\n%s", err, out)
	}
	return regexp.MustCompile(`(?m)^\\(un)?restrict .*$`).ReplaceAllString(string(out), "")
}

func firstDifference(a, b string) string {
	as, bs := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(as), len(bs)) {
		if as[i] != bs[i] {
			return "- " + as[i] + "\n+ " + bs[i]
		}
	}
	return "one is longer"
}
