package cli

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/host/internal/postgres"
)

// partition gives job_history that of a day which is so many days past, and returns its name.
func (i *installation) partition(ago int) (name string) {
	i.t.Helper()
	i.exec(fmt.Sprintf("begin; set local role lessee_owner; select lessee.fn_history_add('job_history', (clock_timestamp() at time zone 'UTC')::date - %d, 1000000); commit", ago))
	if err := i.pool.QueryRow(i.t.Context(), "select to_char((clock_timestamp() at time zone 'UTC')::date - $1::integer, '\"job_history_\"YYYYMMDD')", ago).Scan(&name); err != nil {
		i.t.Fatal(err)
	}
	return name
}

func TestHistory_ListsPartitionsAndMaintainsThem(t *testing.T) {
	i := install(t)
	old, today := i.partition(31), i.partition(0)
	i.run("history", "list").want(t, ExitOK, "PARTITION", old, "with the next maintenance", today, "in 30d", "job_payload_other", "any other", "row by row")
	all := decode[[]postgres.PartitionRecord](t, i.run("history", "list", "--json"))
	if len(all) != 3*5+1 || all[0].Table != "dot_iu_command_run" || all[0].GoesAt == nil || !all[4].Default() {
		t.Errorf("list: %+v", all)
	}
	i.run("history", "maintain").want(t, ExitOK, "dropped "+old)
	i.run("history", "maintain").want(t, ExitOK, "nothing to do")

	i.exec("drop table lessee." + today)
	done := decode[job.Maintained](t, i.run("history", "maintain", "--json", "--patient"))
	if len(done.Partitions) != 1 || done.Partitions[0] != (job.Upkeep{Act: job.UpkeepCreated, Partition: today}) {
		t.Errorf("maintain: %+v", done)
	}
}

func TestDoctor_FindsWhatKeepsTheHistoryFromItsOrder(t *testing.T) {
	i := install(t)
	i.class("page")
	i.run("doctor").want(t, ExitOK, "ok    history", "15 partitions; 0 are kept")
	today := i.partition(0)
	i.exec("drop table lessee." + today)
	i.enqueue("page")
	i.host("page", `{"word": "succeed"}`)
	old := i.partition(40)
	i.run("doctor").want(t, ExitOK, "warn  history", "no partition "+today, "lessee history maintain", "job_history_other holds rows", old+" should have gone 9d ago")

	conn, err := pgx.Connect(t.Context(), i.super)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	if _, err := conn.Exec(t.Context(), "set application_name = 'a report'; begin; select from lessee.job"); err != nil {
		t.Fatal(err)
	}
	i.run("doctor").want(t, ExitOK, old+" should have gone 9d ago; in use by pid ", "application 'a report'", "pg_terminate_backend")
	said := i.run("history", "maintain").want(t, ExitOK, "left "+today+": in use by pid ", "left "+old+": in use by pid ")
	if strings.Contains(said.out, "created") {
		t.Errorf("maintenance while a report reads: %s", said.out)
	}
}
