package executor

import (
	"context"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/registry"
)

// module is one executor and who uses it. Fields are guarded by Set.mu.
type module struct {
	digest    string
	state     state
	admission registry.Admission
	executor  Executor  // when ready
	err       error     // when failed
	retryAt   time.Time // when failed
	users     int
	unwanted  bool // out of the set; the last user closes it
}

type state int

const (
	launching state = iota
	ready
	failed
)

// ensure launches the module of digest unless it is there or on its way. Set.mu is held.
func (s *Set) ensure(digest string, launch Launch) {
	m := s.modules[digest]
	if m != nil && (m.state != failed || time.Now().Before(m.retryAt)) {
		return
	}
	m = &module{digest: digest, admission: registry.Admission{Status: registry.ModulePending}}
	s.modules[digest] = m
	s.launches.Go(func() {
		executor, err := launch(s.ctx, digest, func(stage registry.Stage) { s.observe(m, stage) })
		s.launched(m, executor, err)
	})
}

// observe records that a stage of m's admission began or ended. Who asks sees
// it; nobody is told, because the next one is milliseconds away, or the next
// heartbeat tells.
func (s *Set) observe(m *module, stage registry.Stage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	stages := slices.Clone(m.admission.Stages) // the one before may be on its way to the database
	if n := len(stages); n > 0 && stages[n-1].Name == stage.Name {
		stages[n-1] = stage
	} else {
		stages = append(stages, stage)
	}
	m.admission.Stages = stages
}

func (s *Set) launched(m *module, executor Executor, err error) {
	s.mu.Lock()
	switch {
	case err == nil:
		m.state, m.executor = ready, executor
		m.admission.Status, m.admission.Manifest = registry.ModuleAdmitted, executor.Manifest()
		s.keep()
	case s.ctx.Err() != nil: // the set is closing; it says nothing about the module
		m.state, m.err = failed, err
	default:
		m.state, m.err, m.retryAt = failed, err, time.Now().Add(retryAfter)
		m.admission.Status, m.admission.Reason = registry.ModuleRefused, err.Error()
		s.log.Warn("the module can't be run", zap.String("module", m.digest), zap.Error(err))
	}
	s.mu.Unlock()
	s.changed()
}

func (s *Set) acquire(digest string) (*module, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.modules[digest]
	if m == nil || m.state != ready {
		return nil, job.ErrNotReady
	}
	m.users++
	return m, nil
}

func (s *Set) release(m *module) {
	s.mu.Lock()
	m.users--
	last := m.unwanted && m.users == 0
	s.mu.Unlock()
	if last {
		s.closeModule(m)
	}
}

func (s *Set) closeModule(m *module) {
	if m.executor == nil {
		return
	}
	if err := m.executor.Close(context.Background()); err != nil {
		s.log.Warn("close the executor", zap.String("module", m.digest), zap.Error(err))
	}
}
