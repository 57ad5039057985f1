package wasm

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/wasm/image"
	"github.com/lessee-run/lessee/host/internal/wasm/wasmtest"
)

// BenchmarkSandbox is what a clean sandbox costs, as one table: the same job in
// an instance that is never restored, in a restored one by each way that works
// here, and in a new one. All take turns, so that all see the same machine.
//
//	go tool -modfile=.ci/tools/go.mod task bench:sandbox
func BenchmarkSandbox(b *testing.B) {
	minimal := good()
	minimal.data = `{"status":"ok"}`
	minimal.execute = abi.Pack(16, uint32(len(minimal.data)))
	lanes := slices.Concat(
		lanesOf(b, "Go guest", wasmtest.Build(b, "./testdata/order")),
		lanesOf(b, "minimal core", minimal.assemble()))
	before := load1()
	for b.Loop() {
		for _, l := range lanes {
			l.turn(b)
		}
	}
	fmt.Printf("\n%s, load average %s before and %s after, %d jobs each, payload %d bytes\n\n%s\n%s\n",
		conditions(b), before, load1(), b.N*perTurn, len(orderPayload), table(lanes), targets(lanes))
}

// lane is one way to get an instance for a job.
type lane struct {
	guest, name string
	run         func() error
	took        []time.Duration
}

// The lanes that others are compared with.
const (
	reusedLane = "reused, never restored"
	bareLane   = "new, wazero as it comes"
)

// perTurn is how many jobs are timed each time that it is a lane's turn.
const perTurn = 5

// turn times some jobs. The one before them is not: it would pay for the cold
// processor caches that the lane before left behind, most of all the new
// instances, and so the lanes' order would show in the table.
func (l *lane) turn(b *testing.B) {
	for n := range 1 + perTurn {
		started := time.Now()
		err := l.run()
		if took := time.Since(started); n > 0 {
			l.took = append(l.took, took)
		}
		if err != nil {
			b.Fatalf("%s, %s: %v", l.guest, l.name, err)
		}
	}
}

func lanesOf(b *testing.B, guest string, binary []byte) []*lane {
	input := orderEnvelope(b, 0)
	var lanes []*lane
	add := func(name string, run func() error) { lanes = append(lanes, &lane{guest: guest, name: name, run: run}) }
	dir := b.TempDir() // of compiled code
	var m *Module
	for _, way := range image.Ways() {
		e, err := New(b.Context(), Config{Restore: way, CacheDir: dir})
		if err != nil {
			fmt.Printf("%s: way %s does not work here: %v\n", guest, way, err)
			continue
		}
		b.Cleanup(func() { noError(b, e.Close(context.Background())) })
		m, err = e.Load(b.Context(), digestOf(binary), binary, nil)
		noError(b, err)
		b.Cleanup(func() { noError(b, m.Close(context.Background())) })
		if len(lanes) == 0 {
			add(reusedLane, reused(b, m, input))
		}
		add("restored, "+string(way), executing(b, m, input))
	}
	cold := &Module{engine: m.engine, info: m.info, facts: m.facts, names: m.names, code: m.code}
	add("new, metered (cold)", executing(b, cold, input))
	add(bareLane, bare(b, binary, input))
	return lanes
}

func executing(b *testing.B, m *Module, input []byte) func() error {
	limits := abi.DefaultLimits()
	return func() error {
		result, _, err := m.Execute(b.Context(), under(limits), input, discard{})
		return answered(result, err)
	}
}

func answered(result abi.Result, err error) error {
	if err == nil && result.Status != abi.StatusOK {
		err = fmt.Errorf("the job ended as %s: %w", result.Status, result.Error)
	}
	return err
}

// reused runs jobs as Execute does, limits and all, but in one instance, with
// what the jobs before left in it.
func reused(b *testing.B, m *Module, input []byte) func() error {
	first := newAttempt(abi.DefaultLimits(), discard{})
	first.stdout = &stream{log: &first.log}
	i, err := m.instantiate(b.Context(), first)
	noError(b, err)
	noError(b, m.keep(i))
	b.Cleanup(func() { noError(b, i.close()) })
	return func() error {
		a := newAttempt(abi.DefaultLimits(), discard{})
		var data []byte
		err := m.guarded(b.Context(), a, func(ctx context.Context) error {
			i.begin(ctx, a)
			defer i.end(a)
			var err error
			data, err = ask(i.module, func(name string, params ...uint64) (uint64, error) { return i.call(ctx, name, params...) }, input)
			return err
		})
		if err != nil {
			return err
		}
		return answered(a.decode(data))
	}
}

// ask runs one job in an instance that is ready.
func ask(m api.Module, call func(string, ...uint64) (uint64, error), input []byte) ([]byte, error) {
	at, err := call(abi.ExportAlloc, uint64(len(input)))
	if err != nil {
		return nil, err
	}
	if !m.Memory().Write(uint32(at), input) {
		return nil, errors.New("the input lies outside the memory")
	}
	packed, err := call(abi.ExportExecute, at, uint64(len(input)))
	if err != nil {
		return nil, err
	}
	ptr, n := abi.Unpack(packed)
	data, ok := m.Memory().Read(ptr, n)
	if !ok {
		return nil, errors.New("the result lies outside the memory")
	}
	return slices.Clone(data), nil
}

// bare is a new instance per job of the module as it was built, without meter
// and limits, on wazero's defaults.
func bare(b *testing.B, binary, input []byte) func() error {
	ctx := b.Context()
	r := wazero.NewRuntime(ctx)
	b.Cleanup(func() { noError(b, r.Close(context.Background())) })
	wasi_snapshot_preview1.MustInstantiate(ctx, r)
	noError(b, provideHostFunctions(ctx, r))
	compiled, err := r.CompileModule(ctx, binary)
	noError(b, err)
	config := wazero.NewModuleConfig().WithName("").WithStartFunctions(abi.ExportInitialize)
	return func() error {
		m, err := r.InstantiateModule(ctx, compiled, config)
		if err != nil {
			return err
		}
		data, err := ask(m, func(name string, params ...uint64) (uint64, error) {
			results, err := m.ExportedFunction(name).Call(ctx, params...)
			if err != nil {
				return 0, err
			}
			return results[0], nil
		}, input)
		if err := errors.Join(err, m.Close(ctx)); err != nil {
			return err
		}
		return answered(abi.DecodeResult(data))
	}
}

// quantile is in microseconds.
func (l *lane) quantile(q float64) float64 {
	sorted := slices.Sorted(slices.Values(l.took))
	return float64(sorted[int(q*float64(len(sorted)-1))].Nanoseconds()) / 1000
}

func table(lanes []*lane) string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "guest\tinstance\tmedian µs\tp99 µs\tof reused\t")
	for _, l := range lanes {
		fmt.Fprintf(w, "%s\t%s\t%.1f\t%.1f\t%.2f\t\n", l.guest, l.name, l.quantile(.5), l.quantile(.99), l.quantile(.5)/find(lanes, l.guest, reusedLane).quantile(.5))
	}
	_ = w.Flush() // a strings.Builder takes everything
	return out.String()
}

func find(lanes []*lane, guest, name string) *lane {
	i := slices.IndexFunc(lanes, func(l *lane) bool { return l.guest == guest && l.name == name })
	if i < 0 {
		return nil
	}
	return lanes[i]
}

// targets says which of the promised ratios of medians hold in this run.
func targets(lanes []*lane) string {
	var out strings.Builder
	say := func(what string, guest, name string, against float64, limit float64) {
		l := find(lanes, guest, name)
		if l == nil {
			return
		}
		verdict := "pass"
		if l.quantile(.5)/against > limit {
			verdict = "FAIL"
		}
		fmt.Fprintf(&out, "%s  %s, %s: %.3g %s, at most %.3g\n", verdict, guest, name, l.quantile(.5)/against, what, limit)
	}
	unset := find(lanes, "Go guest", reusedLane).quantile(.5)
	fresh := find(lanes, "Go guest", bareLane).quantile(.5)
	for _, way := range []image.Way{image.Dirty, image.Owned} {
		say("of reused", "Go guest", "restored, "+string(way), unset, 1.6)
	}
	say("of reused", "Go guest", "restored, "+string(image.Copy), unset, 5)
	fastest := "restored, " + string(image.Probe().Way)
	say("of new", "Go guest", fastest, fresh, 1.0/25)
	say("µs", "minimal core", fastest, 1, 10)
	return out.String()
}

func conditions(b *testing.B) string {
	kernel, err := exec.Command("uname", "-sr").Output()
	noError(b, err)
	wazeroVersion, err := exec.Command("go", "list", "-m", "github.com/tetratelabs/wazero").Output()
	noError(b, err)
	return fmt.Sprintf("%s, %d CPUs, %s, %s, %s", processor(), runtime.NumCPU(), strings.TrimSpace(string(kernel)), runtime.Version(), strings.TrimSpace(string(wazeroVersion)))
}

func processor() string {
	info, _ := os.ReadFile("/proc/cpuinfo") // elsewhere the architecture has to do
	if _, after, ok := strings.Cut(string(info), "model name"); ok {
		name, _, _ := strings.Cut(strings.TrimLeft(after, "\t: "), "\n")
		return name
	}
	return runtime.GOARCH
}

func load1() string {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	one, _, _ := strings.Cut(string(data), " ")
	return one
}

func noError(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
