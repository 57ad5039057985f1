package job

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Front is where the live part of one priority of one class begins: of it only
// what lies after (RunAt, ID) is claimed. RunAt is the database's text.
type Front struct {
	Class    string `json:"class"`
	Priority int    `json:"priority"`
	RunAt    string `json:"run_at"`
	ID       int64  `json:"id"`
	Until    int    `json:"until,omitempty"` // of a claim: other priorities up to this one are looked at as well
	On       bool   `json:"on,omitempty"`    // of a claim: it goes on where the last one ended, of whoever's
}

// Bounds of priorities, and the front before everything.
const (
	priorityNone = -1
	priorityEnd  = 1<<15 - 1
	frontStart   = "-infinity"
)

// Survey is the answer to a question for fronts.
type Survey struct {
	Fronts []Front
	// When all transactions are over that had an id at At, a later survey's Oldest
	// has reached XID. XID is 0 when there is no such sample.
	At          time.Time
	XID, Oldest int64
}

// lane is one priority of one class.
type lane struct {
	class    string
	priority int
}

// lanesMax bounds what is remembered of one class. Its other priorities lie
// between those lanes, and are looked at from their start.
const lanesMax = 16

// Fronts is what a host knows of where the live part of each lane begins, so that
// claims do not walk its dead entries again. fn_queue_front.sql argues why no
// ready job is before them. The zero value knows nothing.
type Fronts struct {
	lanes   map[lane]Front
	ends    map[lane]Job   // the last that was claimed of a lane, since the last survey
	count   map[string]int // of lanes by class
	horizon time.Time      // a moment whose transactions are all over
	sample  Survey         // of which it is to be found out next
}

// Note takes note of the lanes of granted jobs, and where they end: there the
// next claim can begin, without a step over all that is held. It misses what
// becomes ready before them by a late commit, so it goes back to the fronts after
// the next survey, and of short classes at once.
func (f *Fronts) Note(jobs []Job, short ...string) {
	if f.lanes == nil {
		f.lanes, f.ends, f.count = map[lane]Front{}, map[lane]Job{}, map[string]int{}
	}
	for _, j := range jobs {
		at := lane{j.Class, j.Priority}
		if _, known := f.lanes[at]; !known {
			f.set(Front{Class: j.Class, Priority: j.Priority, RunAt: frontStart})
		}
		if end, known := f.ends[at]; !known || cmp.Or(j.RunAt.Compare(end.RunAt), cmp.Compare(j.ID, end.ID)) > 0 {
			f.ends[at] = j
		}
	}
	maps.DeleteFunc(f.ends, func(at lane, _ Job) bool { return slices.Contains(short, at.class) })
}

// set moves a front, or adds one if there is room.
func (f *Fronts) set(front Front) {
	at := lane{front.Class, front.Priority}
	if _, known := f.lanes[at]; !known {
		if f.count[front.Class] == lanesMax {
			return
		}
		f.count[front.Class]++
	}
	f.lanes[at] = front
}

// List is the fronts, by class and priority.
func (f *Fronts) List() []Front {
	return slices.SortedFunc(maps.Values(f.lanes), func(a, b Front) int {
		return cmp.Or(cmp.Compare(a.Class, b.Class), cmp.Compare(a.Priority, b.Priority))
	})
}

// Horizon is a moment whose transactions are all over.
func (f *Fronts) Horizon() time.Time { return f.horizon }

// Any tells whether any front is known.
func (f *Fronts) Any() bool { return len(f.lanes) > 0 }

// Held tells whether a later horizon could move a front: one that found no ready
// job before its horizon has no ID.
func (f *Fronts) Held() bool {
	for _, front := range f.lanes {
		if front.ID == 0 {
			return true
		}
	}
	return false
}

// Ranges are what a claim has to look at, of the wanted classes with a front: each lane
// from there on, or from where the last claim ended, and the priorities between the lanes.
func (f *Fronts) Ranges(wants []Want) []Front {
	wanted := map[string]bool{}
	for _, w := range wants {
		wanted[w.Class] = true
	}
	out := slices.DeleteFunc(f.List(), func(front Front) bool { return !wanted[front.Class] })
	known := len(out)
	for i := range known {
		if end, ok := f.ends[lane{out[i].Class, out[i].Priority}]; ok {
			out[i].RunAt, out[i].ID, out[i].On = end.RunAt.UTC().Format(time.RFC3339Nano), end.ID, true
		}
		out[i].Until = priorityEnd
		if i+1 < known && out[i+1].Class == out[i].Class {
			out[i].Until = out[i+1].Priority
		}
		if i == 0 || out[i-1].Class != out[i].Class {
			out = append(out, Front{Class: out[i].Class, Priority: priorityNone, RunAt: frontStart, Until: out[i].Priority})
		}
	}
	return out
}

// Learn takes the answer to a survey.
func (f *Fronts) Learn(s Survey) {
	clear(f.ends)
	for _, front := range s.Fronts {
		f.set(front)
	}
	f.Sample(s)
}

// Sample takes only what the answer says of transactions.
func (f *Fronts) Sample(s Survey) {
	if f.sample.XID != 0 && s.Oldest >= f.sample.XID {
		f.horizon, f.sample = f.sample.At, Survey{}
	}
	if f.sample.XID == 0 {
		f.sample = Survey{At: s.At, XID: s.XID}
	}
}
