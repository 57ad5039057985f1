package executor

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/zap/zaptest"

	"github.com/lessee-run/lessee/registry"
)

// source is a registry in memory.
type source struct {
	mu       sync.Mutex
	snapshot *registry.Snapshot
	err      error
	looks    int
	loads    int
	hang     bool // calls end with their context only
}

func (s *source) look(ctx context.Context) (*registry.Snapshot, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.hang {
		s.mu.Unlock()
		<-ctx.Done()
		s.mu.Lock()
		return nil, ctx.Err()
	}
	return s.snapshot, s.err
}

func (s *source) RegistryVersion(ctx context.Context) (int64, error) {
	snapshot, err := s.look(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.looks++
	if err != nil {
		return 0, err
	}
	return snapshot.Version, nil
}

func (s *source) LoadRegistry(ctx context.Context) (*registry.Snapshot, error) {
	snapshot, err := s.look(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loads++
	return snapshot, err
}

func (s *source) set(snapshot *registry.Snapshot, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.snapshot, s.err = snapshot, err
}

func (s *source) counts() (looks, loads int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.looks, s.loads
}

// watch runs a watcher in the bubble until the test's function ends.
func watch(t *testing.T, from *source) (*Watcher, *Set, *factory, func()) {
	set, f := newSet(t)
	w := NewWatcher(from, set, zaptest.NewLogger(t))
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() { w.Run(ctx) })
	synctest.Wait()
	return w, set, f, func() { cancel(); done.Wait(); set.Close() }
}

func TestWatcher_FollowsAKickAtOnceAndLoadsOnlyWhatChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := &source{snapshot: snapshot(1, class("a", "d1"))}
		w, set, _, stop := watch(t, from)
		defer stop()
		if set.Snapshot().Version != 1 {
			t.Fatal("nothing was read at the start")
		}
		from.set(snapshot(2, class("a", "d2")), nil)
		w.Kick()
		w.Kick() // folds into one
		synctest.Wait()
		if set.Snapshot().Version != 2 || !set.Readiness()["a"].Ready {
			t.Errorf("version %d, %+v", set.Snapshot().Version, set.Readiness())
		}
		w.Kick()
		synctest.Wait()
		if _, loads := from.counts(); loads != 2 {
			t.Errorf("loaded %d times for 2 versions", loads)
		}
	})
}

func TestWatcher_AsksOnlyWhenNobodyTellsItOfTheVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := &source{snapshot: snapshot(1)}
		w, set, _, stop := watch(t, from)
		defer stop()
		before, _ := from.counts()
		time.Sleep(10*quiet + quiet/2)
		if after, _ := from.counts(); after-before != 10 {
			t.Errorf("asked %d times in ten times %s", after-before, quiet)
		}
		before, loaded := from.counts()
		for range 30 {
			if err := w.Told(t.Context(), 1); err != nil {
				t.Error(err)
			}
			time.Sleep(quiet / 3)
		}
		if after, loads := from.counts(); after != before || loads != loaded {
			t.Errorf("asked %d times for what it was told", after-before)
		}
		from.set(snapshot(2), nil)
		if err := w.Told(t.Context(), 2); err != nil || set.Snapshot().Version != 2 {
			t.Errorf("%v; told of version 2 it has %d", err, set.Snapshot().Version)
		}
	})
}

func TestWatcher_KeepsTheLastReadingWhileTheRegistryCanNotBeRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := &source{err: errors.New("no database")}
		w, set, _, stop := watch(t, from)
		defer stop()
		from.set(snapshot(3, class("a", "d1")), nil)
		time.Sleep(time.Second) // nothing was ever read: it does not wait for the quiet interval
		synctest.Wait()
		if set.Snapshot().Version != 3 {
			t.Fatalf("version %d", set.Snapshot().Version)
		}
		from.set(nil, errors.New("no database"))
		w.Kick()
		synctest.Wait()
		if set.Snapshot().Version != 3 || !set.Readiness()["a"].Ready {
			t.Errorf("version %d, %+v", set.Snapshot().Version, set.Readiness())
		}
		if err := w.Refresh(t.Context()); err == nil {
			t.Error("Refresh hides the failure")
		}
	})
}

func TestWatcher_FollowsAVersionThatWentBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := &source{snapshot: snapshot(9, class("a", "d1"))}
		w, set, _, stop := watch(t, from)
		defer stop()
		from.set(snapshot(4), nil) // the database was restored
		w.Kick()
		synctest.Wait()
		if set.Snapshot().Version != 4 || len(set.Readiness()) != 0 {
			t.Errorf("version %d, %+v", set.Snapshot().Version, set.Readiness())
		}
	})
}

func TestWatcher_TriesAFailedModuleAgainWithoutAChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		set, f := newSet(t)
		f.fail(errors.New("the bytes can't be fetched"))
		from := &source{snapshot: snapshot(1, class("a", "d1"))}
		w := NewWatcher(from, set, zaptest.NewLogger(t))
		ctx, cancel := context.WithCancel(t.Context())
		var done sync.WaitGroup
		done.Go(func() { w.Run(ctx) })
		defer func() { cancel(); done.Wait(); set.Close() }()
		synctest.Wait()
		f.fail(nil)
		time.Sleep(2*quiet + time.Second)
		synctest.Wait()
		if !set.Readiness()["a"].Ready {
			t.Errorf("after %s: %+v", 2*quiet, set.Readiness())
		}
	})
}

func TestWatcher_EndsWithItsContextWhileTheDatabaseHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := &source{hang: true}
		_, _, _, stop := watch(t, from)
		started := time.Now()
		stop()
		if took := time.Since(started); took > 0 {
			t.Errorf("it took %s", took)
		}
	})
}

func TestWatcher_IsNotWaitedForLongerThanTheOneWhoTellsItHasTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := &source{hang: true} // for the watcher's own look
		w, _, _, stop := watch(t, from)
		defer stop()
		const patience = time.Second
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		started := time.Now()
		if err := w.Told(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("it ended with %v", err)
		}
		if took := time.Since(started); took > patience {
			t.Errorf("it took %s", took)
		}
	})
}
