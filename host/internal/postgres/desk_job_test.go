package postgres_test

import (
	"slices"
	"testing"

	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/host/internal/postgres"
)

func TestDesk_ListsJobsOfEveryStateTheNewestFirst(t *testing.T) {
	l := newLaw(t)
	l.class("plain", `expires_after = interval '1 hour'`)
	l.class("gated", `expires_after = interval '1 hour', requires_approval = true`)
	desk := postgres.NewDesk(l.db)
	var newest []int64
	states := slices.DeleteFunc(job.States(), func(s job.State) bool { return s == job.Ready })
	for _, state := range append(states, job.Ready) { // the last, or another would be claimed in its place
		w := &walker{law: l, key: string(state)}
		w.bringTo(state)
		newest = append([]int64{w.id}, newest...)
		jobs, err := desk.Jobs(t.Context(), postgres.JobFilter{State: string(state), Limit: 10})
		if err != nil || len(jobs) != 1 || jobs[0].ID != w.id || jobs[0].State != string(state) {
			t.Errorf("%s: %+v, %v", state, jobs, err)
		}
	}
	all, err := desk.Jobs(t.Context(), postgres.JobFilter{Limit: len(newest)})
	if err != nil || len(all) != len(newest) {
		t.Fatalf("%d of %d jobs, %v", len(all), len(newest), err)
	}
	for n, j := range all {
		if j.ID != newest[n] {
			t.Errorf("place %d has job %d, want %d", n, j.ID, newest[n])
		}
	}
}
