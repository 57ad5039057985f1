package cli

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/lessee-run/lessee/host/internal/postgres"
	"github.com/lessee-run/lessee/host/internal/postgres/postgrestest"
)

func TestDoctor_FindsWhatATiredOperatorWouldMiss(t *testing.T) {
	for name, c := range map[string]struct {
		breaks []string
		code   int
		says   []string
	}{
		"nothing runs yet": {nil, ExitOK, []string{"warn  hosts", "no host holds a live lease", "all five are there"}},
		"a broken class": {[]string{"update lessee.executor_class_registry set status = 'broken', status_reason = 'its module is gone', status_host = 'h1' where class = 'page'"},
			ExitFailure, []string{"fail  classes", "page is broken on h1: its module is gone", "lessee class disable page"}},
		"a class that no host is ready for": {[]string{"select lessee.fn_lease_open('h1', 'test')",
			`update lessee.queue_heartbeat set classes = '{"page": {"ready": false, "reason": "no memory"}}'`},
			ExitFailure, []string{"fail  readiness", "class page: h1: no memory"}},
		"a class that a host makes ready": {[]string{"select lessee.fn_lease_open('h1', 'test')"}, ExitOK, []string{"warn  readiness", "ask again"}},
		"a lease about to lapse": {[]string{"select lessee.fn_lease_open('h1', 'test')",
			`update lessee.queue_heartbeat set classes = '{"page": {"ready": true}}'`,
			"update lessee.dot_iu_runtime_lease set renewed_at = renewed_at - interval '8 seconds', expires_at = expires_at - interval '8 seconds', granted_at = granted_at - interval '1 hour'",
			"update lessee.dot_iu_runtime_lease set expires_at = clock_timestamp() + interval '1 minute'"},
			ExitOK, []string{"warn  leases", "h1 (lease 1) renewed 8."}},
		"a phase that claims nothing": {[]string{`update lessee.runtime_setting set value = '"stopped"' where name = 'queue.runtime.phase'`},
			ExitOK, []string{"warn  phase", "queue.runtime.phase is stopped", "update lessee.runtime_setting"}},
		"notifications off": {[]string{`update lessee.runtime_setting set value = 'false' where name = 'queue.notify.enabled'`},
			ExitOK, []string{"warn  notify", "every 2000 ms"}},
		"an invalid index": {[]string{"update pg_index set indisvalid = false where indexrelid = 'lessee.job_queue_ready'::regclass"},
			ExitFailure, []string{"fail  indexes", "job_queue_ready", "reindex index concurrently"}},
		"an old backlog": {[]string{"select lessee.fn_job_enqueue('page')", "update lessee.job_queue set run_at = run_at - interval '2 hours'"},
			ExitOK, []string{"warn  backlog", "the oldest of 1 ready jobs of class page waits for 2h00m"}},
		"most attempts failing": {[]string{"insert into lessee.job_count_delta (class, word, from_state, to_state, jobs) values ('page', 'retry', 'leased', 'retry_wait', 20), ('page', 'succeed', 'leased', 'succeeded', 5)"},
			ExitOK, []string{"warn  failures", "80% of the attempts of class page failed"}},
		"dead letters": {[]string{"insert into lessee.job_count_delta (class, word, from_state, to_state, jobs) values ('page', 'dead_letter', 'leased', 'dead_lettered', 7)"},
			ExitOK, []string{"warn  dead letters", "open: page 7"}},
		"counters that can't be true": {[]string{"insert into lessee.job_count_delta (class, word, from_state, to_state, jobs) values ('page', 'claim', 'ready', 'leased', 2)"},
			ExitOK, []string{"warn  counters", "class page has -2 jobs in state ready", "fn_count_recount()"}},
		"functions of another build": {[]string{"update lessee.schema_function set digest = 'another' where name = 'fn_job_due'"},
			ExitFailure, []string{"fail  schema", "lessee migrate up"}},
	} {
		t.Run(name, func(t *testing.T) {
			i := install(t)
			i.class("page")
			for _, sql := range c.breaks {
				i.exec(sql)
			}
			i.run("doctor").want(t, c.code, c.says...)
		})
	}
}

func TestDoctor_FindsATransactionThatIsOpenForAnHour(t *testing.T) {
	i := install(t)
	conn, err := pgx.Connect(t.Context(), i.super)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.Exec(t.Context(), "begin; select 1"); err != nil {
		t.Fatal(err)
	}
	// Nobody can wait an hour: the check's patience is shortened where it looks.
	found, err := checkTransactions(t.Context(), &examination{desk: postgres.NewDesk(i.pool), vitals: postgres.Vitals{SeesAll: true}})
	if err != nil || len(found) != 1 || found[0].Level != levelFail || !strings.Contains(found[0].Message, "idle in transaction") {
		t.Fatalf("findings: %v, %v", found, err)
	}
}

func TestDoctor_TellsASuperuserThatItNeedsNoSuchRights(t *testing.T) {
	i := install(t)
	lessee(t, "--dsn", i.super, "doctor").want(t, ExitOK, "warn  roles", "is a superuser")
	lessee(t, "--dsn", i.login("cli_reader", "lessee_reader"), "doctor").want(t, ExitOK, "is not in lessee_operator", "pg_read_all_stats")
}

func TestDoctor_SaysWhenAPoolerIsInBetween(t *testing.T) {
	i := install(t)
	if out := i.run("doctor").out; strings.Contains(out, "transaction pooling: polling, no LISTEN") != postgrestest.Bounced {
		t.Errorf("with a pooler in between: %t, it says\n%s", postgrestest.Bounced, out)
	}
}

func TestDoctor_SpeaksJSON(t *testing.T) {
	i := install(t)
	findings := decode[[]finding](t, i.run("doctor", "--json"))
	if len(findings) < 10 || findings[0].Check != "server" || findings[0].Level != levelOK {
		t.Fatalf("findings: %v", findings)
	}
}
