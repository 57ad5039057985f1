package meter_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"

	"github.com/lessee-run/lessee/host/internal/wasm/wasmtest"
)

// BenchmarkMetering is what metering costs guests that compute, as one table:
// each runs as it is, metered, and with the engine's own way to stop a guest,
// one after the other, so that whatever else the machine does hits all alike.
// Wants the toolchains of `task sdks:setup`.
//
//	go tool -modfile=.ci/tools/go.mod task bench:metering
func BenchmarkMetering(b *testing.B) {
	trials := slices.Concat(
		newTrials(b, "Go", worker(b), inGo()),
		newTrials(b, "Rust", wasmtest.Rust(b, "host/internal/wasm/meter/testdata/rust/work.rs"), inRust()),
		newTrials(b, "TinyGo", read(b, filepath.Join(engineDir(b), "internal", "integration_test", "bench", "testdata", "case.wasm")), inTinyGo()))
	before := loadAverage()
	for b.Loop() {
		for _, t := range trials {
			t.round(b)
		}
	}
	b.ReportMetric(0, "ns/op") // of no meaning: it is all guests'
	fmt.Printf("\n%d CPUs, %s, load average %s before and %s after, %d rounds; ratios to the unmetered run of the same round\n\n%s\n%s\n",
		runtime.NumCPU(), runtime.Version(), before, loadAverage(), b.N, table(trials), verdicts(trials))
}

// errand is one call of a guest that takes some milliseconds.
type errand struct {
	name, export string
	args         []uint64
}

func inGo() (calls []errand) {
	for kind, w := range work[:9] {
		calls = append(calls, errand{w.name, "work", []uint64{uint64(kind), w.amount}})
	}
	return calls
}

// inRust are the kinds of testdata/rust, in their order: those of the Go guest.
func inRust() (calls []errand) {
	for kind, amount := range []uint64{200, 200, 100, 60_000, 150, 40, 100, 1_000_000, 60_000} {
		calls = append(calls, errand{work[kind].name, "work", []uint64{uint64(kind), amount}})
	}
	return calls
}

// inTinyGo are those of a guest that comes with the engine's sources. Fibonacci
// is the worst there is: it does little but call itself.
func inTinyGo() []errand {
	return []errand{
		{"matrices", "random_mat_mul", []uint64{100}},
		{"strings", "string_manipulation", []uint64{3000}},
		{"fibonacci", "fibonacci", []uint64{30}},
	}
}

// trial is one call in the three ways.
type trial struct {
	language string
	call     errand
	guest    guestWays
	took     [3][]float64 // plain, metered, closing; nanoseconds
	results  []uint64
	fuel     int64
}

// guestWays are one guest in the three ways.
type guestWays struct{ plain, metered, closing *host }

func newTrials(b *testing.B, language string, binary []byte, calls []errand) (trials []*trial) {
	guest := newGuestWays(b, binary)
	for _, c := range calls {
		trials = append(trials, &trial{language: language, call: c, guest: guest})
	}
	return trials
}

func newGuestWays(b *testing.B, binary []byte) guestWays {
	config := wazero.NewRuntimeConfigCompiler()
	w := guestWays{newHost(b, config), newHost(b, config), newHost(b, config.WithCloseOnContextDone(true))}
	for _, h := range []*host{w.plain, w.metered, w.closing} {
		_, err := h.runtime.NewHostModuleBuilder("env").NewFunctionBuilder().
			WithGoModuleFunction(api.GoModuleFunc(func(context.Context, api.Module, []uint64) {}), []api.ValueType{api.ValueTypeI32, api.ValueTypeI32}, nil).
			Export("get_random_string").Instantiate(context.Background())
		if err != nil {
			b.Fatal(err)
		}
	}
	w.plain.instantiate(b, binary)
	w.metered.instantiate(b, rewrite(b, binary).Module)
	w.closing.instantiate(b, binary)
	return w
}

func (t *trial) round(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	name, args, g := t.call.export, t.call.args, t.guest
	for i, run := range []func() outcome{
		func() outcome { return plainCall(ctx, g.plain.module, name, args...) },
		func() outcome { return g.metered.call(ctx, name, args...) },
		func() outcome { return plainCall(ctx, g.closing.module, name, args...) },
	} {
		started := time.Now()
		o := run()
		t.took[i] = append(t.took[i], float64(time.Since(started)))
		if t.results == nil {
			t.results = o.results
		}
		if o.trap != "" || !slices.Equal(o.results, t.results) {
			b.Fatalf("%s, %s: %v, then %v %s", t.language, t.call.name, t.results, o.results, o.trap)
		}
		t.fuel = max(t.fuel, o.used)
	}
}

const plain, metered, closing = 0, 1, 2

// ratio is a quantile of the times of one way by those of the plain run.
func (t *trial) ratio(way int, q float64) float64 {
	ratios := make([]float64, len(t.took[way]))
	for i := range ratios {
		ratios[i] = t.took[way][i] / t.took[plain][i]
	}
	return quantile(ratios, q)
}

func quantile(list []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[int(q*float64(len(sorted)-1))]
}

func table(trials []*trial) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%-8s %-10s %13s %11s %11s %6s %6s %11s %8s\n", "", "", "unmetered ms", "metered ms", "of unmetered", "p10", "p90", "closing", "ns/fuel")
	for _, t := range trials {
		fmt.Fprintf(&out, "%-8s %-10s %13.2f %11.2f %11.2f× %6.2f %6.2f %10.2f× %8.3f\n", t.language, t.call.name,
			quantile(t.took[plain], .5)/1e6, quantile(t.took[metered], .5)/1e6, t.ratio(metered, .5), t.ratio(metered, .1), t.ratio(metered, .9),
			t.ratio(closing, .5), quantile(t.took[metered], .5)/float64(t.fuel))
	}
	return out.String()
}

// verdicts says whether the promise holds in this run: at most 1.25 at the
// median of the guests, in each of the two languages.
func verdicts(trials []*trial) string {
	var out strings.Builder
	for _, language := range []string{"Go", "Rust"} {
		var ratios, closings []float64
		for _, t := range trials {
			if t.language == language {
				ratios, closings = append(ratios, t.ratio(metered, .5)), append(closings, t.ratio(closing, .5))
			}
		}
		verdict := "pass"
		if quantile(ratios, .5) > 1.25 {
			verdict = "FAIL"
		}
		fmt.Fprintf(&out, "%s  %s, metered: %.3g of unmetered at the median of %d guests, at most 1.25; closing on context done: %.3g\n",
			verdict, language, quantile(ratios, .5), len(ratios), quantile(closings, .5))
	}
	return out.String()
}

// loadAverage is that of the last minute.
func loadAverage() string {
	data, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	one, _, _ := strings.Cut(string(data), " ")
	return one
}
