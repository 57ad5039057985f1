package meter_test

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// BenchmarkMetering runs real work in three ways, one after the other in each
// round, so that whatever else the machine does hits all alike: as it is,
// metered, and with the engine's own way to stop a guest. It prints the medians
// and the tenth and ninetieth percentile of the ratio to the plain run.
//
//	go test -run - -bench Metering -benchtime 30x ./host/internal/wasm/meter
func BenchmarkMetering(b *testing.B) {
	ways := newWays(b, worker(b))
	for kind, w := range work[:9] {
		b.Run("go/"+w.name, func(b *testing.B) { ways.compare(b, "work", uint64(kind), w.amount) })
	}
	// Compiled by LLVM, as C and Rust are.
	ways = newWays(b, read(b, filepath.Join(engineDir(b), "internal", "integration_test", "bench", "testdata", "case.wasm")))
	for _, w := range []struct {
		name   string
		amount uint64
	}{{"fibonacci", 25}, {"string_manipulation", 100}, {"random_mat_mul", 60}} {
		b.Run("tinygo/"+w.name, func(b *testing.B) { ways.compare(b, w.name, w.amount) })
	}
}

// ways are one guest in the three ways.
type ways struct{ plain, metered, closing *host }

func newWays(b *testing.B, binary []byte) ways {
	b.Helper()
	config := wazero.NewRuntimeConfigCompiler()
	w := ways{newHost(b, config), newHost(b, config), newHost(b, config.WithCloseOnContextDone(true))}
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

func (w ways) compare(b *testing.B, name string, args ...uint64) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	runs := []func() outcome{
		func() outcome { return plainCall(ctx, w.plain.module, name, args...) },
		func() outcome { return w.metered.call(ctx, name, args...) },
		func() outcome { return plainCall(ctx, w.closing.module, name, args...) },
	}
	times := make([][]float64, len(runs))
	var fuel int64
	for range b.N {
		for i, run := range runs {
			start := time.Now()
			o := run()
			times[i] = append(times[i], float64(time.Since(start)))
			if o.trap != "" {
				b.Fatal(o.trap)
			}
			fuel = max(fuel, o.used)
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(quantile(times[0], 0.5)/1e6, "plain-ms")
	for i, what := range []string{"", "metered", "closing"} {
		if i > 0 {
			ratios := ratio(times[i], times[0])
			b.ReportMetric(quantile(ratios, 0.5), what+"/plain")
			b.ReportMetric(quantile(ratios, 0.1), what+"-p10")
			b.ReportMetric(quantile(ratios, 0.9), what+"-p90")
		}
	}
	b.ReportMetric(quantile(times[1], 0.5)/float64(fuel), "ns/fuel")
}

func ratio(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] / b[i]
	}
	return out
}

func quantile(list []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[int(q*float64(len(sorted)-1))]
}
