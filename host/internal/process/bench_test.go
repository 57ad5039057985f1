package process

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/wasm"
	"github.com/lessee-run/lessee/host/internal/wasm/wasmtest"
	"github.com/lessee-run/lessee/registry"
)

// BenchmarkNative is what a native job costs, as one table: the round trip on a
// warm process beside plain go-plugin on the same program, and beside the same
// handler in the sandbox; then starts, and jobs that wait for one. All take
// turns, so that all see the same machine.
//
//	go tool -modfile=.ci/tools/go.mod task bench:native
func BenchmarkNative(b *testing.B) {
	program(b, "order")
	input := orderEnvelope(b)
	e := newBench(b, nil)
	m := e.load(program(b, "order"))
	path := filepath.Join(built, "order")
	first, err := e.start(b.Context(), m.order(newClass(nil)))
	if err != nil {
		b.Fatal(err)
	}
	holds := first.child.contained
	first.stop(time.Second)
	lanes := []*lane{
		newLane(rawLane, roundTrips, startRaw(b, path, true, false).job(input)),
		newLane("go-plugin alone, once more", roundTrips, startRaw(b, path, true, false).job(input)), // how far off 1 it is, so far is this run's noise
		newLane("go-plugin alone, without TLS", roundTrips, startRaw(b, path, false, false).job(input)),
		newLane("go-plugin alone, own session", roundTrips, startRaw(b, path, true, true).job(input)),
		newLane(ourLane, roundTrips, e.warm(m, newClass(nil), input)),
		newLane("not contained, warm", roundTrips, e.warm(m, newClass(func(c *registry.Class) { c.Name, c.Containment = "open", registry.ContainmentOff }), input)),
		newLane("the same handler as WASM", roundTrips, sandboxed(b, input)),
	}
	starts := []*lane{
		newLane("start to ready: go-plugin alone", 1, func() error { return freshRaw(path) }),
		newLane("start to ready: contained", 1, e.fresh(m, newClass(nil))),
		newLane("start, job and end: contained", 1, e.freshJob(m, newClass(nil), input)),
		newLane("a process per job, one at a time", recycles, e.recycled(m, 1, input)),
		newLane("a process per job, pool of two", recycles, e.recycled(m, 2, input)),
	}
	for b.Loop() {
		turns(b, lanes)
	}
	for range max(b.N/startsPer, 3) { // apart: what they leave running would be in the way
		turns(b, starts)
	}
	lanes = append(lanes, starts...)
	b.ReportMetric(0, "ns/op") // of no meaning: it is all lanes'
	load, _ := os.ReadFile("/proc/loadavg")
	fmt.Printf("\n%s, %d CPUs, load average %.4s, envelopes of %d bytes, %s\n%s\n%s\n",
		runtime.Version(), runtime.NumCPU(), load, len(input), holds, table(lanes), verdict(lanes))
}

// orderPayload has about 300 bytes, as payloads go.
const orderPayload = `{"customer":"Lovelace & Daughters, 12 St James's Square, London","lines":[` +
	`{"sku":"engine-difference-2","count":1,"price":17470.5},{"sku":"card-punched-blank","count":12000,"price":0.015},` +
	`{"sku":"oil-whale-quart","count":6,"price":3.25}],"labels":{"region":"eu-west","channel":"letter","priority":"high"}}`

func orderEnvelope(t testing.TB) []byte { return envelope(t, json.RawMessage(orderPayload)) }

// lane is one way to run a job.
type lane struct {
	name string
	each int // jobs that are timed when it is its turn
	run  func() error
	took []time.Duration
}

const (
	rawLane    = "go-plugin alone"
	ourLane    = "contained, warm"
	roundTrips = 50 // of a lane at its turn
	recycles   = 5
	startsPer  = 10 // rounds of round trips
)

func turns(b *testing.B, lanes []*lane) {
	b.Helper()
	for _, l := range lanes {
		if err := l.turn(); err != nil {
			b.Fatalf("%s: %v", l.name, err)
		}
	}
}

func newLane(name string, each int, run func() error) *lane {
	return &lane{name: name, each: each, run: run}
}

// turn does not time the first of many: it pays for cold caches that the lane
// before it left behind.
func (l *lane) turn() error {
	if l.each > 1 {
		if err := l.run(); err != nil {
			return err
		}
	}
	for range l.each {
		started := time.Now()
		if err := l.run(); err != nil {
			return err
		}
		l.took = append(l.took, time.Since(started))
	}
	runtime.GC()
	return nil
}

// quantile is in microseconds.
func (l *lane) quantile(q float64) float64 {
	sorted := slices.Sorted(slices.Values(l.took))
	return float64(sorted[int(q*float64(len(sorted)-1))].Nanoseconds()) / 1000
}

func table(lanes []*lane) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%-36s %7s %10s %10s %10s %9s\n", "", "jobs", "p10 µs", "median µs", "p99 µs", "of alone")
	for _, l := range lanes {
		ratio := "" // a start is not compared with a job
		if l.each == roundTrips {
			ratio = fmt.Sprintf("%8.2f×", l.quantile(.5)/lanes[0].quantile(.5))
		}
		fmt.Fprintf(&out, "%-36s %7d %10.1f %10.1f %10.1f %9s\n", l.name, len(l.took), l.quantile(.1), l.quantile(.5), l.quantile(.99), ratio)
	}
	return out.String()
}

// mostOfRaw is what a round trip may take of go-plugin's own.
const mostOfRaw = 1.2

func verdict(lanes []*lane) string {
	find := func(name string) float64 {
		i := slices.IndexFunc(lanes, func(l *lane) bool { return l.name == name })
		return lanes[i].quantile(.5)
	}
	ratio, word := find(ourLane)/find(rawLane), "pass"
	if ratio > mostOfRaw {
		word = "FAIL"
	}
	return fmt.Sprintf("%s  %s: %.2f of %s, at most %.2f", word, ourLane, ratio, rawLane, mostOfRaw)
}

func answered(result abi.Result, err error) error {
	if err == nil && result.Status != abi.StatusOK {
		err = fmt.Errorf("the job ended as %s: %w", result.Status, result.Error)
	}
	return err
}

// silent is a sink of those who say nothing.
type silent struct{}

func (silent) Log(abi.Level, string) {}
func (silent) Progress(int, string)  {}

// warm runs every job on the same process, recycled on one of its own: the
// next, which is on its way already when the pool has room for two.
func (b *bench) warm(m *Module, class registry.Class, input []byte) func() error {
	return b.job(m, recycling(class, 0, 1), input)
}

func (b *bench) recycled(m *Module, pool int, input []byte) func() error {
	class := newClass(func(c *registry.Class) { c.Name = fmt.Sprintf("recycled-%d", pool) })
	return b.job(m, recycling(class, 1, pool), input)
}

func recycling(class registry.Class, jobs, pool int) registry.Class {
	class.Process.JobsPerProcess, class.Process.Pool = jobs, pool
	return class
}

func (b *bench) job(m *Module, class registry.Class, input []byte) func() error {
	return func() error {
		result, _, err := m.Execute(b.t.Context(), &class, input, silent{})
		return answered(result, err)
	}
}

func (b *bench) fresh(m *Module, class registry.Class) func() error {
	return func() error {
		p, err := b.start(b.t.Context(), m.order(class))
		if err == nil {
			b.closing.Go(func() { p.stop(time.Second) })
		}
		return err
	}
}

func (b *bench) freshJob(m *Module, class registry.Class, input []byte) func() error {
	return func() error {
		p, err := b.start(b.t.Context(), m.order(class))
		if err != nil {
			return err
		}
		a := &attempt{limits: class.Limits, manifest: m.manifest, sink: silent{}, started: time.Now()}
		result, _, err := p.execute(b.t.Context(), a, input)
		p.stop(time.Second)
		return answered(result, err)
	}
}

// sandboxed runs the handler of the order plugin as WASM.
func sandboxed(b *testing.B, input []byte) func() error {
	e, err := wasm.New(b.Context(), wasm.Config{CacheDir: b.TempDir()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { e.Close(context.Background()) }) //nolint:errcheck // a benchmark's
	binary := wasmtest.Build(b, "./testdata/order")
	m, err := e.Load(b.Context(), digestOf(binary), binary, nil)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { m.Close(context.Background()) }) //nolint:errcheck // a benchmark's
	class := registry.Class{Name: "wasm", Limits: abi.DefaultLimits()}
	return func() error {
		result, _, err := m.Execute(b.Context(), &class, input, silent{})
		return answered(result, err)
	}
}
