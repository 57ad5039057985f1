package host_test

import "testing"

func TestHost_MaintainsTheHistoryWhenItStarts(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.exec("begin; set local role lessee_owner; select lessee.fn_history_add('job_history', (clock_timestamp() at time zone 'UTC')::date - 40, 1000000); commit")
	tomorrow := scan[string](i, "select to_char((clock_timestamp() at time zone 'UTC')::date + 1, '\"job_history_\"YYYYMMDD')")
	i.exec("drop table lessee." + tomorrow)
	i.host(nil)
	i.awaitTrue("one partition is made, another dropped", `select to_regclass('lessee.' || $1) is not null
		and to_regclass(to_char((clock_timestamp() at time zone 'UTC')::date - 40, '"lessee.job_history_"YYYYMMDD')) is null`, tomorrow)
}
