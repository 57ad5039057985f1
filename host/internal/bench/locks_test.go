package bench

import (
	"context"
	"testing"
	"time"

	"github.com/lessee-run/lessee/host/internal/devpg/devpgtest"
	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/host/internal/postgres"
)

// What no claim was seen of would look as good as what no claim waits in.
func TestLocks_AClaimThatWaitsForAnothersIsSeen(t *testing.T) {
	cfg := Default()
	cfg.DSN = devpgtest.Database(t)
	s, err := openSite(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.close(context.Background()) }) //nolint:errcheck // the database goes with the test
	_, err = s.pool.Exec(t.Context(), `do $do$ begin
		execute format('create function lessee.fn_one_at_a_time(%s) returns %s language plpgsql as %L',
			pg_get_function_arguments('lessee.fn_job_claim_batch'::regproc), pg_get_function_result('lessee.fn_job_claim_batch'::regproc),
			'begin perform pg_advisory_xact_lock(1), pg_sleep(60); end');
		drop function lessee.fn_job_claim_batch;
		alter function lessee.fn_one_at_a_time rename to fn_job_claim_batch;
	end $do$`)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	ended := make(chan error, 2)
	for _, number := range []string{"1", "2"} {
		pool, err := postgres.Connect(ctx, cfg.DSN, hostApplication+number, 1)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(pool.Close)
		go func() {
			_, err := postgres.NewStore(pool).ClaimFrom(ctx, 1, job.Ask{Wants: []job.Want{{Class: s.classes[0], Slots: 1}}, Limit: 1})
			ended <- err
		}()
	}
	t.Cleanup(cancel) // before the pools are closed
	conn, err := s.pool.Acquire(ctx)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Release)
	for {
		seen := locks{Kinds: map[string]int{}}
		if err := seen.look(ctx, conn); err != nil {
			t.Fatal(err)
		}
		if seen.Claims == 2 && seen.Held == 1 && seen.blocked() == 0.5 {
			return
		}
		select {
		case err := <-ended:
			t.Fatalf("a claim ended: %v; last seen: %+v", err, seen)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func TestLocks_OfNoClaimNothingIsKnown(t *testing.T) {
	if got := (locks{}).blocked(); got != 1 {
		t.Errorf("no claim was seen, and %v of them wait", got)
	}
}
