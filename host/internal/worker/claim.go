package worker

import (
	"context"
	"math/rand/v2"
	"time"

	"go.uber.org/zap"

	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/registry"
)

// share is how many jobs of each class a claim grants at least, if there are so
// many; fn_job_claim_batch.sql says why not always all.
const share = 16

// turnLasts is how long another host's claim of a long line may take.
const turnLasts = 40 * time.Millisecond

// longLasts is for how long a line that was long still is one where hosts take
// turns. Those that do and those that don't are in each other's way.
const longLasts = time.Second

// turnsMax bounds the advisory locks of a claim; a server has room for some
// thousands in all.
const turnsMax = 64

// claimLoop takes jobs until ctx ends or the lease is lost.
func (s *session) claimLoop(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.writes, cancel)()
	passed := 0              // offers in a row that kept memory for classes without jobs
	look := time.Duration(0) // until the next look that nobody asked for
	for ctx.Err() == nil {
		s.review()
		o, more, others := s.offer(), false, []string(nil)
		if len(o.wants) > 0 || !s.told() {
			var granted []*grant
			var err error
			granted, others, err = s.claim(ctx, &o)
			if err != nil && ctx.Err() == nil {
				s.failed(err)
				s.log.Warn("claim", zap.Error(err))
				sleep(ctx, 200*time.Millisecond)
			}
			if ctx.Err() != nil {
				s.giveBack(granted)
				return
			}
			s.start(s.resolve(ctx, granted, o))
			if err == nil && s.fronts.dueLong() {
				s.survey(ctx)
			}
			more = o.more()
			if len(granted) > 0 {
				passed, look = 0, 0
			}
			if len(granted) >= share {
				continue
			}
		}
		if len(others) > 0 {
			s.await(ctx, false, s.untilOverdue(turnLasts/2+rand.N(turnLasts))) // not all hosts at once
			continue
		}
		if passed++; o.kept && passed <= len(o.classes) {
			continue // the next offer begins with another class
		}
		passed, look = 0, s.nextLook(look)
		if s.await(ctx, more || len(o.wants) == 0, s.untilOverdue(look)) {
			look = 0
		}
	}
}

// claim runs to its end even when ctx ends meanwhile, because the database may
// have granted what the answer tells. What it grants and can't tell, because
// the connection breaks, it takes back when the heartbeat does not name it.
//
// Of others it was another host's turn to claim: they leave the offer.
func (s *session) claim(ctx context.Context, o *offer) (granted []*grant, others []string, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), max(s.trusted(), time.Millisecond))
	defer cancel()
	began := time.Now()
	claimed, version, err := s.ask(ctx, *o)
	granted = s.hold(claimed.Jobs)
	if version > 0 {
		if err := s.cfg.Told(ctx, version); err != nil {
			s.log.Warn("the registry changed and can't be read; trying again", zap.Error(err))
		}
	}
	o.leave(claimed.Others)
	switch {
	case len(o.wants) > 0:
		got := byClass(granted)
		o.answer(got, len(granted))
		s.learn(*o, got, len(granted))
		s.fronts.note(claimed.Jobs, o.short, len(o.short) < len(o.wants), time.Since(began))
	case len(claimed.Others) > 0:
		s.fronts.refuse()
	}
	return granted, claimed.Others, err
}

// ask is the question of a claim. While nobody tells this host of anything, it
// is the only one that an idle host asks, and is about all that there may be.
// version is the registry's; 0: it was not asked for.
func (s *session) ask(ctx context.Context, o offer) (claimed job.Claimed, version int64, err error) {
	ask := job.Ask{Wants: o.wants, Limit: o.limit, Fronts: s.fronts.ranges(o.wants), Over: s.over()}
	defer func() {
		if err != nil {
			s.untold(ask.Over)
		}
	}()
	s.dueAt = time.Time{}
	if s.told() {
		claimed, err = s.store.ClaimFrom(ctx, s.lease, ask)
		return claimed, 0, err
	}
	look, err := s.store.Look(ctx, s.lease, ask)
	if err == nil && look.Next >= 0 {
		s.dueAt = time.Now().Add(max(look.Next, 5*time.Millisecond))
	}
	return look.Claimed, look.Version, err
}

// resolve holds granted jobs against the registry as it was at the claim, so
// that none runs by an older row. Jobs of classes that this host can't run by
// the newer one go back.
func (s *session) resolve(ctx context.Context, granted []*grant, o offer) ([]*grant, map[string]*registry.Class) {
	if len(granted) == 0 || granted[0].job.RegistryVersion <= o.version {
		return granted, o.classes
	}
	classes, err := s.reread(ctx, granted[0].job.RegistryVersion)
	if err != nil {
		s.log.Warn("the registry changed and can't be read; the jobs go back", zap.Error(err))
	}
	var mine, others []*grant
	for _, g := range granted {
		if classes[g.job.Class] != nil {
			mine = append(mine, g)
		} else {
			others = append(others, g)
		}
	}
	s.giveBack(others)
	return mine, classes
}

// reread returns what this host can run by a version of the registry, or a newer one.
func (s *session) reread(ctx context.Context, version int64) (map[string]*registry.Class, error) {
	if s.runner.Snapshot().Version < version {
		if err := s.cfg.Told(ctx, version); err != nil {
			return nil, err
		}
	}
	return byName(s.runner.Runnable()), nil
}

// giveBack returns jobs that were granted and won't be started here.
func (s *session) giveBack(back []*grant) {
	if len(back) == 0 || s.lost() {
		return
	}
	jobs := make([]job.Job, len(back))
	for i, g := range back {
		jobs[i] = g.job
	}
	ctx, cancel := context.WithTimeout(s.writes, max(s.trusted(), time.Millisecond))
	defer cancel()
	if err := s.store.Release(ctx, s.lease, jobs); err != nil {
		s.log.Warn("jobs could not be given back; the database takes them, now that the heartbeat does not name them", zap.Int("jobs", len(jobs)), zap.Error(err))
	}
	s.settle(back...)
}

// start takes slots for granted jobs and sets their attempts going. Those that
// there is no slot for wait: it is the others' turn first, which may not.
func (s *session) start(granted []*grant, classes map[string]*registry.Class) {
	s.mu.Lock()
	now := time.Now()
	going := make([]assignment, 0, len(granted))
	for _, short := range []bool{false, true} {
		for _, g := range granted {
			class := classes[g.job.Class]
			switch {
			case s.pace.short(class) != short:
			case len(s.waiting.lines[class.Name]) == 0 && s.fits(class):
				s.take(class)
				going = append(going, assignment{grant: g, class: class})
			default:
				s.waiting.push(g, now)
			}
		}
	}
	n := s.slots
	s.mu.Unlock()
	s.note(func(st *Status) { st.Running = n })
	s.launch(going...)
}

// take takes a slot for an attempt of class. s.mu is held.
func (s *session) take(class *registry.Class) {
	s.running[class.Name]++
	s.slots++
	s.memory += memoryOf(class)
}

// assignment is a grant with a slot, and the class that it runs by.
type assignment struct {
	grant  *grant
	class  *registry.Class
	waited time.Duration // for its slot
}

// launch sets attempts going. It never blocks.
func (s *session) launch(going ...assignment) {
	s.attempts.Add(len(going))
	s.crew.start(going...)
}

// attend runs an attempt, and then those that get its slot.
func (s *session) attend(a assignment) {
	for a.grant != nil {
		a = s.attempt(a)
	}
	s.attempts.Done()
}

// freeSlot is called once for every slot that was taken, for that long. Who
// waits gets it; the caller starts next, if it has a grant.
func (s *session) freeSlot(class *registry.Class, took time.Duration) (next assignment) {
	s.mu.Lock()
	s.running[class.Name]--
	s.slots--
	s.memory -= memoryOf(class)
	s.pace.measure(class.Name, took)
	next, claim := s.dispatch(time.Now())
	n := s.slots
	s.mu.Unlock()
	s.note(func(st *Status) { st.Running = n })
	if claim {
		signal(s.freed)
	}
	return next
}

// firstLook is how soon a host looks again after it found something, or was
// woken: of enqueues that follow close on one another only the first sends word.
const firstLook = 2 * time.Millisecond

// toldPolls is how many polls apart the looks of a host are that is told of work.
const toldPolls = 8

// lonePolls is the same for a host that nobody tells of anything: with the
// heartbeat and the sweep it then asks less than once a second.
const lonePolls = 2

// told reports whether NOTIFY tells this host of work.
func (s *session) told() bool {
	return s.runner.Snapshot().Settings.Notify && s.cfg.Listening != nil && s.cfg.Listening()
}

// nextLook is how long to wait for a reason to look, after a wait of last that
// brought none: the looks grow apart until they are as far as the settings say.
func (s *session) nextLook(last time.Duration) time.Duration {
	settings := s.runner.Snapshot().Settings
	most := settings.Poll * lonePolls
	if s.told() {
		most = settings.Poll * toldPolls
	}
	return min(most, max(firstLook, 2*last))
}

// await waits for a reason to claim again, for look at most. A free slot is one
// only when there may be something to claim for it. True: something happened.
func (s *session) await(ctx context.Context, wantsSlot bool, look time.Duration) bool {
	freed := s.freed
	if !wantsSlot {
		freed = nil
	}
	timer := time.NewTimer(look)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-s.wake:
		return true
	case <-freed:
		return true
	case <-timer.C:
	}
	return false
}
