package worker

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/lessee-run/lessee/host/internal/job"
)

// errLeaseLost is the cause with which a session's attempts are killed when
// the host may no longer write.
var errLeaseLost = errors.New("the lease was lost")

// session is everything that a host does and holds under one lease.
type session struct {
	*Worker
	lease     int64
	ttl       time.Duration
	log       *zap.Logger
	base      context.Context         // of the attempts, each of which end stops: a child of work would stand in its list
	work      context.Context         // over when no attempt may go on
	endWork   context.CancelCauseFunc // see end
	writes    context.Context         // of what is told to the database; outlives work, ends when the lease is lost
	endWrites context.CancelCauseFunc
	gone      chan struct{} // closed when the lease is lost
	goneOnce  sync.Once
	freed     chan struct{} // a slot became free, or a line short
	outcomes  chan settled  // from attempts to the committer
	attempts  sync.WaitGroup
	crew      *crew             // runs them
	fronts    fronts            // of the queue
	dueAt     time.Time         // when a look has to make jobs ready; zero: none waits. Of the claim loop
	sweeping  chan struct{}     // a sweep would find something
	worked    atomic.Bool       // something was granted since the last sweep
	reported  map[string]string // class, or digest of a module -> what was last reported of it

	mu           sync.Mutex
	trustedUntil time.Time
	held         holdings
	running      map[string]int // class -> attempts that hold a slot
	slots        int            // attempts that hold a slot, over all classes
	memory       int64          // bytes that the limits of those add up to
	turn         int            // where the next offer begins, so that no class always comes last
	prefetch                    // the jobs that wait for a slot
}

// settled is an outcome on its way to the committer.
type settled struct {
	grant   *grant
	outcome job.Outcome
	policy  *policy
}

// openTimeout bounds the call for a lease: without one, a connection that
// hangs would keep the host idle until TCP gives up.
const openTimeout = 10 * time.Second

func (w *Worker) open(ctx context.Context) (*session, error) {
	before := time.Now()
	call, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	lease, err := w.store.OpenLease(call, w.cfg.Host, w.cfg.Version)
	if err != nil {
		return nil, err
	}
	s := newSession(ctx, w, lease, before)
	w.note(func(st *Status) { st.Lease, st.RenewedAt, st.LastError = lease.ID, before, "" })
	s.log.Info("leased", zap.Duration("ttl", lease.TTL))
	return s, nil
}

// newSession is for a lease that was asked for at the moment before.
func newSession(ctx context.Context, w *Worker, lease job.Lease, before time.Time) *session {
	base := context.WithoutCancel(ctx)
	work, endWork := context.WithCancelCause(base)
	writes, endWrites := context.WithCancelCause(base)
	s := &session{
		Worker: w, lease: lease.ID, ttl: lease.TTL, log: w.log.With(zap.Int64("lease", lease.ID)),
		base: base, work: work, endWork: endWork, writes: writes, endWrites: endWrites,
		gone: make(chan struct{}), freed: make(chan struct{}, 1), outcomes: make(chan settled, w.cfg.Slots), sweeping: make(chan struct{}, 1), reported: map[string]string{},
		running: map[string]int{}, prefetch: newPrefetch(), fronts: fronts{changed: make(chan struct{}, 1)},
	}
	s.crew = newCrew(s.attend)
	s.trust(before, lease.TTL)
	return s
}

// run works until ctx ends or the lease is lost, and leaves nothing running.
func (s *session) run(ctx context.Context) {
	background, stopBackground := context.WithCancel(context.WithoutCancel(ctx))
	var loops, committers sync.WaitGroup
	loops.Go(func() { s.renewLoop(background) })
	loops.Go(func() { s.watchTrust(background) })
	loops.Go(func() { s.sweepLoop(background) })
	loops.Go(func() { s.surveyLoop(background) })
	for range 2 {
		committers.Go(s.commitLoop)
	}

	s.claimLoop(ctx)

	s.note(func(st *Status) { st.Stopping = ctx.Err() != nil })
	s.giveBack(s.dismiss())
	s.drain()
	s.crew.close()
	close(s.outcomes)
	committers.Wait()
	stopBackground()
	loops.Wait()
	s.close()
}

// drain waits for the attempts: Grace for them to finish, then not without force.
func (s *session) drain() {
	done := make(chan struct{})
	go func() { s.attempts.Wait(); close(done) }()
	grace := time.NewTimer(s.cfg.Grace)
	defer grace.Stop()
	select {
	case <-done:
		return
	case <-s.gone: // everything is being killed already
	case <-s.killed:
	case <-grace.C:
	}
	s.end(job.ErrInterrupted)
	<-done
}

// end stops all attempts, and lets none begin (started).
func (s *session) end(cause error) {
	s.endWork(cause)
	s.stopAll(cause)
}

func (s *session) close() {
	defer s.endWrites(nil)
	s.note(func(st *Status) { st.Lease, st.Uncommitted = 0, 0 })
	if s.lost() {
		s.mu.Lock()
		dropped := len(s.held.grants)
		s.mu.Unlock()
		s.log.Error("lease lost: every attempt was stopped and no result of it was committed; the jobs go to other hosts", zap.Int("jobs", dropped))
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	if err := s.store.CloseLease(ctx, s.lease); err != nil {
		s.log.Warn("the lease could not be closed; it will expire", zap.Error(err))
	}
	s.end(nil)
	s.log.Info("lease closed")
}

// trust extends the lease: from is the moment before the call that renewed it.
func (s *session) trust(from time.Time, ttl time.Duration) {
	s.mu.Lock()
	s.trustedUntil = from.Add(ttl - ttl/10)
	s.mu.Unlock()
}

func (s *session) trusted() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Until(s.trustedUntil)
}

// lose is called when this host may not write any more: what runs is killed.
func (s *session) lose(why string) {
	s.goneOnce.Do(func() {
		s.log.Error("lease lost; killing what runs", zap.String("why", why))
		close(s.gone)
		s.end(errLeaseLost)
		s.endWrites(errLeaseLost)
	})
}

func (s *session) lost() bool {
	select {
	case <-s.gone:
		return true
	default:
		return false
	}
}
