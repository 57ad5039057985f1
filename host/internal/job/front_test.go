package job_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/lessee-run/lessee/host/internal/job"
)

func TestFronts_RangesCoverEveryPriorityOfTheWantedClasses(t *testing.T) {
	var f job.Fronts
	if got := f.Ranges([]job.Want{{Class: "a", Slots: 1}}); len(got) != 0 {
		t.Errorf("nothing is known, so nothing is left out: %v", got)
	}
	var jobs []job.Job
	for priority := range 40 { // more than are remembered
		jobs = append(jobs, job.Job{Class: "a", Priority: 10 * priority}, job.Job{Class: "b", Priority: 5})
	}
	f.Note(jobs)
	var spans []string
	next := -1
	got := f.Ranges([]job.Want{{Class: "a", Slots: 1}})
	slices.SortFunc(got, func(a, b job.Front) int { return a.Priority - b.Priority })
	for _, r := range got {
		spans = append(spans, fmt.Sprint(r.Class, r.Priority, r.Until))
		if r.Class != "a" || r.Priority != next || r.Until <= r.Priority {
			t.Errorf("a hole or an overlap before %+v of %v", r, spans)
		}
		next = r.Until
	}
	if len(got) != 17 || next <= 1000 {
		t.Errorf("%d ranges up to priority %d: %v", len(got), next, spans)
	}
}

func TestFronts_TheHorizonFollowsWhenTheTransactionsOfItsTimeAreOver(t *testing.T) {
	var f job.Fronts
	f.Note([]job.Job{{Class: "a"}})
	if !f.Held() {
		t.Error("no horizon would move a front that is nowhere yet")
	}
	at := func(s int64) time.Time { return time.Unix(s, 0) }
	for i, c := range []struct {
		survey  job.Survey
		horizon time.Time
	}{
		{job.Survey{At: at(1), XID: 100, Oldest: 90}, time.Time{}},
		{job.Survey{At: at(2), XID: 110, Oldest: 99}, time.Time{}}, // 99 had an id at 1
		{job.Survey{At: at(3), XID: 120, Oldest: 100}, at(1)},
		{job.Survey{Oldest: 119}, at(1)}, // inside a transaction there is no sample
		{job.Survey{At: at(5), XID: 140, Oldest: 130}, at(3)},
	} {
		if f.Learn(c.survey); !f.Horizon().Equal(c.horizon) {
			t.Errorf("survey %d: the horizon is %v, want %v", i, f.Horizon(), c.horizon)
		}
	}
}

func TestFronts_GoOnWhereAFullClaimEndedUntilTheNextSurvey(t *testing.T) {
	var f job.Fronts
	wants := []job.Want{{Class: "a", Slots: 1}}
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.FixedZone("east", 3600))
	begins := func(what, runAt string, id int64) {
		t.Helper()
		for _, r := range f.Ranges(wants) {
			if r.Priority == 7 && (r.RunAt != runAt || r.ID != id) {
				t.Errorf("%s: begins after %s, %d; want %s, %d", what, r.RunAt, r.ID, runAt, id)
			}
		}
	}
	jobs := []job.Job{{ID: 3, Class: "a", Priority: 7, RunAt: at}, {ID: 9, Class: "a", Priority: 7, RunAt: at.Add(-time.Second)}}
	f.Note(jobs)
	begins("a full claim", "2026-01-02T02:04:05.000006Z", 3)
	f.Note(nil, "b")
	begins("the end of another class", "2026-01-02T02:04:05.000006Z", 3)
	f.Note(nil, "a")
	begins("a claim that found the end", "-infinity", 0)
	f.Note(jobs)
	f.Learn(job.Survey{Fronts: []job.Front{{Class: "a", Priority: 7, RunAt: "2025-01-01", ID: 2}}})
	begins("a survey", "2025-01-01", 2)
	if f.Held() {
		t.Error("a front that stands before a ready job waits for a later horizon")
	}
}
