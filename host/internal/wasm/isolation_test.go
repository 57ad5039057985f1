package wasm

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/wasm/wasmtest"
	"github.com/lessee-run/lessee/registry"
)

// reusing is a class that shares instances among its own attempts.
func reusing(name string) *registry.Class {
	c := anyClass()
	c.Name, c.Isolation = name, registry.IsolationReuse
	return c
}

// private is a copy of a module with a pool of its own.
func private(t *testing.T, m *Module, s *snapshot) *Module {
	t.Helper()
	c := &Module{engine: m.engine, info: m.info, facts: m.facts, names: m.names, code: m.code, reseeds: m.reseeds, snapshot: s}
	t.Cleanup(func() {
		if err := c.kept.close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// remembers runs a job that counts the jobs in its instance.
func remembers(t *testing.T, m *Module, c *registry.Class) string {
	t.Helper()
	result, _, err := m.Execute(t.Context(), c, mode(t, "remember"), discard{})
	if err != nil {
		t.Fatal(err)
	}
	return string(result.Output)
}

func TestReuse_AClassFindsWhatItLeft_AndNobodyElseDoes(t *testing.T) {
	for name, m := range map[string]*Module{"kept": private(t, hostile(t), hostile(t).snapshot), "cold": private(t, hostile(t), nil)} {
		t.Run(name, func(t *testing.T) {
			small := reusing("a")
			small.Limits.MemoryBytes = 32 << 20
			isolated := anyClass()
			isolated.Name = "a"
			for _, step := range []struct {
				class *registry.Class
				want  string
			}{
				{reusing("a"), `"1"`}, {reusing("a"), `"2"`}, {reusing("b"), `"1"`}, {isolated, `"1"`}, {isolated, `"1"`},
				{small, `"1"`}, {small, `"2"`}, {reusing("a"), `"3"`}, {reusing("b"), `"2"`},
			} {
				if got := remembers(t, m, step.class); got != step.want {
					t.Errorf("%s of %s with %d bytes counted %s jobs, want %s", step.class.Name, step.class.Isolation, step.class.Limits.MemoryBytes, got, step.want)
				}
			}
		})
	}
}

func TestReuse_AnAttemptThatDidNotEndWellCostsTheInstance(t *testing.T) {
	m := private(t, hostile(t), hostile(t).snapshot)
	for _, misdeed := range []string{"panic", "go panic", "exit 0", "sleep", "output", "no such mode"} {
		t.Run(misdeed, func(t *testing.T) {
			remembers(t, m, reusing("a"))
			ctx, cancel := context.WithCancel(t.Context())
			if misdeed == "sleep" {
				timer := time.AfterFunc(50*time.Millisecond, cancel)
				defer timer.Stop()
			}
			if result, _, err := m.Execute(ctx, reusing("a"), mode(t, misdeed), discard{}); err == nil && result.Status == abi.StatusOK {
				t.Fatalf("it ended well: %+v", result)
			}
			cancel()
			if got := remembers(t, m, reusing("a")); got != `"1"` {
				t.Errorf("the next attempt counts %s jobs in its instance", got)
			}
		})
	}
}

func TestReuse_AnInstanceMayGrowUpToItsLimit(t *testing.T) {
	m := load(t, wasmtest.Build(t, "./testdata/order"))
	m = private(t, m, m.snapshot)
	class := reusing("a")
	var first *instance
	for range 3 {
		if _, _, err := m.Execute(t.Context(), class, orderEnvelope(t, 6<<20), discard{}); err != nil {
			t.Fatal(err)
		}
		waiting := m.kept.idle[m.shelfOf(class)]
		if first == nil {
			first = waiting[0]
		}
		if len(waiting) != 1 || waiting[0] != first || !first.region.Grown() {
			t.Errorf("%d instances wait, is it the first: %v, has it grown: %v", len(waiting), waiting[0] == first, first.region.Grown())
		}
	}
	if _, _, err := m.Execute(t.Context(), class, orderEnvelope(t, 100<<20), discard{}); codeOf(t, err) != abi.CodeLimitMemory {
		t.Errorf("beyond the limit: %v", err)
	}
}

func TestReuse_EveryAttemptHasItsWholeBudget(t *testing.T) {
	m := private(t, hostile(t), hostile(t).snapshot)
	class := reusing("a")
	_, usage, err := m.Execute(t.Context(), class, mode(t, "behave"), discard{})
	if err != nil {
		t.Fatal(err)
	}
	class.Limits.Fuel, class.Limits.HostCalls = 2*usage.Fuel, usage.HostCalls
	for range 5 {
		if _, _, err := m.Execute(t.Context(), class, mode(t, "behave"), discard{}); err != nil {
			t.Error(err)
		}
	}
	if n := len(m.kept.idle[m.shelfOf(class)]); n != 1 {
		t.Errorf("%d instances wait: they were not one and the same", n)
	}
}

func TestReuse_InstancesAreUnlikeEachOther(t *testing.T) {
	m := load(t, wasmtest.Build(t, "github.com/lessee-run/lessee/sdk/testdata/random"))
	m = private(t, m, m.snapshot)
	draw := func(class string) []byte {
		result, _, err := m.Execute(t.Context(), reusing(class), envelope(t, map[string]int{"Draws": 8}), discard{})
		if err != nil {
			t.Fatal(err)
		}
		return result.Output
	}
	if a, b := draw("a"), draw("b"); slices.Equal(a, b) {
		t.Errorf("two instances draw the same: %s", a)
	}
	if a, again := draw("a"), draw("a"); slices.Equal(a, again) {
		t.Errorf("two jobs draw the same: %s", a)
	}
}

func TestReuse_MeansNothingToACommand(t *testing.T) {
	m := load(t, wasmtest.BuildCommand(t, "./testdata/hostile"))
	for range 2 {
		if got := remembers(t, m, reusing("a")); got != `"1"` {
			t.Errorf("counted %s jobs", got)
		}
	}
	if m.Cold() == "" {
		t.Error("it does not say that it runs cold")
	}
}
