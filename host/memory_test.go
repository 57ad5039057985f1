package host_test

import (
	"testing"

	"github.com/lessee-run/lessee/host"
	"github.com/lessee-run/lessee/host/internal/job"
)

func TestHost_KeepsTheSumOfMemoryLimitsWithinItsOwn(t *testing.T) {
	t.Parallel()
	i := install(t)
	digest := i.guest(nil)
	i.class("other", digest, nil)
	i.class("greedy", digest, map[string]any{"limits": object{"memory_bytes": 256 << 20}})
	i.host(func(c *host.Config) { c.Memory = 128 << 20 }) // two guests of the default 64 MiB
	var ids []int64
	for range 4 {
		ids = append(ids, i.enqueue("guest", `{"sleep_ms": 200}`), i.enqueue("other", `{"sleep_ms": 200}`))
	}
	for _, id := range ids {
		i.awaitState(id, job.Succeeded)
	}
	most := scan[int](i, `select max(n) from (
		select (select count(*) from lessee.job_attempt b where b.leased_at <= a.leased_at and a.leased_at < b.leased_at + (b.usage ->> 'wall_us')::bigint * interval '1 microsecond') n
		from lessee.job_attempt a) s`)
	if most != 2 {
		t.Errorf("%d guests of 64 MiB ran at once in 128 MiB", most)
	}
	await(t, func() bool {
		return scan[bool](i, "select status = 'broken' and status_reason like '%this host has 134217728%' from lessee.executor_class_registry where class = 'greedy'")
	}, func() string { return "the row does not say that this host has too little memory" })
}
