package cli

import "testing"

func TestMigrate_UpStatusPlanDown(t *testing.T) {
	dsn := empty(t)
	run := func(args ...string) said { return lessee(t, append([]string{"--dsn", dsn, "migrate"}, args...)...) }

	run("plan").want(t, ExitOK, "0001_registry.sql", "pending", "functions/fn_job_claim.sql")
	run("up").want(t, ExitOK, "0001_registry.sql", "applied")
	run("up").want(t, ExitOK, "nothing to do")
	run("plan", "--json").want(t, ExitOK, "[]")
	steps := decode[[]map[string]any](t, run("status", "--json"))
	if len(steps) < 2 || steps[0]["name"] != "0001_registry.sql" || steps[0]["state"] != "applied" {
		t.Errorf("status: %v", steps)
	}
	run("down", "--all").want(t, ExitUsage, "destroys data", "--yes")
	run("down", "--yes").want(t, ExitOK, "taken back")
	run("down", "--all", "--yes").want(t, ExitOK, "0001_registry.sql")
	run("down", "--all", "--yes").want(t, ExitOK, "nothing to take back")
	lessee(t, "--dsn", dsn, "job", "list").want(t, ExitUnreachable, "not migrated")
}
