package wasm

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/host/internal/wasm/image"
)

// quantile is in microseconds.
func (l *lane) quantile(q float64) float64 {
	sorted := slices.Sorted(slices.Values(l.took))
	return float64(sorted[int(q*float64(len(sorted)-1))].Nanoseconds()) / 1000
}

func (l *lane) median() float64 { return l.quantile(.5) }

func table(lanes []*lane) string {
	var out strings.Builder
	guest := ""
	for _, l := range lanes {
		if l.guest != guest {
			guest = l.guest
			fmt.Fprintf(&out, "\n%-40s %9s %9s %9s %10s\n", guest, "p10 µs", "median µs", "p90 µs", "of reused")
		}
		fmt.Fprintf(&out, "  %-38s %9.1f %9.1f %9.1f %9.2f×\n", l.name, l.quantile(.1), l.median(), l.quantile(.9), l.median()/find(lanes, guest, reusedLane).median())
	}
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
	say := func(guest, name string, against, limit float64, unit string) {
		l := find(lanes, guest, name)
		if l == nil {
			fmt.Fprintf(&out, "none  %s, %s: not measured\n", guest, name)
			return
		}
		verdict := "pass"
		if l.median()/against > limit {
			verdict = "FAIL"
		}
		fmt.Fprintf(&out, "%s  %s, %s: %.3g %s, at most %.3g\n", verdict, guest, name, l.median()/against, unit, limit)
	}
	reused, fresh := find(lanes, goGuest, reusedLane).median(), find(lanes, goGuest, bareLane).median()
	for _, way := range []image.Way{image.Dirty, image.Owned} {
		say(goGuest, "restored, "+string(way), reused, 1.6, "of reused")
	}
	say(goGuest, "restored, "+string(image.Copy), reused, 5, "of reused")
	fastest := "restored, " + string(image.Probe().Way)
	say(goGuest, fastest, fresh, 1.0/25, "of a new one, wazero as it comes")
	for _, language := range []string{"C", "Rust", "AssemblyScript"} {
		say(language+" noop", fastest, 1, 10, "µs")
	}
	return out.String()
}

func conditions(b *testing.B) string {
	kernel, err := exec.Command("uname", "-sr").Output()
	noError(b, err)
	engine, err := exec.Command("go", "list", "-m", "github.com/tetratelabs/wazero").Output()
	noError(b, err)
	return fmt.Sprintf("%s, %d CPUs, %s, %s, %s", processor(), runtime.NumCPU(), strings.TrimSpace(string(kernel)), runtime.Version(), strings.TrimSpace(string(engine)))
}

func processor() string {
	info, _ := os.ReadFile("/proc/cpuinfo") // elsewhere the architecture has to do
	if _, after, ok := strings.Cut(string(info), "model name"); ok {
		name, _, _ := strings.Cut(strings.TrimLeft(after, "\t: "), "\n")
		return name
	}
	return runtime.GOARCH
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
