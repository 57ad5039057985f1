package worker

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/zap/zaptest"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/registry"
)

// runner runs attempts until they are stopped, of a registry that a test replaces.
type runner struct {
	mu       sync.Mutex
	snapshot *registry.Snapshot
}

func (r *runner) Snapshot() *registry.Snapshot {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.snapshot
}

func (r *runner) set(s *registry.Snapshot) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.snapshot = s
}

func (r *runner) Runnable() []registry.Class                { return r.Snapshot().Enabled() }
func (r *runner) Readiness() map[string]job.Readiness       { return nil }
func (r *runner) Admissions() map[string]registry.Admission { return nil }

func (r *runner) Execute(ctx context.Context, _ *registry.Class, _ []byte, _ abi.Sink) (abi.Result, abi.Usage, error) {
	<-ctx.Done()
	return abi.Result{}, abi.Usage{}, context.Cause(ctx)
}

// closed is a network that sends nothing.
type closed struct{}

func (closed) Open(*registry.Class, abi.Trace) Requests     { return closed{} }
func (closed) Scan([]byte) error                            { return nil }
func (closed) HTTP(context.Context, []byte) ([]byte, error) { return nil, errors.New("no network") }
func (closed) Used(*abi.Usage) json.RawMessage              { return nil }

func at(version int64, module string) *registry.Snapshot {
	return registry.NewSnapshot(version, registry.DefaultSettings(), []registry.Class{{Name: "a", Runtime: registry.RuntimeWASM, ModuleDigest: module, Enabled: true, Concurrency: 4}})
}

// testSession is a session without a database: nothing that these tests do asks for one.
func testSession(t *testing.T, r Runner) *session {
	t.Helper()
	w := New(Config{Slots: 8, Commands: 1, Memory: 1 << 30, Network: closed{}, Told: func(context.Context, int64) error { return errors.New("no database") }}, nil, r, zaptest.NewLogger(t))
	s := newSession(t.Context(), w, job.Lease{ID: 1, TTL: time.Minute}, time.Now())
	t.Cleanup(func() {
		s.lose("the test is over")
		s.attempts.Wait()
	})
	return s
}

func fences(s *session) (out []int) {
	for _, h := range s.report(true).Held {
		out = append(out, h.Fence)
	}
	slices.Sort(out)
	return out
}

// A job that is given back can be granted to the same host before the answer to
// that commit has come.
func TestSession_AVerdictSettlesTheGrantItIsAboutAndNoOther(t *testing.T) {
	r := &runner{snapshot: at(1, "m")}
	s := testSession(t, r)
	classes := byName(r.Runnable())
	var grants []*grant
	for _, fence := range []int{1, 2} {
		granted := s.hold([]job.Job{{ID: 7, Class: "a", Fence: fence}})
		s.start(granted, classes)
		grants = append(grants, granted[0])
	}
	if got := fences(s); !slices.Equal(got, []int{1, 2}) {
		t.Errorf("the heartbeat reports fences %v", got)
	}
	s.conclude(grants[:1], []job.Verdict{{JobID: 7, Fence: 1, Verdict: job.Stale}})
	if got := fences(s); !slices.Equal(got, []int{2}) {
		t.Errorf("after the verdict on fence 1 the heartbeat reports %v", got)
	}
}

func TestSession_CanBeToldToStopAGrantThatStartsAtThisMoment(t *testing.T) {
	r := &runner{snapshot: at(1, "m")}
	s := testSession(t, r)
	classes := byName(r.Runnable())
	var stops sync.WaitGroup
	stops.Go(func() { // as a heartbeat would, at any moment
		for i := range 20_000 {
			s.stop(job.Stop{JobID: int64(i % 8), Fence: 1, Why: job.StopCancel})
		}
	})
	for id := range int64(8) {
		s.start(s.hold([]job.Job{{ID: id, Class: "a", Fence: 1}}), classes)
	}
	stops.Wait()
	if got := len(fences(s)); got != 8 {
		t.Errorf("%d of 8 grants are held; a stopped one is held until it is committed", got)
	}
}

// The registry's watcher may bring a newer snapshot between the offer and the
// grant; the rows of the offer are the older ones all the same.
func TestSession_RunsAJobByTheRowThatItWasGrantedUnder(t *testing.T) {
	r := &runner{snapshot: at(1, "old")}
	s := testSession(t, r)
	offered := s.offer()
	r.set(at(2, "new"))
	jobs, classes := s.resolve(t.Context(), s.hold([]job.Job{{ID: 1, Class: "a", Fence: 1, RegistryVersion: 2}}), offered)
	if len(jobs) != 1 || classes["a"].ModuleDigest != "new" {
		t.Errorf("it would run on module %q", classes["a"].ModuleDigest)
	}
	jobs, classes = s.resolve(t.Context(), s.hold([]job.Job{{ID: 1, Class: "a", Fence: 1, RegistryVersion: 2}}), s.offer())
	if len(jobs) != 1 || classes["a"].ModuleDigest != "new" {
		t.Errorf("it would run on module %q", classes["a"].ModuleDigest)
	}
}

func TestSession_AsksForNoMoreThanItsSlotsItsClassesAndItsConnectionsAllow(t *testing.T) {
	command := func(name string, concurrency int) registry.Class {
		return registry.Class{Name: name, Runtime: registry.RuntimeCommand, Command: name, Enabled: true, Concurrency: concurrency}
	}
	wasm := func(name string, concurrency int) registry.Class {
		return registry.Class{Name: name, Runtime: registry.RuntimeWASM, ModuleDigest: "m", Enabled: true, Concurrency: concurrency}
	}
	for name, c := range map[string]struct {
		classes []registry.Class
		want    []job.Want
	}{
		"nothing is enabled":      {nil, nil},
		"a class's concurrency":   {[]registry.Class{wasm("a", 3)}, []job.Want{{Class: "a", Slots: 3, Turn: true}}},
		"the host's slots":        {[]registry.Class{wasm("a", 30)}, []job.Want{{Class: "a", Slots: 8, Turn: true}}},
		"a command's connections": {[]registry.Class{command("c", 30), wasm("a", 2)}, []job.Want{{Class: "a", Slots: 2, Turn: true}, {Class: "c", Slots: 1, Turn: true}}},
	} {
		t.Run(name, func(t *testing.T) {
			s := testSession(t, &runner{snapshot: registry.NewSnapshot(1, registry.DefaultSettings(), c.classes)})
			got := s.offer()
			slices.SortFunc(got.wants, func(a, b job.Want) int { return strings.Compare(a.Class, b.Class) })
			if !slices.Equal(got.wants, c.want) || got.limit != 8 {
				t.Errorf("wants %v, at most %d", got.wants, got.limit)
			}
		})
	}
}

func TestOffer_KnowsWhetherAFreeSlotIsAReasonToClaimAgain(t *testing.T) {
	two := map[string]*registry.Class{"a": {}, "b": {}}
	both := []job.Want{{Class: "a", Slots: 2}, {Class: "b", Slots: 2}}
	for name, c := range map[string]struct {
		offer offer
		got   map[string]int
		want  bool
	}{
		"nothing was ready":                 {offer{classes: two, wants: both, limit: 8}, nil, false},
		"less than there was room for":      {offer{classes: two, wants: both, limit: 8}, map[string]int{"a": 1, "b": 1}, false},
		"all that there was room for":       {offer{classes: two, wants: both, limit: 8}, map[string]int{"a": 2}, true},
		"as many as the host has slots":     {offer{classes: two, wants: []job.Want{{Class: "a", Slots: 2}, {Class: "b", Slots: 2}}, limit: 2}, map[string]int{"a": 1, "b": 1}, true},
		"a class that there is no room for": {offer{classes: two, wants: both[1:], limit: 8}, map[string]int{"b": 1}, true},
	} {
		t.Run(name, func(t *testing.T) {
			c.offer.answer(c.got, c.got["a"]+c.got["b"])
			if got := c.offer.more(); got != c.want {
				t.Error(got)
			}
		})
	}
}

// A class's slots are fewer than the host's, and what may wait counts besides.
func TestSession_ClaimsOnWhereAFullAnswerEnded(t *testing.T) {
	const few, many = share - 1, share + 1
	s := testSession(t, &runner{snapshot: registryOf(1, wasm("a", many), wasm("b", many), wasm("c", few))})
	s.cfg.Slots = 100
	for _, c := range []struct{ a, b int }{{many, many}, {many, 1}, {many - 1, many}, {0, 0}} {
		s.store = line{ready: map[string]int{"a": c.a, "b": c.b, "c": few}}
		o := s.offer()
		if _, _, err := s.claim(t.Context(), &o); err != nil {
			t.Fatal(err)
		}
		on := map[string]bool{}
		for _, f := range s.fronts.ranges(o.wants) {
			on[f.Class] = on[f.Class] || f.On
		}
		if on["a"] != (c.a == many) || on["b"] != (c.b == many) || on["c"] {
			t.Errorf("%d and %d of %d were ready; the next claim goes on where this one ended: %v", c.a, c.b, many, on)
		}
		if s.fronts.long != (c.a == many || c.b == many) {
			t.Errorf("%d and %d of %d were ready: a long line is %t", c.a, c.b, many, s.fronts.long)
		}
		if !o.more() {
			t.Error("c was answered in full, and a slot of it is no reason to claim")
		}
	}
}

// A host that asks for nothing was not refused, and surveys as often as before.
func TestSession_IsRefusedWhereItIsAnothersTurnEverywhere(t *testing.T) {
	for _, c := range []struct {
		classes, others []string
		refused         int
	}{
		{nil, nil, 0},
		{[]string{"a"}, nil, 0},
		{[]string{"a"}, []string{"a"}, 1},
		{[]string{"a", "b"}, []string{"a"}, 0},
		{[]string{"a", "b"}, []string{"b", "a"}, 1},
	} {
		r := &runner{snapshot: registryOf(1)}
		for _, class := range c.classes {
			r.snapshot = registryOf(1, append(r.Runnable(), wasm(class, 1))...)
		}
		s := testSession(t, r)
		s.store = line{others: c.others}
		o := s.offer()
		if _, others, err := s.claim(t.Context(), &o); err != nil || !slices.Equal(others, c.others) {
			t.Errorf("%v: %v, %v", c, others, err)
		}
		if s.fronts.refused != c.refused {
			t.Errorf("of %v it was another's turn for %v: refused %d times", c.classes, c.others, s.fronts.refused)
		}
	}
}

// line is a store with so many jobs ready of each class.
type line struct {
	Store
	ready  map[string]int
	others []string // whose turn it is not
}

func (l line) Look(_ context.Context, _ int64, ask job.Ask) (look job.Look, _ error) {
	look.Others = l.others
	for _, w := range ask.Wants {
		look.Jobs = append(look.Jobs, slices.Repeat([]job.Job{{ID: 1, Class: w.Class}}, min(l.ready[w.Class], w.Slots))...)
	}
	return look, nil
}

// A commit can wait for as long as somebody holds the row of one of its jobs.
func TestSession_CommitsOnWhileOneCommitWaits(t *testing.T) {
	store := &stuck{first: make(chan struct{})}
	s := testSession(t, &runner{snapshot: at(1, "m")})
	s.store = store
	var committers sync.WaitGroup
	for range 2 {
		committers.Go(s.commitLoop)
	}
	for id := range int64(5) {
		s.outcomes <- settled{grant: s.hold([]job.Job{{ID: id, Class: "a"}})[0], outcome: job.Outcome{JobID: id}}
		for id == 0 && store.calls.Load() == 0 { // until the first is on its way
			time.Sleep(time.Millisecond)
		}
	}
	deadline := time.Now().Add(10 * time.Second)
	for len(fences(s)) != 1 {
		if time.Now().After(deadline) {
			t.Fatalf("%d are not committed while one waits", len(fences(s)))
		}
		time.Sleep(time.Millisecond)
	}
	close(store.first)
	close(s.outcomes)
	committers.Wait()
	if left := fences(s); len(left) != 0 {
		t.Errorf("%d are left", len(left))
	}
}

// stuck is a store whose first commit waits.
type stuck struct {
	Store
	calls atomic.Int64
	first chan struct{}
}

func (s *stuck) Commit(_ context.Context, _ int64, outcomes []job.Outcome, _ time.Duration) ([]job.Verdict, error) {
	if s.calls.Add(1) == 1 {
		<-s.first
	}
	verdicts := make([]job.Verdict, len(outcomes))
	for i := range outcomes {
		verdicts[i] = job.Verdict{JobID: outcomes[i].JobID, Verdict: job.Accepted}
	}
	return verdicts, nil
}
