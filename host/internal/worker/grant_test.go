package worker

import (
	"slices"
	"testing"
	"time"

	"github.com/lessee-run/lessee/host/internal/job"
)

func TestSession_TellsOfALotOnceNoneOfItIsHeld(t *testing.T) {
	s := testSession(t, &runner{snapshot: at(1, "m")})
	first, second := time.Unix(1, 0), time.Unix(2, 0)
	one := s.hold([]job.Job{{ID: 1, LeasedAt: first}, {ID: 2, LeasedAt: first}})
	two := s.hold([]job.Job{{ID: 3, LeasedAt: second}, {ID: 4, LeasedAt: second}})
	s.settle(one[0])
	s.settle(one[0]) // says nothing new
	if over := s.over(); len(over) != 0 {
		t.Errorf("job 2 is held, but over are %v", over)
	}
	s.settle(one[1], two[0])
	over := s.over()
	if !slices.Equal(over, []time.Time{first}) {
		t.Errorf("over are %v", over)
	}
	if again := s.over(); len(again) != 0 {
		t.Errorf("told twice of %v", again)
	}
	s.untold(over) // the claim failed
	if again := s.over(); !slices.Equal(again, over) {
		t.Errorf("over are %v", again)
	}
	s.mu.Lock()
	s.held.abandon(two[1]) // the sweep is to find it in its lot
	s.mu.Unlock()
	if over := s.over(); len(over) != 0 || s.busy() {
		t.Errorf("over are %v, busy: %t", over, s.busy())
	}
}

func TestSession_NamesNoYoungGrantUnlessSomebodyAsks(t *testing.T) {
	s := testSession(t, &runner{snapshot: at(1, "m")})
	s.ttl = 9 * time.Second
	s.hold([]job.Job{{ID: 1}})
	s.hold([]job.Job{{ID: 2}})[0].lot.since = time.Now().Add(-time.Second)
	for all, want := range map[bool]int{false: 1, true: 2} {
		if r := s.report(all); len(r.Held) != want || r.InFlight != 2 {
			t.Errorf("all %t: names %+v of %d", all, r.Held, r.InFlight)
		}
	}
}
