package postgres_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A list of thousands of jobs is asked about for each row that is looked at. The
// planner looks one up by hash only as long as it believes it to be small, which
// an ANALYZE at the wrong moment changes: then a survey took seconds.
func TestLaw_WhatIsListedIsFoundByHashWhateverTheStatisticsSay(t *testing.T) {
	l := newLaw(t)
	l.class("long", "")
	l.enqueueBulk("long", 3)
	lease := l.lease()
	l.claimTurn(lease, "long", 2)
	l.exec("update pg_class set relpages = 1, reltuples = 10000000 where relname like 'job_grant%' and relnamespace = 'lessee'::regnamespace")
	const fronts = `'[{"class": "long", "priority": 100, "run_at": "2000-01-01T00:00:00Z", "id": 0}]'::jsonb`
	for call, subplans := range map[string]int{
		"select lessee.fn_queue_front(" + fronts + ", now())":                                 2,
		"select lessee.fn_queue_recall(" + fronts + ")":                                       1,
		"select * from lessee.fn_queue_oldest(" + fronts + ")":                                2,
		"select * from lessee.fn_job_claim($1, '{long}', '{1}', 1, null, '{long}', '{long}')": 2,
		"select lessee.fn_lease_gather($1, clock_timestamp())":                                1,
		`select * from lessee.fn_lease_renew($1, '[{"job_id": 2, "fence": 1}]', '{}')`:        1,
		"select lessee.fn_job_succeed($1, '{1}', '{1}', '{1}', '{00000000000000a1}', array[null], array['1'::jsonb], array[null::jsonb], array[null::jsonb], '{now}')": 1,
		"select * from lessee.job_live": 0,
	} {
		var args []any
		if strings.Contains(call, "$1") {
			args = append(args, lease)
		}
		plans := l.plans(call, args...)
		if regexp.MustCompile(`SubPlan \d+\n *-> *Materialize`).MatchString(plans) {
			t.Errorf("%s walks a list for each row:\n%s", call, plans)
		}
		if n := strings.Count(plans, "hashed SubPlan"); n < subplans {
			t.Errorf("%s has %d hashed subplans, want %d at least:\n%s", call, n, subplans, plans)
		}
	}
}

// plans are those of a statement and all statements within, as the server made them.
func (l *law) plans(sql string, args ...any) string {
	l.Helper()
	config, err := pgx.ParseConfig(l.dsn)
	if err != nil {
		l.Fatal(err)
	}
	var said strings.Builder
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { said.WriteString(n.Message + "\n") }
	conn, err := pgx.ConnectConfig(l.Context(), config)
	if err != nil {
		l.Fatal(err)
	}
	defer conn.Close(l.Context())
	for _, sql := range []string{"load 'auto_explain'", "set auto_explain.log_min_duration = 0", "set auto_explain.log_nested_statements = on", "set client_min_messages = log"} {
		if _, err := conn.Exec(l.Context(), sql); err != nil {
			l.Fatalf("%v; Postgres's contrib modules are needed: apt-get install postgresql-contrib", err)
		}
	}
	if _, err := conn.Exec(l.Context(), sql, args...); err != nil {
		l.Fatalf("%s: %v", sql, err)
	}
	return said.String()
}
