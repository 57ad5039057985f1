package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/lessee-run/lessee/host/internal/postgres"
)

// maxSkew is how far clocks may differ before it is worth a word.
const maxSkew = 500 * time.Millisecond

// maxOpen is how long a transaction may be open.
const maxOpen = 10 * time.Minute

// readClock reads the vitals, and compares the two clocks around it.
func readClock(ctx context.Context, desk *postgres.Desk) (postgres.Vitals, finding, error) {
	if _, err := desk.Vitals(ctx); err != nil { // the first call also pays for the connection
		return postgres.Vitals{}, finding{}, err
	}
	before := time.Now()
	v, err := desk.Vitals(ctx)
	if err != nil {
		return v, finding{}, err
	}
	return v, clock(v.Now, before, time.Now()), nil
}

// clock judges a reading of the database's clock that was taken between two of ours.
func clock(theirs, before, after time.Time) finding {
	skew := max(before.Sub(theirs), theirs.Sub(after), 0)
	if skew <= maxSkew {
		return ok("clock", "this machine and the database agree within %s", maxSkew)
	}
	return finding{"clock", levelWarn, fmt.Sprintf("this machine's clock and the database's differ by %s", span(skew)),
		"The law uses the database's alone, but logs and traces will mislead: run NTP on both."}
}

func checkClock(_ context.Context, e *examination) ([]finding, error) { return []finding{e.skew}, nil }

// checkServer has nothing to refuse: Connect did.
func checkServer(_ context.Context, e *examination) ([]finding, error) {
	found := []finding{ok("server", "Postgres %s", e.vitals.ServerVersion)}
	if pooling := e.desk.Pooling(); pooling == postgres.PoolingTransaction {
		found = append(found, ok("pooling", "a host with this DSN finds a pooler, %s", pooling.Describe()))
	}
	return found, nil
}

func checkSchema(ctx context.Context, e *examination) ([]finding, error) {
	err := e.desk.CheckHosts(ctx)
	switch {
	case err == nil:
		return []finding{ok("schema", "it is this binary's (%s)", release)}, nil
	case postgres.KindOf(err) == postgres.KindNotMigrated:
		what, remedy, _ := strings.Cut(err.Error(), "\n")
		return []finding{{"schema", levelFail, what, strings.TrimSpace(remedy)}}, nil
	}
	return nil, err
}

func checkLogin(_ context.Context, e *examination) ([]finding, error) {
	v := e.vitals
	switch {
	case len(v.MissingRoles) > 0:
		return []finding{{"roles", levelFail, "missing: " + strings.Join(v.MissingRoles, ", "), "Run: lessee migrate up"}}, nil
	case v.Superuser:
		return []finding{{"roles", levelWarn, fmt.Sprintf("the login %s is a superuser", v.Login),
			"Give people a login in lessee_operator, and hosts one in lessee_host: nothing needs more."}}, nil
	case len(v.LacksRoles) > 0:
		return []finding{{"roles", levelWarn, fmt.Sprintf("the login %s is not in %s", v.Login, strings.Join(v.LacksRoles, ", ")),
			fmt.Sprintf("grant %s to %s", strings.Join(v.LacksRoles, ", "), v.Login)}}, nil
	}
	return []finding{ok("roles", "all five are there; %s is an operator and no superuser", v.Login)}, nil
}

func checkSettings(_ context.Context, e *examination) ([]finding, error) {
	phase, notify := ok("phase", "running"), ok("notify", "on")
	if e.vitals.Phase != "running" {
		phase = finding{"phase", levelWarn, "queue.runtime.phase is " + e.vitals.Phase + ": nothing is claimed",
			`When that is over: update lessee.runtime_setting set value = '"running"' where name = 'queue.runtime.phase'`}
	}
	if !e.vitals.Notify {
		notify = finding{"notify", levelWarn, fmt.Sprintf("queue.notify.enabled is false: an idle host looks for work every %d ms", 2*e.vitals.PollMS),
			"That is right behind a pooler that can't LISTEN; else set it to true."}
	}
	return []finding{phase, notify}, nil
}

func checkTransactions(ctx context.Context, e *examination) ([]finding, error) {
	old, err := e.desk.OldTransactions(ctx, e.maxOpen)
	if err != nil {
		return nil, err
	}
	var found []finding
	for _, t := range old {
		found = append(found, finding{"transactions", levelFail, fmt.Sprintf("open for %s: %s", span(seconds(t.Since)), t.Who),
			"Postgres can't clean the queue behind it, so claims get slower: end it (pg_terminate_backend), or commit or roll it back."})
	}
	if !e.vitals.SeesAll {
		found = append(found, finding{"transactions", levelWarn, fmt.Sprintf("%s can't see the transactions of other logins", e.vitals.Login),
			"grant pg_read_all_stats to " + e.vitals.Login})
	}
	if found == nil {
		found = []finding{ok("transactions", "none is open for more than %s", span(e.maxOpen))}
	}
	return found, nil
}

func checkIndexes(ctx context.Context, e *examination) ([]finding, error) {
	invalid, err := e.desk.InvalidIndexes(ctx)
	if err != nil {
		return nil, err
	}
	if len(invalid) == 0 {
		return []finding{ok("indexes", "all are valid")}, nil
	}
	return []finding{{"indexes", levelFail, "invalid: " + strings.Join(invalid, ", "),
		"A build of it failed, and Postgres does not use it: reindex index concurrently " + invalid[0]}}, nil
}
