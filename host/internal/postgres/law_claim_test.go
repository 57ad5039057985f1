package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/lessee-run/lessee/host/internal/job"
)

// A claim brings its jobs in batches, by columns, some written into rows and some
// only listed. However they come, each is whole, and all are in the order of claim.
func TestClaim_BringsEachJobWholeAndAllInOrder(t *testing.T) {
	for _, listed := range []bool{false, true} {
		l := newLaw(t)
		l.class("a", "")
		l.class("b", `retry_policy = '{"max_attempts": 7}'`)
		lease := l.lease()
		l.enqueue("a")
		before := l.claimOne(lease, "a")
		l.expect(l.commit(lease, outcome(before, job.Retry))[0], job.Accepted, job.RetryWait, "")
		l.exec("update lessee.job_queue set state = 'ready', run_at = now() - interval '30 seconds'") // its row has to be written again
		for _, args := range []string{
			"'b', '{\"n\": 1}', p_key => 'key', p_tracestate => 'vendor=1', p_traceparent => '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00'",
			"'a', '{\"n\": 2}', p_priority => 1",
			"'b', '{\"n\": 3}', p_run_at => now() - interval '1 hour'",
			"'a', '{\"n\": 4}', p_priority => 140, p_run_at => now() - interval '50 seconds'",
		} {
			l.exec("select lessee.fn_job_enqueue(" + args + ")")
		}
		// The class b has a short line, so its jobs are written whatever becomes of the others.
		wants := []job.Want{{Class: "b", Slots: 9}, {Class: "a", Slots: 9, Turn: listed, List: listed}}
		claimed, err := l.store.ClaimFrom(t.Context(), lease, job.Ask{Wants: wants, Limit: 9})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, j := range claimed.Jobs {
			got = append(got, describe(j))
		}
		expected := list[string](l, `
			select concat_ws(' ', q.id, q.class, q.priority, extract(epoch from q.run_at), q.fence, q.attempt, q.max_attempts, extract(epoch from q.leased_at), extract(epoch from q.enqueued_at),
			                 coalesce(q.idempotency_key, '-'), p.payload, p.trace_id, p.parent_span_id, p.sampled, coalesce(p.tracestate, '-'), v.version)
			from lessee.job_live q join lessee.job_payload p on p.job_id = q.id cross join lessee.registry_version v
			where q.lease_id = $1 order by q.run_at + q.priority * interval '1 second', q.id`, lease)
		if len(got) != 5 || fmt.Sprint(got) != fmt.Sprint(expected) {
			t.Errorf("listed %v: claimed\n%s\nwant\n%s", listed, got, expected)
		}
		if !*turns {
			want(l, listed, "select count(*) = 2 from lessee.job_queue q where q.fence = 0 and q.id in (select u.job_id from lessee.job_unwritten u)")
		}
		l.sound()
	}
}

func describe(j job.Job) string {
	epoch := func(t time.Time) string { return fmt.Sprintf("%d.%06d", t.Unix(), t.Nanosecond()/1000) }
	orDash := func(s string) string {
		if s == "" {
			return "-"
		}
		return s
	}
	sampled := "f"
	if j.Trace.Sampled {
		sampled = "t"
	}
	return fmt.Sprint(j.ID, " ", j.Class, " ", j.Priority, " ", epoch(j.RunAt), " ", j.Fence, " ", j.Attempt, " ", j.MaxAttempts, " ", epoch(j.LeasedAt), " ", epoch(j.EnqueuedAt), " ",
		orDash(j.IdempotencyKey), " ", string(j.Payload), " ", j.Trace.TraceID, " ", j.Trace.SpanID, " ", sampled, " ", orDash(j.Tracestate), " ", j.RegistryVersion)
}

// Payloads of any size, whether the server keeps them compressed or not.
func TestClaim_BringsLargePayloads(t *testing.T) {
	for _, listed := range []bool{false, true} {
		l := newLaw(t)
		l.class("plain", "")
		l.exec(`select lessee.fn_job_enqueue('plain', p) from unnest(array[
			'1', to_jsonb(repeat('x', 7000)), to_jsonb(repeat('x', 200000)), (select jsonb_agg(md5(n::text)) from generate_series(1, 200) n),
			(select jsonb_agg(md5(n::text)) from generate_series(1, 3000) n), '2']) p`)
		claimed, err := l.store.ClaimFrom(t.Context(), l.lease(), job.Ask{Wants: []job.Want{{Class: "plain", Slots: 9, Turn: listed, List: listed}}, Limit: 9})
		if err != nil || len(claimed.Jobs) != 6 {
			t.Fatalf("%d jobs, %v", len(claimed.Jobs), err)
		}
		for _, j := range claimed.Jobs {
			want(l, true, "select payload::text = $2 from lessee.job_payload where job_id = $1", j.ID, string(j.Payload))
		}
		if listed {
			l.exec("delete from lessee.job_grant")
			want(l, 6, `select count(*)::int from lessee.fn_job_claim($1, '{plain}', '{9}', 9, null, '{plain}', '{plain}') c
				join lessee.job_payload p on p.job_id = c.job_id and p.payload = c.payload`, l.lease())
		}
	}
}
