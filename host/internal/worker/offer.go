package worker

import (
	"slices"
	"time"

	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/registry"
)

// offer is what a host has room for.
type offer struct {
	version int64                      // of the registry; classes may be of a newer one
	classes map[string]*registry.Class // that can be run here
	wants   []job.Want                 // those of them that there is room for
	limit   int                        // over all of them
	ended   []string                   // classes of which the answer found the end,
	short   []string                   // and those besides of which it brought few jobs
	kept    bool                       // the next offer has to follow: a class was left out for memory that others may not need, or those that wait
}

// offer reckons what this host has room for: slots per class and over all,
// memory, so that the limits of all guests at work fit into the host's, and
// connections, which commands take besides. What may wait comes on top.
func (s *session) offer() offer {
	version, runnable := s.runner.Snapshot().Version, s.runner.Runnable()
	o := offer{version: version, classes: byName(runnable)}
	s.mu.Lock()
	defer s.mu.Unlock()
	o.limit = s.cfg.Slots - s.slots
	free, connections := s.cfg.Memory-s.memory, cap(s.commands)
	for n := range runnable {
		if class := &runnable[n]; class.Runtime == registry.RuntimeCommand {
			connections -= s.running[class.Name]
		}
	}
	s.turn++
	memory := free
	for n := range runnable {
		class := &runnable[(n+s.turn)%len(runnable)]
		room := min(class.Concurrency-s.running[class.Name], o.limit)
		if class.Runtime == registry.RuntimeCommand {
			room = min(room, connections)
		} else if need := memoryOf(class); need > 0 {
			o.kept = o.kept || room > 0 && memory < need && free >= need
			room = int(min(int64(room), memory/need))
			memory -= int64(max(room, 0)) * need
		}
		if room > 0 {
			o.wants = append(o.wants, job.Want{Class: class.Name, Slots: room})
		}
	}
	s.askAhead(&o, runnable)
	for i := range o.wants[:min(len(o.wants), turnsMax)] {
		want := &o.wants[i]
		long, known := s.backlog[want.Class]
		want.Turn, want.List = long || !known || time.Since(s.long[want.Class]) < longLasts, long
	}
	return o
}

// add asks for more.
func (o *offer) add(more []job.Want) {
	for _, m := range more {
		i := slices.IndexFunc(o.wants, func(w job.Want) bool { return w.Class == m.Class })
		if i < 0 {
			o.wants = append(o.wants, m)
		} else {
			o.wants[i].Slots += m.Slots
		}
	}
}

// leave takes out what was not asked for after all: it was others' turn.
func (o *offer) leave(others []string) {
	o.wants = slices.DeleteFunc(o.wants, func(w job.Want) bool { return slices.Contains(others, w.Class) })
}

// memoryOf is what an attempt of class may use of the host's memory.
func memoryOf(class *registry.Class) int64 {
	if class.Runtime == registry.RuntimeCommand {
		return 0
	}
	return class.Limits.MemoryBytes
}

// answer notes of which classes the answer, so many of each class and of all, had
// less than was asked for though there was room over all: no more of their jobs
// are ready. Of those, and where it brought few, the next claim begins at the front.
func (o *offer) answer(got map[string]int, all int) {
	for _, w := range o.wants {
		n := got[w.Class]
		ended := all < o.limit && n < min(w.Slots, max(share, 4*o.limit/len(o.wants))) // as fn_job_claim_batch.sql does
		if ended {
			o.ended = append(o.ended, w.Class)
		}
		if ended || n < share {
			o.short = append(o.short, w.Class)
		}
	}
}

// more reports whether there may be more ready jobs than the offer was answered
// with: of a class that got all that was asked for, or was not asked for at all
// because there was no room.
func (o *offer) more() bool {
	return len(o.wants) < len(o.classes) || len(o.ended) < len(o.wants)
}
