package postgres_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/host/internal/postgres"
)

// executors says which roles may execute a function; one that is not here is
// internal, for nobody but the owner.
var executors = map[string]string{
	"fn_class_oldest":         "host operator reader",
	"fn_class_reading":        "host operator reader",
	"fn_class_report":         "host",
	"fn_count_fold":           "host",
	"fn_count_recount":        "operator",
	"fn_default_limits":       "operator reader",
	"fn_default_retry_policy": "operator reader",
	"fn_grants_error":         "operator",
	"fn_history_maintain":     "host operator",
	"fn_history_partitions":   "host operator reader",
	"fn_history_purge":        "host operator",
	"fn_host_error":           "operator",
	"fn_http_grant_error":     "operator",
	"fn_job_approve":          "operator",
	"fn_job_cancel":           "operator",
	"fn_job_claim":            "host",
	"fn_job_claim_batch":      "host",
	"fn_job_commit":           "host",
	"fn_job_succeed":          "host",
	"fn_job_due":              "host",
	"fn_job_enqueue":          "operator producer",
	"fn_job_enqueue_bulk":     "operator producer",
	"fn_job_expire":           "host",
	"fn_job_hasten":           "operator",
	"fn_job_overdue":          "host",
	"fn_job_reject":           "operator",
	"fn_job_release":          "host",
	"fn_job_replay":           "operator",
	"fn_job_rescue":           "host",
	"fn_job_resume":           "operator",
	"fn_job_state":            "operator producer reader",
	"fn_lease_close":          "host",
	"fn_lease_open":           "host",
	"fn_lease_renew":          "host",
	"fn_limits_error":         "operator",
	"fn_module_fetch":         "host operator",
	"fn_module_report":        "host",
	"fn_process_error":        "operator",
	"fn_queue_front":          "host",
	"fn_queue_recall":         "host",
	"fn_registry_snapshot":    "host operator reader",
	"fn_registry_version":     "host operator reader",
	"fn_retry_policy_error":   "operator",
	"fn_schema_version":       "host operator producer reader",
	"fn_setting":              "host operator reader",
	"fn_sweep":                "host",
	"fn_table_await":          "operator reader",
}

func TestRoles_MayExecuteTheirOwnFunctionsAndNoOthers(t *testing.T) {
	l := newLaw(t)
	var got, expected []string
	for _, line := range list[string](l, `select p.proname || ': ' || coalesce(string_agg(substr(r.rolname, 8), ' ' order by r.rolname), '')
		from pg_proc p left join pg_roles r on r.rolname in ('lessee_host', 'lessee_producer', 'lessee_operator', 'lessee_reader') and has_function_privilege(r.oid, p.oid, 'execute')
		where p.pronamespace = 'lessee'::regnamespace group by p.oid, p.proname`) {
		got = append(got, line)
		name, _, _ := strings.Cut(line, ":")
		expected = append(expected, name+": "+executors[name])
	}
	same(t, "functions and their roles", got, expected)
	for name := range executors {
		want(l, 1, "select count(*)::int from pg_proc where pronamespace = 'lessee'::regnamespace and proname = $1", name)
	}
}

func TestRoles_PublicHasNothingAndDefinersFixTheirSearchPath(t *testing.T) {
	l := newLaw(t)
	for what, sql := range map[string]string{
		"functions that PUBLIC may execute": `select p.oid::regprocedure::text from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
			where p.pronamespace = 'lessee'::regnamespace and a.grantee = 0`,
		"relations that PUBLIC may use": `select c.oid::regclass::text from pg_class c, aclexplode(c.relacl) a where c.relnamespace = 'lessee'::regnamespace and a.grantee = 0`,
		"columns that PUBLIC may use": `select a.attname::text from pg_attribute a join pg_class c on c.oid = a.attrelid, aclexplode(a.attacl) x
			where c.relnamespace = 'lessee'::regnamespace and x.grantee = 0`,
		"the schema's rights of PUBLIC": "select x.privilege_type::text from pg_namespace n, aclexplode(n.nspacl) x where n.nspname = 'lessee' and x.grantee = 0",
		"definers without a search_path": `select p.oid::regprocedure::text from pg_proc p where p.pronamespace = 'lessee'::regnamespace and p.prosecdef
			and not exists (select from unnest(p.proconfig) c where c = 'search_path=pg_catalog, lessee, pg_temp')`,
		"functions of another owner": "select oid::regprocedure::text from pg_proc where pronamespace = 'lessee'::regnamespace and proowner <> 'lessee_owner'::regrole",
		"relations of another owner": "select oid::regclass::text from pg_class where relnamespace = 'lessee'::regnamespace and relowner <> 'lessee_owner'::regrole",
		"tables that hosts or producers may use": `select r.rolname || ' ' || c.oid::regclass from pg_class c, pg_roles r
			where c.relnamespace = 'lessee'::regnamespace and c.relkind in ('r', 'v', 'm', 'p', 'f') and r.rolname in ('lessee_host', 'lessee_producer')
			and (has_table_privilege(r.oid, c.oid, 'select, insert, update, delete, truncate, references, trigger')
			     or has_any_column_privilege(r.oid, c.oid, 'select, insert, update, references'))`,
		"sequences that any role may use": `select r.rolname || ' ' || c.oid::regclass from pg_class c, pg_roles r
			where c.relnamespace = 'lessee'::regnamespace and c.relkind = 'S' and r.rolname ~ '^lessee_(host|producer|operator|reader)$' and has_sequence_privilege(r.oid, c.oid, 'usage, select, update')`,
		"tables that readers may write": `select c.oid::regclass::text from pg_class c where c.relnamespace = 'lessee'::regnamespace and c.relkind in ('r', 'v', 'p')
			and has_table_privilege('lessee_reader', c.oid, 'insert, update, delete, truncate')`,
		"tables of jobs that operators may write": `select c.oid::regclass::text from pg_class c where c.relnamespace = 'lessee'::regnamespace and c.relkind in ('r', 'v', 'p')
			and c.relname not in ('executor_module_registry', 'dot_function_registry', 'executor_class_registry', 'runtime_setting', 'signing_key_registry', 'module_signature', 'secret_binding')
			and (has_table_privilege('lessee_operator', c.oid, 'insert, update, delete, truncate') or has_any_column_privilege('lessee_operator', c.oid, 'insert, update'))`,
		"roles that may create in the schema": "select rolname::text from pg_roles where rolname ~ '^lessee_' and rolname <> 'lessee_owner' and has_schema_privilege(oid, 'lessee', 'create')",
	} {
		same(t, what, list[string](l, sql), nil)
	}
}

func TestHostRole_AloneSufficesForTheWholeCycleAndForNothingElse(t *testing.T) {
	l := newLaw(t)
	l.class("plain", `grants = '{"classes": ["plain"]}'`)
	id := l.enqueue("plain")
	pool := l.login("lessee_host")
	store := postgres.NewStore(pool)
	ctx := t.Context()

	lease, err := store.OpenLease(ctx, "vps", "test")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := store.LoadRegistry(ctx); err != nil {
		t.Error(err)
	}
	if _, err := store.RegistryVersion(ctx); err != nil {
		t.Error(err)
	}
	jobs, err := store.Claim(ctx, lease.ID, []job.Want{{Class: "plain", Slots: 2}}, 2)
	if err != nil || len(jobs) != 1 {
		t.Fatalf("%+v, %v", jobs, err)
	}
	age := int64(1)
	if r, err := store.RenewLease(ctx, lease.ID, job.Report{Held: []job.Held{{JobID: id, Fence: 1, StartedMS: &age}}}); err != nil || !r.Alive || len(r.Stop) > 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if v, err := store.Commit(ctx, lease.ID, []job.Outcome{outcome(jobs[0], job.Succeed)}, 0); err != nil || v[0].Verdict != job.Accepted {
		t.Errorf("%+v, %v", v, err)
	}
	if err := store.Release(ctx, lease.ID, jobs); err != nil {
		t.Error(err)
	}
	if _, _, err := store.Due(ctx); err != nil {
		t.Error(err)
	}
	if _, err := store.Sweep(ctx); err != nil {
		t.Error(err)
	}
	if err := store.CloseLease(ctx, lease.ID); err != nil {
		t.Error(err)
	}
	for _, sql := range []string{
		"select lessee.fn_job_approve(1)", "select lessee.fn_job_reject(1, '')", "select lessee.fn_job_cancel(1)", "select lessee.fn_job_replay(1, '')", "select lessee.fn_job_resume(1)",
		"select lessee.fn_job_enqueue('plain')", "select lessee.fn_job_end('{}')", "select lessee.fn_command_run(null, '', '', '', '{}')", "select from lessee.job", "select from lessee.job_queue",
		"delete from lessee.job_queue", "update lessee.executor_class_registry set enabled = false", "set role lessee_operator", "set role lessee_owner",
	} {
		_, err := pool.Exec(ctx, sql)
		l.isRefusal(err, "42501")
	}
}

func TestProducerRole_MayEnqueueAndNothingElse(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	pool := l.login("lessee_producer")
	id, err := askOn[int64](t.Context(), pool, "select lessee.fn_job_enqueue('plain', '{}', 'k')")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pool.Exec(t.Context(), `select * from lessee.fn_job_enqueue_bulk('[{"class": "plain"}]')`); err != nil {
		t.Error(err)
	}
	if state, err := askOn[string](t.Context(), pool, "select lessee.fn_job_state($1)", id); err != nil || state != "ready" {
		t.Errorf("%q, %v", state, err)
	}
	want(l, pool.Config().ConnConfig.User, "select enqueued_by from lessee.job_payload where job_id = $1", id)
	for _, sql := range []string{
		"select lessee.fn_job_cancel(1)", "select lessee.fn_job_approve(1)", "select lessee.fn_lease_open('me', 'x')", "select * from lessee.fn_job_claim(1, '{plain}', '{1}', 1)",
		"select * from lessee.fn_job_commit(1, '[]')", "select lessee.fn_job_insert('plain', '{}', null, null, null, null, null, null, null)", "select * from lessee.fn_sweep(1)",
		"select from lessee.job", "select from lessee.job_payload", "select lessee.fn_registry_snapshot()", "set role lessee_host",
	} {
		_, err := pool.Exec(t.Context(), sql)
		l.isRefusal(err, "42501")
	}
}

func TestReaderRole_SeesAndChangesNothing(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	id := l.enqueue("plain")
	pool := l.login("lessee_reader")
	if state, err := askOn[string](t.Context(), pool, "select state from lessee.job where id = $1", id); err != nil || state != "ready" {
		t.Errorf("%q, %v", state, err)
	}
	for _, sql := range []string{"select lessee.fn_job_cancel(1)", "select lessee.fn_job_enqueue('plain')", "update lessee.runtime_setting set value = '1'", "delete from lessee.job_queue"} {
		_, err := pool.Exec(t.Context(), sql)
		l.isRefusal(err, "42501")
	}
}

func TestOperatorRole_NeedsNothingButPsql(t *testing.T) {
	l := newLaw(t)
	l.class("render", "")
	dsn := l.dsnOf(l.login("lessee_operator").Config().ConnConfig.User)
	binary := filepath.Join(ask[string](l, "select setting from pg_config where name = 'BINDIR'"), "psql")
	psql := func(sql string) string {
		out, err := exec.Command(binary, "--no-psqlrc", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--command="+sql, dsn).CombinedOutput()
		if err != nil {
			t.Errorf("psql: %s: %v\n%s", sql, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	id := psql("select lessee.fn_job_enqueue('render', '{}')")
	for _, step := range []struct{ sql, says string }{
		{"select * from lessee.job", id + "|render|ready|100|"},
		{"select lessee.fn_job_cancel(" + id + ")", "cancelled"},
		{"select state, reason from lessee.job", "cancelled|cancelled by an operator"},
		{"update lessee.executor_class_registry set enabled = false where class = 'render'", "UPDATE 1"},
		{"update lessee.runtime_setting set value = '\"draining\"' where name = 'queue.runtime.phase'", "UPDATE 1"},
	} {
		if out := psql(step.sql); !strings.HasPrefix(out, step.says) {
			t.Errorf("%s: %q, want %q", step.sql, out, step.says)
		}
	}
}
