package host_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/host/internal/wasm/wasmtest"
)

// Every way a guest can misbehave ends as a named error of its attempt, and
// none of them delays the host's heartbeat, also when all of them run at once.
func TestHost_NamesWhatAHostileGuestDidAndKeepsItsHeartbeat(t *testing.T) {
	i := install(t)
	once := object{"max_attempts": 1}
	module := i.module("hostile", wasmtest.Build(t, "./internal/wasm/testdata/hostile"))
	for class, wall := range map[string]int{"endless": 6000, "hostile": 60_000} { // who has another end gets to it, though the machine be slow
		limits := object{"wall_ms": wall, "memory_bytes": 32 << 20, "output_bytes": 1 << 20, "log_bytes": 16 << 10}
		i.class(class, module, map[string]any{"limits": limits, "retry_policy": once, "concurrency_per_host": 16})
	}
	i.class("raw", i.module("raw", wasmtest.Build(t, "./testdata/raw")), map[string]any{"limits": object{"memory_bytes": 256 << 20}, "retry_policy": once, "concurrency_per_host": 16})
	i.guest(nil)
	i.host(nil)
	i.awaitState(i.enqueue("guest", `{}`), job.Succeeded)
	beats := i.watchHeartbeat()

	jobs := map[int64][]string{}
	for mode, codes := range map[string][]string{
		"loop":       {"limit_wall"},
		"sleep":      {"limit_wall"},
		"allocate":   {"limit_memory"},
		"output":     {"limit_output"},
		"exit 0":     {"guest_exit"},
		"exit 3":     {"guest_exit"},
		"panic":      {"guest_trap"},
		"go panic":   {"guest_trap", "guest_exit"},
		"recurse":    {"guest_trap", "limit_memory", "guest_exit", "limit_wall", "limit_log", "limit_stack"},
		"log":        {"limit_log"},
		"empty log":  {"limit_log"},
		"print":      {"limit_log"},
		"events":     {"limit_effects"},
		"commands":   {"limit_effects"},
		"follow-ups": {"limit_effects"},
	} {
		class := "hostile"
		if slices.Contains(codes, "limit_wall") {
			class = "endless"
		}
		jobs[i.enqueue(class, payload(t, object{"mode": mode}))] = append(codes, mode)
	}
	for mode, code := range map[string]string{
		"pointer": "pointer_invalid", "100 MB": "limit_output", "no JSON": "result_invalid", "half": "result_invalid",
		"NUL": "result_invalid", "not UTF-8": "result_invalid", "big number": "result_invalid",
	} {
		jobs[i.enqueue("raw", payload(t, object{"mode": mode}))] = []string{code, mode}
	}
	for id, want := range jobs {
		got := i.awaitState(id, job.DeadLettered, job.Succeeded)
		codes, mode := want[:len(want)-1], want[len(want)-1]
		if code := i.code(id); got.State != job.DeadLettered || !slices.Contains(codes, code) {
			t.Errorf("mode %q: %s with code %q, not %v; %v", mode, got.State, code, codes, deref(got.Error))
		}
	}
	if gap := beats(); gap > 6*time.Second {
		t.Errorf("the heartbeat paused for %s: it missed a beat of 3s", gap)
	}
	i.awaitState(i.enqueue("guest", `{}`), job.Succeeded)
}

// watchHeartbeat looks at the lease until the returned function is called,
// which tells the longest time without a renewal.
func (i *installation) watchHeartbeat() (longest func() time.Duration) {
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	var worst time.Duration
	done.Go(func() {
		for ctx.Err() == nil {
			var age float64
			if err := i.pool.QueryRow(ctx, "select extract(epoch from clock_timestamp() - max(renewed_at))::float8 from lessee.dot_iu_runtime_lease where ended_at is null").Scan(&age); err == nil {
				worst = max(worst, time.Duration(age*float64(time.Second)))
			}
			time.Sleep(50 * time.Millisecond) // the pace of the sampling
		}
	})
	return func() time.Duration { cancel(); done.Wait(); return worst }
}

func deref(s *string) string {
	if s == nil {
		return fmt.Sprint(nil)
	}
	return *s
}
