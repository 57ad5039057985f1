package worker

import (
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/registry"
)

// Bounds of what a host holds without a slot for it.
const (
	horizon  = 20 * time.Millisecond  // of work may wait
	aheadMax = 256                    // jobs of a class
	patience = 500 * time.Millisecond // then they go back: something lasts longer than it used to
)

// perSlot is how many jobs may wait, over all classes, for each slot of the host.
const perSlot = 2

// pace is how long the attempts of classes hold their slots: a mean that
// forgets, absent while nothing was measured.
type pace map[string]time.Duration

func (p pace) measure(class string, took time.Duration) {
	const weight = 8 // of what is known, against one attempt
	took = max(took, time.Microsecond)
	if known, ok := p[class]; ok {
		took = known + (took-known)/weight
	}
	p[class] = took
}

// short reports whether jobs of class may wait for a slot. Those that last
// would wait here while another host is idle.
func (p pace) short(class *registry.Class) bool {
	mean, measured := p[class.Name]
	return measured && mean <= horizon && class.Runtime != registry.RuntimeCommand
}

// prefetch is what a session knows for the sake of the jobs that wait.
type prefetch struct {
	waiting  waitlist
	pace     pace
	backlog  map[string]bool            // class -> the last answer was full
	long     map[string]time.Time       // class -> when the last full one came
	apart    bool                       // the next offer is for jobs that wait, the last one was for slots
	snapshot *registry.Snapshot         // of which
	classes  map[string]*registry.Class // are those that may start now
}

func newPrefetch() prefetch {
	return prefetch{pace: pace{}, backlog: map[string]bool{}, long: map[string]time.Time{}}
}

// askAhead adds to an offer of slots the jobs that may wait. s.mu is held.
//
// Nothing of it is at the cost of classes whose jobs may not wait: they can't
// take the place of a job that waits. So when they could take more slots than
// are free, what waits is asked for apart, and when none is free, not at all:
// the line gets shorter until one is. The same goes for memory.
func (s *session) askAhead(o *offer, runnable []registry.Class) {
	apart := s.apart
	s.apart = false
	free, soon := o.limit, o.limit+s.brisk(runnable)
	owed := 0 // slots that classes could take whose jobs may not wait
	var ahead []job.Want
	for n := range runnable {
		class := &runnable[n]
		spare := max(0, class.Concurrency-s.running[class.Name])
		switch {
		case spare > 0 && memoryOf(class) > s.cfg.Memory-s.memory:
			return
		case !s.pace.short(class):
			owed += min(spare, max(free, 1))
		case free == 0 || s.backlog[class.Name]:
			if n := s.ahead(class, soon); n > 0 {
				ahead = append(ahead, job.Want{Class: class.Name, Slots: n})
			}
		}
	}
	switch {
	case len(ahead) == 0 || free == 0 && owed > 0:
		return
	case owed > free && !apart:
		o.kept, s.apart = true, true
		return
	case owed > free:
		o.wants = nil
	}
	o.add(ahead)
	o.limit = perSlot*s.cfg.Slots - s.waiting.count // not less than are free: see ahead
}

// brisk is how many attempts are at work that end soon.
func (s *session) brisk(runnable []registry.Class) (n int) {
	for i := range runnable {
		if class := &runnable[i]; s.pace.short(class) {
			n += s.running[class.Name]
		}
	}
	return n
}

// ahead is how many more jobs of class may wait: those that its slots end
// within the horizon. The host gives it so many slots, at most.
func (s *session) ahead(class *registry.Class, given int) int {
	if !s.refill(class.Name) {
		return 0
	}
	n := int64(min(class.Concurrency, given)) * int64(horizon) / int64(s.pace[class.Name])
	return max(0, int(min(n, aheadMax, int64(perSlot*s.cfg.Slots)))-len(s.waiting.lines[class.Name]))
}

// refill reports whether it is time to ask for more of a class to wait.
func (s *session) refill(class string) bool {
	return s.waiting.low(class) && s.waiting.count <= s.cfg.Slots
}

// learn notes which classes may have more ready jobs than an offer was answered
// with: so many of each class, and of all.
func (s *session) learn(o offer, got map[string]int, all int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for _, w := range o.wants {
		n := got[w.Class]
		s.backlog[w.Class] = n >= min(w.Slots, share) || n > 0 && all == o.limit
		if s.backlog[w.Class] {
			s.long[w.Class] = now
		}
	}
}

// fits reports whether an attempt of class may start now. s.mu is held.
func (s *session) fits(class *registry.Class) bool {
	need := memoryOf(class)
	return s.slots < s.cfg.Slots && s.running[class.Name] < class.Concurrency && (need == 0 || need <= s.cfg.Memory-s.memory)
}

// dispatch gives slots to those who wait and fit, in the order in which they
// came, and starts them, but for the first, which it leaves to the caller. claim:
// there is a reason to, a free slot or a line that became short. s.mu is held.
func (s *session) dispatch(now time.Time) (first assignment, claim bool) {
	for s.waiting.count > 0 && !s.lost() {
		class := s.first()
		if class == nil {
			break
		}
		w := s.waiting.pop(class.Name)
		s.take(class)
		if a := (assignment{w.grant, class, now.Sub(w.since)}); first.grant == nil {
			first = a
		} else {
			s.launch(a)
		}
		claim = claim || s.refill(class.Name)
	}
	return first, claim || first.grant == nil
}

// first is the class of the job that came first of those that wait and fit; nil: none.
func (s *session) first() (class *registry.Class) {
	if s.slots >= s.cfg.Slots {
		return nil
	}
	classes, place := s.present(), 0
	for name, line := range s.waiting.lines {
		if class != nil && line[0].place > place {
			continue
		}
		if c := classes[name]; c != nil && s.fits(c) {
			class, place = c, line[0].place
		}
	}
	return class
}

// present is what may start at this moment, by the registry of this moment: no
// job starts by the row that was in force when it was granted. s.mu is held.
func (s *session) present() map[string]*registry.Class {
	if snapshot := s.runner.Snapshot(); snapshot != s.snapshot {
		s.snapshot, s.classes = snapshot, nil
		if snapshot.Settings.Phase == registry.PhaseRunning {
			s.classes = byName(s.runner.Runnable())
		}
	}
	return s.classes
}

// review starts who waits and may by now, and gives back who can't start here
// any more, or has waited too long.
func (s *session) review() {
	s.mu.Lock()
	now := time.Now()
	back := s.overdue(now)
	if first, _ := s.dispatch(now); first.grant != nil {
		s.launch(first)
	}
	s.mu.Unlock()
	s.giveBack(back)
}

// overdue takes out the lines that can't go on. s.mu is held.
func (s *session) overdue(now time.Time) (back []*grant) {
	if s.waiting.count == 0 {
		return nil
	}
	s.snapshot = nil // a class stops being ready without a change of the registry, too
	classes := s.present()
	for name, line := range s.waiting.lines {
		late := now.Sub(line[0].since) >= patience
		if late {
			delete(s.pace, name) // what is known of it is not so; none waits until one has ended
		}
		if late || classes[name] == nil {
			back = append(back, s.waiting.clear(name)...)
		}
	}
	return back
}

// dismiss takes out all who wait.
func (s *session) dismiss() (back []*grant) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.waiting.lines {
		back = append(back, s.waiting.clear(name)...)
	}
	return back
}

// untilOverdue is look, or less if somebody will have waited too long before, or
// a job is due.
func (s *session) untilOverdue(look time.Duration) time.Duration {
	if !s.dueAt.IsZero() {
		look = min(look, max(0, time.Until(s.dueAt)))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting.count == 0 {
		return look
	}
	return min(look, max(0, time.Until(s.waiting.oldest().Add(patience))))
}

// cancel commits the end of a job that was cancelled while it waited. It does
// not go back like others: the law cancels a held job only when its host says
// that nothing runs. s.mu is held, so that dismiss can't come between.
func (s *session) cancel(g *grant) {
	outcome := job.Decide(abi.Result{}, job.ErrCancelled, policy{})
	outcome.JobID, outcome.Fence, outcome.Attempt, outcome.SpanID = g.job.ID, g.job.Fence, g.job.Attempt, newSpanID()
	s.attempts.Go(func() {
		select {
		case s.outcomes <- settled{g, outcome, &policy{}}:
		case <-s.gone:
		}
	})
}

// byName refers to classes, which nobody changes any more.
func byName(classes []registry.Class) map[string]*registry.Class {
	out := make(map[string]*registry.Class, len(classes))
	for i := range classes {
		out[classes[i].Name] = &classes[i]
	}
	return out
}

func byClass(grants []*grant) map[string]int {
	out := map[string]int{}
	for _, g := range grants {
		out[g.job.Class]++
	}
	return out
}
