package executor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/registry"
)

func TestSet_LaunchesAModuleOnceForAllItsClasses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := newSet(t)
		defer s.Close()
		all := snapshot(1, class("a", "d1"), class("b", "d1"), class("c", "d2"))
		s.Sync(all)
		s.Sync(all) // while they launch
		synctest.Wait()
		s.Sync(snapshot(2, class("a", "d1"), class("b", "d1"), class("c", "d2"), class("d", "d2"))) // when they are there
		synctest.Wait()
		slices.Sort(f.launched)
		if !slices.Equal(f.launched, []string{"d1", "d2"}) {
			t.Errorf("launched %v", f.launched)
		}
		if got := names(s.Runnable()); !slices.Equal(got, []string{"a", "b", "c", "d"}) {
			t.Errorf("runnable: %v", got)
		}
	})
}

func TestSet_IsNotReadyWithoutAReasonWhileAModuleLaunches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := newSet(t)
		defer s.Close()
		f.hold = make(chan struct{})
		s.Sync(snapshot(1, class("a", "d1")))
		synctest.Wait()
		if got := s.Readiness()["a"]; got != (job.Readiness{Module: "d1"}) || len(s.Runnable()) != 0 {
			t.Errorf("while it launches: %+v", got)
		}
		if _, _, err := s.Execute(t.Context(), new(class("a", "d1")), nil, nil); !errors.Is(err, job.ErrNotReady) {
			t.Errorf("an attempt met %v", err)
		}
		before := f.changes.Load()
		close(f.hold)
		synctest.Wait()
		if got := s.Readiness()["a"]; got != (job.Readiness{Ready: true, Module: "d1"}) || f.changes.Load() == before {
			t.Errorf("launched: %+v, told %t", got, f.changes.Load() > before)
		}
	})
}

func TestSet_TellsWhyALaunchFailedAndTriesAgainLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := newSet(t)
		defer s.Close()
		f.fail(errors.New("its digest is another"))
		all := snapshot(1, class("a", "d1"), class("b", "d1"))
		s.Sync(all)
		synctest.Wait()
		for _, name := range []string{"a", "b"} {
			if got := s.Readiness()[name]; got.Ready || got.Reason != "its digest is another" || got.Module != "d1" {
				t.Errorf("%s: %+v", name, got)
			}
		}
		time.Sleep(retryAfter - time.Second)
		if s.Sync(all); f.launches() != 1 {
			t.Errorf("it was tried %d times within %s", f.launches(), retryAfter)
		}
		f.fail(nil)
		time.Sleep(time.Second)
		s.Sync(all)
		synctest.Wait()
		if got := s.Readiness()["b"]; !got.Ready || f.launches() != 2 {
			t.Errorf("after %d launches: %+v", f.launches(), got)
		}
	})
}

func TestSet_LaunchesNothingForClassesThatCanNotRun(t *testing.T) {
	disabled, native, none, broken, command := class("disabled", "d1"), class("native", "d2"), class("none", ""), class("broken", "d3"), class("command", "")
	disabled.Enabled = false
	native.Runtime = registry.RuntimeGoPlugin
	broken.Broken = "the row can't be read"
	command.Runtime, command.Command = registry.RuntimeCommand, "note"
	synctest.Test(t, func(t *testing.T) {
		s, f := newSet(t)
		defer s.Close()
		s.Sync(snapshot(1, disabled, native, none, broken, command))
		synctest.Wait()
		if f.launches() != 0 {
			t.Errorf("launched %v", f.launched)
		}
		got := s.Readiness()
		if _, there := got["disabled"]; there || got["broken"].Reason != "the row can't be read" || got["native"].Reason == "" || got["none"].Reason == "" {
			t.Errorf("readiness: %+v", got)
		}
		if got["command"] != (job.Readiness{Ready: true}) || !slices.Equal(names(s.Runnable()), []string{"command"}) {
			t.Errorf("command: %+v", got["command"])
		}
	})
}

func TestSet_ClosesAnUnwantedModuleAfterItsLastUser(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := newSet(t)
		defer s.Close()
		old := class("a", "d1")
		s.Sync(snapshot(1, old))
		synctest.Wait()
		e := f.executor("d1")
		e.run = make(chan struct{})
		var users sync.WaitGroup
		for range 2 {
			users.Go(func() {
				if _, _, err := s.Execute(t.Context(), &old, nil, nil); err != nil {
					t.Errorf("an attempt that had begun: %v", err)
				}
			})
		}
		synctest.Wait()
		s.Sync(snapshot(2, class("a", "d2")))
		synctest.Wait()
		if e.closed.Load() != 0 {
			t.Error("it was closed under its users")
		}
		if _, _, err := s.Execute(t.Context(), &old, nil, nil); !errors.Is(err, job.ErrNotReady) {
			t.Errorf("a new attempt of the old row met %v", err)
		}
		e.run <- struct{}{}
		synctest.Wait()
		if e.closed.Load() != 0 {
			t.Error("it was closed under its last user")
		}
		e.run <- struct{}{}
		users.Wait()
		synctest.Wait()
		if e.closed.Load() != 1 || f.executor("d2").closed.Load() != 0 {
			t.Errorf("closed %d times, its successor %d times", e.closed.Load(), f.executor("d2").closed.Load())
		}
	})
}

func TestSet_KeepsTheModuleBeforeToGoBackTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := newSet(t)
		defer s.Close()
		s.Sync(snapshot(1, class("a", "d1")))
		synctest.Wait()
		second, third := class("a", "d2"), class("a", "d3")
		second.PrevDigest, third.PrevDigest = "d1", "d2"
		s.Sync(snapshot(2, second))
		synctest.Wait()
		if f.executor("d1").closed.Load() != 0 {
			t.Error("the one before was closed")
		}
		s.Sync(snapshot(3, third))
		synctest.Wait()
		if f.executor("d1").closed.Load() != 1 || f.executor("d2").closed.Load() != 0 {
			t.Error("the one before the one before is kept too")
		}
		fourth := class("b", "d4")
		fourth.PrevDigest = "d5"
		s.Sync(snapshot(4, fourth))
		synctest.Wait()
		if slices.Contains(f.launched, "d5") {
			t.Error("one that was not there was launched")
		}
	})
}

func TestSet_MakesTheNextModuleAndTheCandidateReadyBesideTheOneThatServes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := newSet(t)
		defer s.Close()
		s.Sync(snapshot(1, class("a", "d1")))
		synctest.Wait()
		f.hold = make(chan struct{})
		a := class("a", "d1")
		a.NextDigest, a.Candidate = "d2", registry.Candidate{Digest: "d3", Percent: 50}
		s.Sync(snapshot(2, a))
		synctest.Wait()
		r := s.Readiness()["a"]
		if !r.Ready || r.Next == nil || r.Next.Ready || r.Next.Module != "d2" || r.Candidate == nil || r.Candidate.Ready {
			t.Errorf("while they launch: %+v", r)
		}
		if got := s.Runnable(); len(got) != 1 || got[0].Candidate.Digest != "" {
			t.Errorf("it would run jobs on a candidate that is not ready: %+v", got)
		}
		close(f.hold)
		synctest.Wait()
		r = s.Readiness()["a"]
		if !r.Next.Ready || !r.Candidate.Ready || s.Runnable()[0].Candidate.Digest != "d3" {
			t.Errorf("launched: %+v", r)
		}
	})
}

func TestSet_TellsHowFarAnAdmissionCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := newSet(t)
		defer s.Close()
		f.hold = make(chan struct{})
		f.manifests = map[string]*abi.Manifest{"d1": {Wants: abi.Wants{Commands: []string{"erase"}}}}
		pending := snapshot(1)
		pending.Pending = []string{"d1"}
		s.Sync(pending)
		synctest.Wait()
		a := s.Admissions()["d1"]
		want := []registry.Stage{{Name: registry.StageDigest, State: registry.StagePassed}, {Name: registry.StageCompile, State: registry.StageRunning}}
		if a.Status != registry.ModulePending || !slices.Equal(a.Stages, want) {
			t.Errorf("while it launches: %+v", a)
		}
		close(f.hold)
		synctest.Wait()
		if a = s.Admissions()["d1"]; a.Status != registry.ModuleAdmitted || a.Manifest == nil {
			t.Errorf("launched: %+v", a)
		}
		s.Sync(snapshot(2, class("a", "d1")))
		if r := s.Readiness()["a"]; r.Ready || !strings.Contains(r.Reason, "grants.commands erase") {
			t.Errorf("a class that does not grant what the module wants: %+v", r)
		}
	})
}

func TestSet_ClosesAModuleThatBecameUnwantedWhileItLaunched(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := newSet(t)
		defer s.Close()
		f.hold = make(chan struct{})
		s.Sync(snapshot(1, class("a", "d1")))
		synctest.Wait()
		s.Sync(snapshot(2))
		close(f.hold)
		synctest.Wait()
		s.Sync(snapshot(2)) // the next look of the watcher
		if n := f.executor("d1").closed.Load(); n != 1 {
			t.Errorf("closed %d times", n)
		}
	})
}

func TestSet_CloseEndsLaunchesAndClosesWhatIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := newSet(t)
		s.Sync(snapshot(1, class("a", "d1")))
		synctest.Wait()
		f.hold = make(chan struct{})
		s.Sync(snapshot(2, class("a", "d1"), class("b", "d2")))
		synctest.Wait()
		s.Close() // the bubble fails the test if the launch is left behind
		if n := f.executor("d1").closed.Load(); n != 1 || len(s.Runnable()) != 0 {
			t.Errorf("closed %d times, runnable %v", n, s.Runnable())
		}
	})
}

func TestSet_TellsOfAChangeAndNotOfALook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, f := newSet(t)
		defer s.Close()
		all := snapshot(1, class("a", "d1"))
		s.Sync(all)
		synctest.Wait()
		if n := f.changes.Load(); n != 2 { // the snapshot, and the launch
			t.Errorf("told %d times", n)
		}
		s.Sync(all)
		if n := f.changes.Load(); n != 2 {
			t.Error("a look that found nothing new was told: each costs a heartbeat and a claim")
		}
	})
}

func TestSet_ServesManyAtOnce(t *testing.T) {
	s, _ := newSet(t)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for version := range int64(50) {
				s.Sync(snapshot(version, class("a", fmt.Sprint("d", version%3)), class("b", fmt.Sprint("d", i))))
			}
		})
		all.Go(func() {
			for range 200 {
				for _, c := range s.Runnable() {
					if _, _, err := s.Execute(context.Background(), &c, nil, nil); err != nil && !errors.Is(err, job.ErrNotReady) {
						t.Error(err)
					}
				}
				s.Readiness()
			}
		})
	}
	all.Wait()
	s.Close()
}

func names(classes []registry.Class) []string {
	var out []string
	for _, c := range classes {
		out = append(out, c.Name)
	}
	return out
}
