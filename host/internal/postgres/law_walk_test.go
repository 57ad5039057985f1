package postgres_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/lessee-run/lessee/host/internal/job"
)

// walker holds one job on its way through the states, and the grant that it
// was last given.
type walker struct {
	*law
	id     int64
	key    string
	holder int64
	grant  job.Job
}

// TestLaw_EveryWordFromEveryStateDoesWhatTheTableSaysAndNothingElse brings a
// fresh job into each state by the functions alone, applies each word the way
// it is really said, and expects exactly the listed pairs to change anything.
func TestLaw_EveryWordFromEveryStateDoesWhatTheTableSaysAndNothingElse(t *testing.T) {
	l := newLaw(t)
	l.class("plain", `expires_after = interval '1 hour'`)
	l.class("gated", `expires_after = interval '1 hour', requires_approval = true`)
	for _, state := range job.States() {
		for _, word := range job.Words() {
			w := &walker{law: l, key: string(state) + " " + string(word)}
			w.bringTo(state)
			before := w.image()
			w.apply(word)
			if targets := targets(state, word); len(targets) == 0 {
				if w.image() != before {
					t.Errorf("%s from %s changed a row:\n%s", word, state, firstDifference(indented(before), indented(w.image())))
				}
			} else if to := job.State(ask[string](l, "select lessee.fn_job_state($1)", w.id)); !slices.Contains(targets, to) {
				t.Errorf("%s led from %s to %s, want one of %v", word, state, to, targets)
			}
			l.sound()
			l.counted()
			l.clear()
		}
	}
}

func TestLaw_ApproveLeadsToScheduledWhenTheJobIsDueLater(t *testing.T) {
	l := newLaw(t)
	l.class("gated", "requires_approval = true")
	id := ask[int64](l, "select lessee.fn_job_enqueue('gated', p_run_at => clock_timestamp() + interval '1 hour')")
	l.inState(id, job.Proposed)
	want(l, true, "select lessee.fn_job_approve($1)", id)
	l.inState(id, job.Scheduled)
}

func targets(from job.State, word job.Word) []job.State {
	var out []job.State
	for _, t := range job.Transitions() {
		if t.From == from && t.Word == word {
			out = append(out, t.To)
		}
	}
	return out
}

// bringTo makes the job and leads it to state, by functions alone.
func (w *walker) bringTo(state job.State) {
	w.Helper()
	class, delay := "plain", 0
	switch state {
	case job.Proposed, job.Rejected:
		class = "gated"
	case job.Scheduled:
		delay = 3600
	}
	w.holder = w.lease()
	w.id = ask[int64](w.law, "select lessee.fn_job_enqueue($1, p_key => $2, p_run_at => clock_timestamp() + $3 * interval '1 second')", class, w.key, delay)
	switch state {
	case job.Leased, job.Running, job.Waiting, job.RetryWait, job.Succeeded, job.DeadLettered:
		w.apply(job.Claim)
	}
	switch state {
	case job.Running:
		w.apply(job.Start)
	case job.Waiting:
		w.apply(job.Park)
	case job.RetryWait:
		w.apply(job.Retry)
	case job.Succeeded:
		w.apply(job.Succeed)
	case job.DeadLettered:
		w.apply(job.DeadLetter)
	case job.Cancelled:
		w.apply(job.Cancel)
	case job.Expired:
		w.apply(job.Expire)
	case job.Rejected:
		w.apply(job.Reject)
	}
	w.inState(w.id, state)
}

// apply says word of the job, as the one would who says it in earnest.
func (w *walker) apply(word job.Word) {
	w.Helper()
	switch word {
	case job.Enqueue:
		want(w.law, w.id, "select lessee.fn_job_enqueue(coalesce((select class from lessee.job where id = $1), ''), p_key => $2)", w.id, w.key)
	case job.Approve:
		w.exec("select lessee.fn_job_approve($1)", w.id)
	case job.Reject:
		w.exec("select lessee.fn_job_reject($1, 'no')", w.id)
	case job.Due:
		w.exec("update lessee.job_queue set run_at = clock_timestamp() - interval '1 ms' where id = $1 and state in ('scheduled', 'retry_wait')", w.id)
		w.exec("select lessee.fn_job_due(10)")
	case job.Claim:
		w.applyClaim()
	case job.Start:
		w.applyStart()
	case job.Rescue:
		w.lapse(w.holder)
		w.rescue()
	case job.Resume:
		w.exec("select lessee.fn_job_resume($1)", w.id)
	case job.Expire:
		w.applyExpire()
	case job.Replay:
		w.exec("select lessee.fn_job_replay($1, 'try again')", w.id)
	case job.Cancel:
		w.applyCancel()
	default: // succeed, retry, park, release, dead_letter: a host's word, under the fence
		w.commitWord(word)
	}
}

func (w *walker) applyClaim() {
	w.Helper()
	jobs, err := w.store.Claim(w.Context(), w.holder, []job.Want{{Class: "plain", Slots: 1}, {Class: "gated", Slots: 1}}, 2)
	if err != nil {
		w.Fatal(err)
	}
	if len(jobs) > 0 {
		w.grant = jobs[0]
	}
}

func (w *walker) applyStart() {
	w.Helper()
	started := int64(0)
	_, err := w.store.RenewLease(w.Context(), w.holder, job.Report{Held: []job.Held{{JobID: w.id, Fence: w.fence(), StartedMS: &started}}})
	if err != nil {
		w.Fatal(err)
	}
}

// applyExpire moves expires_at to the past where the job is not held: that of
// a held one stays, or the row image would change by the test's own hand.
func (w *walker) applyExpire() {
	w.Helper()
	held := ask[bool](w.law, "select exists (select from lessee.job_queue where id = $1 and state in ('leased', 'running'))", w.id)
	expires := ask[*string](w.law, "select (select expires_at::text from lessee.job_queue where id = $1)", w.id)
	w.exec("update lessee.job_queue set expires_at = clock_timestamp() - interval '1 ms' where id = $1", w.id)
	w.exec("select lessee.fn_job_expire(10)")
	if held {
		w.exec("update lessee.job_queue set expires_at = $2::text::timestamptz where id = $1", w.id, expires)
	}
}

// applyCancel is the operator's cancel; of a held job, the host's that was told to.
func (w *walker) applyCancel() {
	w.Helper()
	if ask[string](w.law, "select lessee.fn_job_cancel($1)", w.id) == "requested" {
		w.commitWord(job.Cancel)
	}
}

// commitWord commits under the fence that the job has, and under the one before
// where that is stale: the word must do nothing under it.
func (w *walker) commitWord(word job.Word) {
	w.Helper()
	o := job.Outcome{JobID: w.id, Fence: w.fence(), Attempt: max(w.grant.Attempt, 1), Word: word, SpanID: "00f067aa0ba902b7"}
	stale := o
	stale.Fence--
	before := w.image()
	w.expect(w.commit(w.holder, stale)[0], job.Stale, "", "not_held")
	if w.image() != before {
		w.Errorf("%s under a stale fence changed a row", word)
	}
	o.SpanID = "00f067aa0ba902b8"
	w.commit(w.holder, o)
}

func (w *walker) fence() int {
	w.Helper()
	return ask[int](w.law, "select fence from lessee.job where id = $1", w.id)
}

func indented(document string) string {
	var v any
	if err := json.Unmarshal([]byte(document), &v); err != nil {
		return document
	}
	out, _ := json.MarshalIndent(v, "", " ") // it was JSON just now
	return string(out)
}
