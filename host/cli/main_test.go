package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/lessee-run/lessee/host"
	"github.com/lessee-run/lessee/host/internal/devpg/devpgtest"
	"github.com/lessee-run/lessee/host/internal/postgres/postgrestest"
)

func TestMain(m *testing.M) {
	host.LaunchIfAsked()
	postgrestest.Main(m)
}

// said is what one run of the program printed, and its exit code.
type said struct {
	code     int
	out, err string
}

// lessee runs the program as Main does, with no environment but what is given.
func lessee(t *testing.T, args ...string) said {
	return lesseeIn(t, nil, strings.NewReader(""), args...)
}

func lesseeIn(t *testing.T, environ []string, in io.Reader, args ...string) said {
	t.Helper()
	var out, errs bytes.Buffer
	a := &app{shipped: fstest.MapFS{}, in: in, out: &out, errs: &errs, environ: func() []string { return environ }}
	code := a.main(t.Context(), args)
	return said{code, out.String(), errs.String()}
}

// want fails the test unless the run ended with code and said every one of the texts.
func (s said) want(t *testing.T, code int, texts ...string) said {
	t.Helper()
	all := s.out + s.err
	if s.code != code {
		t.Fatalf("exit code %d, want %d:\n%s", s.code, code, all)
	}
	for _, text := range texts {
		if !strings.Contains(all, text) {
			t.Errorf("it does not say %q:\n%s", text, all)
		}
	}
	return s
}

// decode reads what a run printed with --json.
func decode[T any](t *testing.T, s said) (v T) {
	t.Helper()
	s.want(t, ExitOK)
	if err := json.Unmarshal([]byte(s.out), &v); err != nil {
		t.Fatalf("%v in\n%s", err, s.out)
	}
	return v
}

// installation is a migrated database with an operator's login.
type installation struct {
	t        *testing.T
	pool     *pgxpool.Pool // superuser
	super    string        // DSN
	cacheDir string
	operator string // DSN of a login in lessee_operator and lessee_reader
}

func install(t *testing.T) *installation {
	t.Helper()
	pool, dsn := postgrestest.Pool(t)
	i := &installation{t: t, pool: pool, super: dsn}
	i.operator = postgrestest.Behind(t, i.login("cli_operator", "lessee_operator, lessee_reader, pg_read_all_stats"))
	return i
}

// login is the DSN of a login with roles; logins are the server's, so tests share them.
func (i *installation) login(name, roles string) string {
	i.t.Helper()
	i.exec(fmt.Sprintf("do $$ begin create role %s login; exception when duplicate_object or unique_violation then null; end $$", name))
	if roles != "" {
		i.exec(fmt.Sprintf("do $$ begin grant %s to %s; exception when others then if sqlerrm <> 'tuple concurrently updated' then raise; end if; end $$", roles, name))
	}
	return asLogin(i.t, i.super, name)
}

func asLogin(t *testing.T, dsn, login string) string {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.User(login)
	return u.String()
}

func (i *installation) exec(sql string, args ...any) {
	i.t.Helper()
	if _, err := i.pool.Exec(i.t.Context(), sql, args...); err != nil {
		i.t.Fatalf("%s: %v", sql, err)
	}
}

// run runs the program as the operator.
func (i *installation) run(args ...string) said {
	i.t.Helper()
	return lessee(i.t, append([]string{"--dsn", i.operator}, args...)...)
}

// class registers an enabled class.
func (i *installation) class(name string) {
	i.t.Helper()
	i.exec(`insert into lessee.executor_module_registry (sha256, name, version, abi, bytes, size)
		values (encode(sha256($1), 'hex'), 'smallest', '1', 'command', $1, octet_length($1)) on conflict do nothing`, commandModule("class"))
	i.exec(`insert into lessee.executor_class_registry (class, runtime, module_sha256, enabled, owner, reason)
		select $1, 'wasm', sha256, true, 'test', 'test' from lessee.executor_module_registry where name = 'smallest'`, name)
}

func (i *installation) enqueue(args ...string) string {
	i.t.Helper()
	return strings.TrimSpace(i.run(append([]string{"job", "enqueue"}, args...)...).want(i.t, ExitOK).out)
}

// host claims all that is ready of a class and reports the outcome for each job.
func (i *installation) host(class, outcome string) {
	i.t.Helper()
	i.exec(`select lessee.fn_lease_open('test host', 'test')`)
	i.exec(`do $$
		declare
		  v_lease bigint := (select max(lease_id) from lessee.dot_iu_runtime_lease);
		  v_job record;
		begin
		  for v_job in select * from lessee.fn_job_claim(v_lease, array['` + class + `'], array[100], 100) loop
		    perform lessee.fn_job_commit(v_lease, jsonb_build_array('` + outcome + `'::jsonb ||
		      jsonb_build_object('job_id', v_job.job_id, 'fence', v_job.fence, 'attempt', v_job.attempt, 'span_id', 'b7ad6b7169203331')));
		  end loop;
		end $$`)
}

// empty is the DSN of a database that nobody migrated.
func empty(t *testing.T) string {
	t.Helper()
	cluster := devpgtest.Cluster(t)
	name := strings.ToLower(strings.NewReplacer("/", "_", " ", "_").Replace(t.Name()))
	if err := cluster.EnsureDatabase(context.Background(), name); err != nil {
		t.Fatal(err)
	}
	return cluster.SuperuserDSN(name)
}
