package postgres_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A list of thousands of jobs is asked about for each row that is looked at. The
// planner looks one up by hash only as long as it believes it to be small, and
// of a table that was never analyzed it believes what its pages could hold: when
// job_grant had 2 MB, a survey took seconds in every session opened since.
func TestLaw_WhatIsListedIsFoundByHashWhateverTheStatisticsSay(t *testing.T) {
	l := newLaw(t)
	l.class("long", "")
	l.enqueueBulk("long", 3)
	lease := l.lease()
	l.claimTurn(lease, "long", 2)
	l.exec("update pg_class set relpages = 1, reltuples = 10000000 where relname like 'job_grant%' and relnamespace = 'lessee'::regnamespace")
	const fronts = `'[{"class": "long", "priority": 100, "run_at": "2000-01-01T00:00:00Z", "id": 0}]'::jsonb`
	for _, of := range []struct {
		call   string
		hashed int // subplans, at least
	}{
		{"select lessee.fn_queue_front(" + fronts + ", now())", 2},
		{"select lessee.fn_queue_recall(" + fronts + ")", 1},
		{"select * from lessee.fn_queue_oldest(" + fronts + ")", 2},
		{"select * from lessee.job_live", 0},
		{fmt.Sprintf(`select * from lessee.fn_lease_renew(%d, '[{"job_id": 2, "fence": 1}]', '{}')`, lease), 1},
		{fmt.Sprintf("select lessee.fn_job_succeed(%d, '{1}', '{1}', '{1}', '{00000000000000a1}', array[null], array['1'::jsonb], array[null::jsonb], array[null::jsonb], '{now}', null, '{now}', '{1}')", lease), 0},
		{fmt.Sprintf("select * from lessee.fn_job_claim(%d, '{long}', '{1}', 1, null, '{long}', '{long}')", lease), 2},
		{fmt.Sprintf("select lessee.fn_lease_gather(%d, clock_timestamp())", lease), 1},
	} {
		plans := l.plans(of.call)
		if walked.MatchString(plans) {
			t.Errorf("%s walks a list for each row:\n%s", of.call, plans)
		}
		if n := strings.Count(plans, "hashed SubPlan"); n < of.hashed {
			t.Errorf("%s has %d hashed subplans, want %d at least:\n%s", of.call, n, of.hashed, plans)
		}
	}
}

// A plan that is made while the queue is empty is kept when it holds millions.
func TestLaw_EndedJobsAreReachedByKeyWhateverTheQueueHolds(t *testing.T) {
	l := newLaw(t)
	const succeed = "select lessee.fn_job_succeed(%d, '{1}', '{1}', '{1}', '{00000000000000a1}', array[null], array['1'::jsonb], array[null::jsonb], array[null::jsonb], '{now}')"
	for _, rows := range []string{"0", "10000000"} {
		l.exec("update pg_class set relpages = least(" + rows + ", 1), reltuples = " + rows + " where relname = 'job_queue' and relnamespace = 'lessee'::regnamespace")
		if plans := l.plans(fmt.Sprintf(succeed, l.lease())); strings.Count(plans, "Bitmap Index Scan on job_queue_pkey") != 2 {
			t.Errorf("with %s rows in the queue:\n%s", rows, plans)
		}
		l.class("row"+rows, "")
		l.enqueueBulk("row"+rows, 1) // the queue has a page from now on
	}
}

// walked is what a plan says of a list that no hash is made of.
var walked = regexp.MustCompile(`SubPlan \d+\n *-> *Materialize`)

// plans are those of a statement and all statements within, as the server made them.
func (l *law) plans(sql string) string {
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
	if _, err := conn.Exec(l.Context(), sql); err != nil {
		l.Fatalf("%s: %v", sql, err)
	}
	return said.String()
}
