package worker

import (
	"context"
	"time"

	"go.uber.org/zap"

	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/registry"
)

// claimLoop takes jobs until ctx ends or the lease is lost.
func (s *session) claimLoop(ctx context.Context) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-s.gone:
			cancel()
		case <-ctx.Done():
		}
	}()
	more := false
	for ctx.Err() == nil {
		classes, wants, limit := s.offer()
		if len(wants) > 0 {
			jobs, err := s.claim(ctx, wants, limit)
			if err != nil && ctx.Err() == nil {
				s.failed(err)
				s.log.Warn("claim", zap.Error(err))
				sleep(ctx, 200*time.Millisecond)
			}
			if ctx.Err() != nil {
				s.giveBack(jobs)
				return
			}
			s.start(s.resolve(ctx, jobs, classes))
			more = len(jobs) == limit || filled(wants, jobs)
		}
		s.await(ctx, more, len(wants) == 0)
	}
}

// claim runs to its end even when ctx ends meanwhile, because the database may
// have granted what the answer tells.
func (s *session) claim(ctx context.Context, wants []job.Want, limit int) ([]job.Job, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), max(s.trusted(), time.Millisecond))
	defer cancel()
	return s.store.Claim(ctx, s.lease, wants, limit)
}

// resolve holds granted jobs against the registry as it was at the claim, so
// that none runs by an older row. Jobs of classes that this host can't run by
// the newer one go back.
func (s *session) resolve(ctx context.Context, jobs []job.Job, classes map[string]registry.Class) ([]job.Job, map[string]registry.Class) {
	if len(jobs) == 0 || jobs[0].RegistryVersion <= s.runner.Snapshot().Version {
		return jobs, classes
	}
	classes = map[string]registry.Class{}
	if err := s.cfg.Refresh(ctx); err != nil {
		s.log.Warn("the registry changed and can't be read; the jobs go back", zap.Error(err))
	} else {
		for _, class := range s.runner.Runnable() {
			classes[class.Name] = class
		}
	}
	var mine, others []job.Job
	for _, j := range jobs {
		if _, ok := classes[j.Class]; ok {
			mine = append(mine, j)
		} else {
			others = append(others, j)
		}
	}
	s.giveBack(others)
	return mine, classes
}

// giveBack returns jobs that were granted and won't be started here.
func (s *session) giveBack(jobs []job.Job) {
	if len(jobs) == 0 || s.lost() {
		return
	}
	ctx, cancel := context.WithTimeout(s.uncancelled(), max(s.trusted(), time.Millisecond))
	defer cancel()
	if err := s.store.Release(ctx, s.lease, jobs); err != nil {
		s.log.Warn("jobs could not be given back; they are rescued when the lease ends", zap.Int("jobs", len(jobs)), zap.Error(err))
	}
}

// offer reckons what this host has room for: slots per class and over all, and
// memory, so that the limits of all guests at work fit into the host's.
func (s *session) offer() (map[string]registry.Class, []job.Want, int) {
	runnable := s.runner.Runnable()
	s.mu.Lock()
	defer s.mu.Unlock()
	limit, memory := s.cfg.Slots-s.slots, s.cfg.Memory-s.memory
	classes := make(map[string]registry.Class, len(runnable))
	var wants []job.Want
	s.turn++
	for n := range runnable {
		class := runnable[(n+s.turn)%len(runnable)]
		room := min(class.Concurrency-s.running[class.Name], limit)
		if need := memoryOf(class); need > 0 {
			room = int(min(int64(room), memory/need))
			memory -= int64(max(room, 0)) * need
		}
		if room > 0 {
			wants = append(wants, job.Want{Class: class.Name, Slots: room})
			classes[class.Name] = class
		}
	}
	return classes, wants, limit
}

// memoryOf is what an attempt of class may use of the host's memory.
func memoryOf(class registry.Class) int64 {
	if class.Runtime == registry.RuntimeCommand {
		return 0
	}
	return class.Limits.MemoryBytes
}

// filled reports whether some class got all it asked for, so that there may be more of it.
func filled(wants []job.Want, jobs []job.Job) bool {
	got := map[string]int{}
	for _, j := range jobs {
		got[j.Class]++
	}
	for _, w := range wants {
		if got[w.Class] == w.Slots {
			return true
		}
	}
	return false
}

// start takes the slots of granted jobs and sets their attempts going.
func (s *session) start(jobs []job.Job, classes map[string]registry.Class) {
	s.mu.Lock()
	for _, j := range jobs {
		s.held[j.ID] = &grant{job: j}
		s.running[j.Class]++
		s.slots++
		s.memory += memoryOf(classes[j.Class])
	}
	running, held := s.slots, len(s.held)
	s.mu.Unlock()
	s.note(func(st *Status) { st.Running, st.Uncommitted = running, held })
	for _, j := range jobs {
		class := classes[j.Class]
		s.attempts.Go(func() { s.attempt(j, class) })
	}
}

// freeSlot is called once for every slot that start took.
func (s *session) freeSlot(class registry.Class) {
	s.mu.Lock()
	s.running[class.Name]--
	s.slots--
	s.memory -= memoryOf(class)
	n := s.slots
	s.mu.Unlock()
	s.note(func(st *Status) { st.Running = n })
	signal(s.freed)
}

// await waits for a reason to claim again. A free slot is one only when there
// is more to claim than there was room for.
func (s *session) await(ctx context.Context, more, full bool) {
	freed := s.freed
	if !more && !full {
		freed = nil
	}
	poll := time.NewTimer(s.runner.Snapshot().Settings.Poll)
	defer poll.Stop()
	select {
	case <-ctx.Done():
	case <-s.wake:
	case <-freed:
	case <-poll.C:
	}
}
