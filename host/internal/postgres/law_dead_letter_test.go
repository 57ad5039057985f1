package postgres_test

import (
	"encoding/json"
	"testing"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/job"
)

func TestDeadLetter_KeepsPayloadTraceAndEveryAttempt(t *testing.T) {
	l := newLaw(t)
	l.class("plain", `retry_policy = '{"max_attempts": 2, "base_ms": 0}'`)
	const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	id := ask[int64](l, `select lessee.fn_job_enqueue('plain', '{"deep": [1, null]}', p_key => 'k', p_priority => 7, p_traceparent => $1)`, trace)
	lost := l.lease()
	l.claimOne(lost, "plain")
	l.lapse(lost)
	l.rescue()
	lease := l.lease()
	for try := range 2 {
		l.due()
		o := outcome(l.claimOne(lease, "plain"), job.Retry)
		o.Error = &abi.Error{Code: "mine", Message: "not now", Detail: json.RawMessage(`{"try": ` + []string{"1", "2"}[try] + `}`)}
		o.LogTail, o.ModuleDigest, o.Usage = "last words", "abc", &abi.Usage{WallUS: 5}
		l.commit(lease, o)
	}
	l.inState(id, job.DeadLettered)
	want(l, `{"deep": [1, null]}`, "select payload::text from lessee.job_dead_letter where job_id = $1", id)
	want(l, "plain k 7 2 2 3 1 mine 2", `select concat_ws(' ', class, idempotency_key, priority, attempt, max_attempts, fence, crash_count, error ->> 'code', error -> 'detail' ->> 'try')
		from lessee.job_dead_letter where job_id = $1`, id)
	want(l, trace, "select format('00-%s-%s-01', trace_id, parent_span_id) from lessee.job_dead_letter where job_id = $1 and sampled", id)
	want(l, `rescue 1 host_lost, retry 1 mine last words 5 abc, dead_letter 2 mine last words 5 abc`,
		`select string_agg(concat_ws(' ', a ->> 'word', a ->> 'attempt', a -> 'error' ->> 'code', a ->> 'log_tail', a -> 'usage' ->> 'wall_us', a ->> 'module_sha256'), ', ' order by n)
		from lessee.job_dead_letter, jsonb_array_elements(attempts) with ordinality x(a, n) where job_id = $1`, id)
	l.sound()
}

func TestReplay_GivesFurtherAttemptsAndASecondDeathIsASecondLetter(t *testing.T) {
	l := newLaw(t)
	l.class("plain", `retry_policy = '{"max_attempts": 2, "base_ms": 0}'`)
	id := l.enqueue("plain")
	lease := l.lease()
	for life := range 2 {
		for try := 1; try <= 2; try++ {
			l.due()
			j := l.claimOne(lease, "plain")
			if j.ID != id || j.Attempt != 2*life+try || j.MaxAttempts != 2*life+2 {
				t.Fatalf("life %d, try %d: %+v", life, try, j)
			}
			l.commit(lease, outcome(j, job.Retry))
		}
		l.inState(id, job.DeadLettered)
		want(l, life+1, "select count(*)::int from lessee.job_dead_letter where job_id = $1", id)
		want(l, 2*life+2, "select jsonb_array_length(attempts) from lessee.job_dead_letter where job_id = $1 and replayed_at is null", id)
		l.exec("delete from lessee.job_payload") // as retention may
		want(l, true, "select lessee.fn_job_replay($1, '')", id)
		want(l, false, "select lessee.fn_job_replay($1, 'twice')", id)
		want(l, true, "select bool_and(replayed_by = session_user and replay_reason <> '') from lessee.job_dead_letter where job_id = $1", id)
		want(l, 0, "select crash_count from lessee.job where id = $1", id)
		l.sound()
	}
	l.commit(lease, outcome(l.claimOne(lease, "plain"), job.Succeed))
	l.inState(id, job.Succeeded)
	want(l, 1, "select count(*)::int from lessee.job where id = $1", id)
	l.sound()
}

func TestReplay_KeepsPayloadTraceAndPriority(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "expires_after = interval '1 hour'")
	const identity = "select to_jsonb(p) - 'enqueued_by' - 'parent_job_id' || jsonb_build_object('priority', q.priority, 'enqueued_at', q.enqueued_at, 'key', q.idempotency_key) #>> '{}' from lessee.job_payload p join lessee.job_queue q on q.id = p.job_id"
	l.exec(`select lessee.fn_job_enqueue('plain', '{"a": 1}', 'k', p_priority => 3, p_tracestate => 'a=1', p_correlation_id => 'order 7')`)
	before := ask[string](l, identity)
	lease := l.lease()
	l.commit(lease, outcome(l.claimOne(lease, "plain"), job.DeadLetter))
	l.exec("delete from lessee.job_payload")
	l.exec("select lessee.fn_job_replay(job_id, 'again') from lessee.job_dead_letter")
	want(l, before, identity)
	want(l, true, "select expires_at > clock_timestamp() + interval '59 minutes' and run_at > enqueued_at from lessee.job_queue")
}

func TestWords_OfAJobThatNobodyKnowsSaySo(t *testing.T) {
	l := newLaw(t)
	for _, call := range []string{"fn_job_approve(404)", "fn_job_reject(404, '')", "fn_job_cancel(404)", "fn_job_resume(404)", "fn_job_hasten(404)", "fn_job_replay(404, '')", "fn_job_state(404)"} {
		l.refused("LS404", []string{"job 404 is not known"}, "select lessee."+call)
	}
}
