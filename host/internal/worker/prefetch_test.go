package worker

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/registry"
)

// gate is a runner whose attempts end when a test lets them.
type gate struct {
	runner
	pass chan struct{} // one each; closed: all

	mu   sync.Mutex
	now  map[string]int // class -> attempts at work
	most map[string]int // and how many there ever were
	ran  []string       // modules, in the order in which the attempts began
}

func gated(snapshot *registry.Snapshot) *gate {
	return &gate{runner: runner{snapshot: snapshot}, pass: make(chan struct{}), now: map[string]int{}, most: map[string]int{}}
}

func (g *gate) Execute(ctx context.Context, class *registry.Class, _ []byte, _ abi.Sink) (abi.Result, abi.Usage, error) {
	g.enter(class)
	defer g.leave(class)
	select {
	case <-g.pass:
		return abi.Result{Status: abi.StatusOK}, abi.Usage{}, nil
	case <-ctx.Done():
		return abi.Result{}, abi.Usage{}, context.Cause(ctx)
	}
}

func (g *gate) enter(class *registry.Class) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now[class.Name]++
	g.most[class.Name] = max(g.most[class.Name], g.now[class.Name])
	g.ran = append(g.ran, class.ModuleDigest)
}

func (g *gate) leave(class *registry.Class) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.now[class.Name]--
}

func (g *gate) modules() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.ran)
}

// prefetcher is a session of 8 slots in which classes have shown that they are
// short, and the outcomes that would be committed.
func prefetcher(t *testing.T, r Runner, short ...string) (*session, <-chan job.Outcome) {
	t.Helper()
	s := testSession(t, r)
	for _, class := range short {
		s.pace.measure(class, time.Millisecond)
		s.backlog[class] = true
	}
	outcomes := make(chan job.Outcome, 1000)
	var committer sync.WaitGroup
	committer.Go(func() {
		for {
			select {
			case next := <-s.outcomes:
				outcomes <- next.outcome
				s.settle(next.grant)
			case <-s.gone:
				return
			}
		}
	})
	t.Cleanup(func() { s.lose("the test is over"); committer.Wait() })
	return s, outcomes
}

func registryOf(version int64, classes ...registry.Class) *registry.Snapshot {
	return registry.NewSnapshot(version, registry.DefaultSettings(), classes)
}

func wasm(name string, concurrency int) registry.Class {
	return registry.Class{Name: name, Runtime: registry.RuntimeWASM, ModuleDigest: "m", Enabled: true, Concurrency: concurrency}
}

// granted does with jobs what the claim loop does: ids count on from first.
func granted(s *session, class string, first int64, n int) {
	var jobs []job.Job
	for id := range int64(n) {
		jobs = append(jobs, job.Job{ID: first + id, Class: class, Fence: 1, Attempt: 1})
	}
	s.start(s.hold(jobs), byName(s.runner.Runnable()))
}

func ids(grants []*grant) (out []int64) {
	for _, g := range grants {
		out = append(out, g.job.ID)
	}
	slices.Sort(out)
	return out
}

func (s *session) count() (waiting, running int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waiting.count, s.slots
}

// await receives n outcomes of attempts.
func await(t *testing.T, outcomes <-chan job.Outcome, n int) (out []job.Outcome) {
	t.Helper()
	for len(out) < n {
		select {
		case o := <-outcomes:
			out = append(out, o)
		case <-time.After(time.Minute):
			t.Fatalf("%d of %d attempts ended", len(out), n)
		}
	}
	return out
}

func wanted(o offer, class string) (n int) {
	for _, w := range o.wants {
		if w.Class == class {
			n += w.Slots
		}
	}
	return n
}

func TestOffer_AsksForAsManyMoreAsItsSlotsEndWithinTheHorizon(t *testing.T) {
	command := registry.Class{Name: "a", Runtime: registry.RuntimeCommand, Command: "a", Enabled: true, Concurrency: 1}
	hungry := wasm("a", 1)
	hungry.Limits.MemoryBytes = 1 << 30
	for name, c := range map[string]struct {
		class   registry.Class
		took    time.Duration // 0: nothing was measured
		backlog bool
		want    int // besides the one that there is a slot for
	}{
		"nothing was measured":            {wasm("a", 1), 0, true, 0},
		"attempts of 4 ms":                {wasm("a", 1), 4 * time.Millisecond, true, 5},
		"attempts as long as the bound":   {wasm("a", 1), horizon, true, 1},
		"attempts that last":              {wasm("a", 1), horizon + 1, true, 0},
		"attempts of no time":             {wasm("a", 1), time.Nanosecond, true, perSlot * 8},
		"two slots":                       {wasm("a", 2), 4 * time.Millisecond, true, 10},
		"a command":                       {command, 4 * time.Millisecond, true, 0},
		"no more were there, last time":   {wasm("a", 1), 4 * time.Millisecond, false, 0},
		"all of the memory, while unused": {hungry, 4 * time.Millisecond, true, 5},
	} {
		t.Run(name, func(t *testing.T) {
			s := testSession(t, &runner{snapshot: registryOf(1, c.class)})
			if c.took > 0 {
				s.pace.measure("a", c.took)
			}
			s.backlog["a"] = c.backlog
			o := s.offer()
			if got := wanted(o, "a") - c.class.Concurrency; got != c.want {
				t.Errorf("%d may wait, not %d", got, c.want)
			}
			if c.want > 0 && o.limit != perSlot*8 || c.want == 0 && o.limit != 8 {
				t.Errorf("at most %d", o.limit)
			}
		})
	}
}

func TestSession_HoldsNoMoreThanTwiceItsSlotsWithoutOne(t *testing.T) {
	g := gated(registryOf(1, wasm("a", 1), wasm("b", 1), wasm("c", 8)))
	s, _ := prefetcher(t, g, "a", "b", "c")
	next := int64(1)
	for o := s.offer(); len(o.wants) > 0; o = s.offer() {
		left := o.limit
		for _, w := range o.wants { // a backlog in which the first classes come first
			n := min(w.Slots, left)
			granted(s, w.Class, next, n)
			next, left = next+int64(n), left-n
		}
		if waiting, running := s.count(); waiting > perSlot*8 || running > 8 {
			t.Fatalf("%d wait, %d run", waiting, running)
		}
	}
	if waiting, running := s.count(); waiting <= 8 || running != 8 {
		t.Errorf("%d wait, %d run, and no more were asked for", waiting, running)
	}
}

func TestSession_AsksForMoreWhenHalfOfALineIsGone(t *testing.T) {
	g := gated(registryOf(1, wasm("a", 1)))
	s, outcomes := prefetcher(t, g, "a")
	granted(s, "a", 1, 9) // one runs, eight wait
	for left := 8; left > 0; left-- {
		asked := len(s.offer().wants) > 0
		if asked != (left <= 4) {
			t.Errorf("while %d wait, more are asked for: %t", left, asked)
		}
		g.pass <- struct{}{}
		await(t, outcomes, 1)
		awaitCount(t, s, left-1, 1)
		s.pace["a"] = time.Millisecond // not what this machine makes of it
	}
}

func awaitCount(t *testing.T, s *session, waiting, running int) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for w, r := s.count(); w != waiting || r != running; w, r = s.count() {
		if time.Now().After(deadline) {
			t.Fatalf("%d wait and %d run, not %d and %d", w, r, waiting, running)
		}
		time.Sleep(time.Millisecond) // the pace of the polling, not a synchronisation
	}
}

// Jobs that may not wait must neither be granted into a line nor find all slots
// taken by lines, time after time.
func TestOffer_LeavesSlotsToClassesWhoseJobsMayNotWait(t *testing.T) {
	classes := []registry.Class{wasm("long", 5), wasm("more", 5), wasm("short", 1)}
	g := gated(registryOf(1, classes...))
	s, _ := prefetcher(t, g, "short")
	granted(s, "short", 1, 1)

	o := s.offer()
	if wanted(o, "short") != 0 || wanted(o, "long") != 5 || o.limit != 7 || !o.kept {
		t.Errorf("with more room for long jobs than slots, it asks for %v, at most %d; another follows: %t", o.wants, o.limit, o.kept)
	}
	o = s.offer()
	if wanted(o, "short") == 0 || len(o.wants) != 1 || o.kept {
		t.Errorf("then, for those that wait, for %v; another follows: %t", o.wants, o.kept)
	}

	granted(s, "long", 100, 5)
	o = s.offer()
	if wanted(o, "short") == 0 || wanted(o, "more") != 2 || o.limit != perSlot*8 {
		t.Errorf("with no more room for long jobs than slots, it asks for %v, at most %d", o.wants, o.limit)
	}

	granted(s, "more", 200, 2)
	if o = s.offer(); len(o.wants) != 0 {
		t.Errorf("with no slot free and one wanted by a long job, it asks for %v", o.wants)
	}
}

func TestSession_AsksForEveryShortClassWhileNoSlotIsFree(t *testing.T) {
	g := gated(registryOf(1, wasm("a", 8), wasm("b", 8)))
	s, _ := prefetcher(t, g, "a", "b")
	s.backlog["b"] = false // nobody knows: there was no slot to ask for
	granted(s, "a", 1, 8)
	if o := s.offer(); wanted(o, "a") == 0 || wanted(o, "b") == 0 {
		t.Errorf("it asks for %v", o.wants)
	}
}

func TestSession_MakesNobodyWaitForSlotsThatLongAttemptsHold(t *testing.T) {
	g := gated(registryOf(1, wasm("long", 8), wasm("short", 8)))
	s, _ := prefetcher(t, g, "short")
	granted(s, "long", 1, 8)
	if o := s.offer(); len(o.wants) != 0 {
		t.Errorf("it asks for %v", o.wants)
	}
}

func TestSession_StartsWhoWaitsInOrderAndNeverMoreThanTheRowAllows(t *testing.T) {
	const jobs = 120
	g := gated(registryOf(1, wasm("a", 3), wasm("b", 1)))
	s, outcomes := prefetcher(t, g, "a", "b")
	close(g.pass)
	var claims sync.WaitGroup
	for n := range 4 {
		claims.Go(func() {
			for i := range jobs / 8 {
				granted(s, "a", int64(1000*n+i), 1)
				granted(s, "b", int64(1000*n+i)+100_000, 1)
			}
		})
	}
	claims.Wait()
	seen := map[int64]bool{}
	for _, o := range await(t, outcomes, jobs) {
		if o.Word != job.Succeed || seen[o.JobID] {
			t.Errorf("job %d: %s", o.JobID, o.Word)
		}
		seen[o.JobID] = true
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.most["a"] > 3 || g.most["b"] > 1 {
		t.Errorf("at once: %v", g.most)
	}
}

func TestSession_RunsFirstWhoWaitedFirst(t *testing.T) {
	g := gated(registryOf(1, wasm("a", 1)))
	s, outcomes := prefetcher(t, g, "a")
	granted(s, "a", 1, 5)
	granted(s, "a", 6, 5)
	close(g.pass)
	for i, o := range await(t, outcomes, 10) {
		if o.JobID != int64(i+1) {
			t.Errorf("place %d: job %d", i+1, o.JobID)
		}
	}
}

func TestSession_KeepsToItsMemoryWhenWhoWaitsStarts(t *testing.T) {
	big := wasm("big", 8)
	big.Limits.MemoryBytes = 400 << 20 // two of them fit into a GiB
	g := gated(registryOf(1, big))
	s, outcomes := prefetcher(t, g, "big")
	granted(s, "big", 1, 6)
	awaitCount(t, s, 4, 2)
	close(g.pass)
	await(t, outcomes, 6)
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.most["big"] > 2 {
		t.Errorf("%d at once", g.most["big"])
	}
}

func TestSession_StartsWhoWaitedByTheRegistryOfThatMoment(t *testing.T) {
	old, renewed := wasm("a", 1), wasm("a", 1)
	renewed.ModuleDigest = "new"
	g := gated(registryOf(1, old))
	s, outcomes := prefetcher(t, g, "a")
	granted(s, "a", 1, 1)
	granted(s, "a", 2, 1)
	g.set(registryOf(2, renewed))
	close(g.pass)
	await(t, outcomes, 2)
	if got := g.modules(); !slices.Equal(got, []string{"m", "new"}) {
		t.Errorf("they ran on %v", got)
	}
}

func TestSession_GivesBackWhoCantStartHereAnyMore(t *testing.T) {
	disabled, draining := wasm("a", 1), registry.DefaultSettings()
	disabled.Enabled, draining.Phase = false, registry.PhaseDraining
	for name, then := range map[string]*registry.Snapshot{
		"the class is disabled": registryOf(2, disabled, wasm("b", 1)),
		"the class is gone":     registryOf(2, wasm("b", 1)),
		"the phase is draining": registry.NewSnapshot(2, draining, []registry.Class{wasm("a", 1), wasm("b", 1)}),
	} {
		t.Run(name, func(t *testing.T) {
			g := gated(registryOf(1, wasm("a", 1), wasm("b", 1)))
			s, outcomes := prefetcher(t, g, "a")
			granted(s, "a", 1, 4)
			g.set(then)
			g.pass <- struct{}{}
			await(t, outcomes, 1)
			awaitCount(t, s, 3, 0) // they don't start though a slot is free
			s.mu.Lock()
			back := s.overdue(time.Now())
			s.mu.Unlock()
			if got := ids(back); !slices.Equal(got, []int64{2, 3, 4}) {
				t.Errorf("jobs %v go back", got)
			}
			if got := g.modules(); len(got) != 1 {
				t.Errorf("%d attempts began", len(got))
			}
		})
	}
}

func TestSession_GivesBackWhoWaitedTooLongAndLetsNoneWaitUntilAnAttemptHasEnded(t *testing.T) {
	g := gated(registryOf(1, wasm("a", 1), wasm("b", 1)))
	s, outcomes := prefetcher(t, g, "a", "b")
	granted(s, "a", 1, 3)
	if look := s.untilOverdue(time.Hour); look > patience {
		t.Errorf("the next look is in %s", look)
	}
	s.mu.Lock()
	early, late := s.overdue(time.Now()), s.overdue(time.Now().Add(patience))
	s.mu.Unlock()
	if len(early) != 0 || !slices.Equal(ids(late), []int64{2, 3}) {
		t.Errorf("at once %v go back, then %v", ids(early), ids(late))
	}
	if look := s.untilOverdue(time.Hour); look != time.Hour {
		t.Errorf("with nobody waiting, the next look is in %s", look)
	}
	if o := s.offer(); wanted(o, "a") != 0 {
		t.Errorf("it asks for %v", o.wants)
	}
	g.pass <- struct{}{}
	await(t, outcomes, 1)
	awaitCount(t, s, 0, 0)
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, measured := s.pace["a"]; !measured {
		t.Error("the attempt that ended was not measured")
	}
}

func TestSession_RunsNobodyWhoWasGivenBack(t *testing.T) {
	g := gated(registryOf(1, wasm("a", 2)))
	s, outcomes := prefetcher(t, g, "a")
	granted(s, "a", 1, 10)
	if got := fences(s); len(got) != 10 {
		t.Errorf("the heartbeat names %d of 10", len(got))
	}
	close(g.pass) // so that attempts end while the others are given back
	back := ids(s.dismiss())
	ended := await(t, outcomes, 10-len(back))
	awaitCount(t, s, 0, 0)
	for _, o := range ended {
		if slices.Contains(back, o.JobID) {
			t.Errorf("job %d was given back and ran", o.JobID)
		}
	}
	s.attempts.Wait()
	if got := len(g.modules()); got != len(ended) {
		t.Errorf("%d attempts for %d jobs", got, len(ended))
	}
}

func TestSession_DropsWhoWaitsWhenTheLeaseIsLost(t *testing.T) {
	g := gated(registryOf(1, wasm("a", 1)))
	s, _ := prefetcher(t, g, "a")
	granted(s, "a", 1, 5)
	s.lose("the test says so")
	s.attempts.Wait()
	s.giveBack(s.dismiss()) // would ask a database that is not there
	if got := len(g.modules()); got > 1 {
		t.Errorf("%d attempts began", got)
	}
}

func TestSession_CommitsTheCancelOfWhoWaitsAndNeverRunsIt(t *testing.T) {
	g := gated(registryOf(1, wasm("a", 1)))
	s, outcomes := prefetcher(t, g, "a")
	granted(s, "a", 1, 4)
	s.stop(job.Stop{JobID: 2, Fence: 1, Why: job.StopCancel})
	s.stop(job.Stop{JobID: 3, Fence: 1, Why: job.StopLost})
	if o := await(t, outcomes, 1)[0]; o.JobID != 2 || o.Word != job.Cancel || o.Attempt != 1 || o.SpanID == "" {
		t.Errorf("%+v", o)
	}
	close(g.pass)
	for i, o := range await(t, outcomes, 2) {
		if o.JobID != []int64{1, 4}[i] || o.Word != job.Succeed {
			t.Errorf("job %d: %s", o.JobID, o.Word)
		}
	}
	s.attempts.Wait()
	if got := len(g.modules()); got != 2 {
		t.Errorf("%d attempts", got)
	}
	if got := fences(s); len(got) != 0 {
		t.Errorf("%d are held", len(got))
	}
}

func TestSession_LearnsFromAnAnswerWhetherThereIsMore(t *testing.T) {
	for name, c := range map[string]struct {
		want, limit, got int
		more             bool
	}{
		"nothing":                            {3, 8, 0, false},
		"less than was asked for":            {3, 8, 2, false},
		"all that was asked for":             {3, 8, 3, true},
		"all that a claim grants of a class": {20, 30, share, true},
		"as many as there were slots":        {8, 4, 4, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := testSession(t, &runner{snapshot: registryOf(1, wasm("a", 8))})
			s.learn(offer{wants: []job.Want{{Class: "a", Slots: c.want}}, limit: c.limit}, map[string]int{"a": c.got}, c.got)
			if s.backlog["a"] != c.more {
				t.Errorf("more: %t", s.backlog["a"])
			}
		})
	}
}
