package postgres_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/job"
)

// What succeeded and asks for nothing goes a way of its own (fn_job_succeed); in
// one batch with everything else it must come to the same.
func TestSucceed_TakesTheRightOnesOutOfAMixedBatch(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	l.class("strict", `result_schema = '{"type": "object"}'`)
	for range 4 {
		l.enqueue("plain")
	}
	l.enqueue("strict")
	lease := l.lease()
	jobs := append(l.claim(lease, "plain", 4), l.claim(lease, "strict", 1)...)
	answer := func(j job.Job, word job.Word, output string) job.Outcome {
		o := outcome(j, word)
		o.Output = json.RawMessage(output)
		return o
	}
	older, newer := answer(jobs[0], job.Succeed, `"of another grant"`), answer(jobs[0], job.Succeed, `"its own"`)
	older.Fence--
	failed := outcome(jobs[1], job.Retry)
	lost := answer(jobs[2], job.Succeed, "1")
	lost.Attempt++
	bad := answer(jobs[4], job.Succeed, "1")
	batch := []job.Outcome{older, newer, failed, lost, answer(jobs[3], job.Succeed, "3"), bad}
	verdicts := l.commit(lease, batch...)
	for i, want := range []struct {
		verdict string
		state   job.State
	}{{job.Stale, ""}, {job.Accepted, job.Succeeded}, {job.Accepted, job.RetryWait}, {job.Stale, ""}, {job.Accepted, job.Succeeded}, {job.Changed, job.DeadLettered}} {
		if v := verdicts[i]; v.JobID != batch[i].JobID || v.Fence != batch[i].Fence || v.Verdict != want.verdict || v.State != want.state {
			t.Errorf("outcome %d: got %+v, want %+v", i, v, want)
		}
	}
	want(l, `"its own"`, "select output::text from lessee.job_final where job_id = $1", jobs[0].ID)
	again := l.commit(lease, newer)
	l.expect(again[0], job.Accepted, job.Succeeded, "")
	l.sound()
}

// By its span id an outcome that is sent again is recognised.
func TestSucceed_LeavesOutcomesWithoutAProperSpanAlone(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	lease, j := l.held("plain")
	for _, span := range []string{"", "a1", "0000000000000000", "00000000000000A1", "00000000000000g1", "00000000000000a\n", "00000000000000a ", "000000000000äé", "00000000000000a1"} {
		places := ask[[]int32](l, `select coalesce(lessee.fn_job_succeed($1, array[$2::bigint], array[$3::int], array[$4::int], array[$5], array[null],
			array[null::jsonb], array[null::jsonb], array[null::jsonb], array[$6::timestamptz], null, array[$6::timestamptz], array[1]), '{}')`, lease, j.ID, j.Fence, j.Attempt, span, j.LeasedAt)
		if proper := span == "00000000000000a1"; (len(places) == 1) != proper {
			t.Errorf("%q: took %v", span, places)
		}
	}
}

// Whether it goes the short way, as columns, or the long one, as JSON.
func TestSucceed_KeepsWhatAnAttemptUsed(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	usages := []*abi.Usage{
		{WallUS: 1, Fuel: 2, OutputBytes: 3, MemoryBytes: 4, HostCalls: 5, LogBytes: 6, HTTPCalls: 7, HTTPBytes: 8},
		nil, {}, {WallUS: 9}, {HTTPBytes: 1 << 40},
	}
	l.enqueueBulk("plain", 2*len(usages))
	lease := l.lease()
	var outcomes []job.Outcome
	for n, j := range l.claim(lease, "plain", 2*len(usages)) {
		o := outcome(j, []job.Word{job.Succeed, job.Retry}[n%2])
		o.Usage = usages[n/2]
		outcomes = append(outcomes, o)
	}
	slices.Reverse(outcomes) // in whatever order they come
	l.commit(lease, outcomes...)
	for _, o := range outcomes {
		used := "null"
		if o.Usage != nil {
			used = string(mustJSON(t, o.Usage))
		}
		want(l, true, "select coalesce(a.usage, 'null') = $2::text::jsonb from lessee.job_attempt a where a.job_id = $1", o.JobID, used)
	}
	want(l, len(usages), "select count(*)::int from lessee.job_history where usage is null and state = 'succeeded'")
	l.sound()
}

// A heartbeat may stamp a job as started while its end is on its way.
func TestSucceed_TakesAJobWhoseRowChangedWhileItWaited(t *testing.T) {
	l := newLaw(t)
	l.class("plain", "")
	for range 2 {
		l.enqueue("plain")
	}
	lease := l.lease()
	jobs := l.claim(lease, "plain", 2)
	beat, _ := l.begin()
	if _, err := beat.Exec(t.Context(), "update lessee.job_queue set state = 'running', started_at = now() where id = $1", jobs[1].ID); err != nil {
		t.Fatal(err)
	}
	commit, pid := l.begin()
	type answer struct {
		places []int32
		err    error
	}
	answered := make(chan answer, 1)
	go func() {
		places, err := askOn[[]int32](t.Context(), commit, `select lessee.fn_job_succeed($1, $2, $3, $4, array['00000000000000a1', '00000000000000a2'], array[null, null],
			array['1', '2']::jsonb[], array[null, null]::jsonb[], array[null, null]::jsonb[], array[null, null]::timestamptz[])`,
			lease, []int64{jobs[0].ID, jobs[1].ID}, []int{jobs[0].Fence, jobs[1].Fence}, []int{jobs[0].Attempt, jobs[1].Attempt})
		answered <- answer{places, err}
	}()
	l.blocked(pid)
	if err := beat.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	got := <-answered
	slices.Sort(got.places)
	if got.err != nil || !slices.Equal(got.places, []int32{1, 2}) {
		t.Fatalf("took %v, %v", got.places, got.err)
	}
	if err := commit.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(l, "2", "select output::text from lessee.job_final where job_id = $1", jobs[1].ID)
	l.sound()
}
