package process

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"go.uber.org/zap"

	"github.com/lessee-run/lessee/registry"
)

// TestModule_RecyclesProcessesAndStaysFlat runs each job on a process of its
// own, and reads ten times what the host holds. Nothing may pile up. `task
// soak:native` does it a thousand times.
func TestModule_RecyclesProcessesAndStaysFlat(t *testing.T) {
	total := 100
	if n := os.Getenv("LESSEE_SOAK_RECYCLES"); n != "" {
		var err error
		if total, err = strconv.Atoi(n); err != nil || total < 20 {
			t.Fatalf("LESSEE_SOAK_RECYCLES is %q: give a number from 20", n)
		}
	}
	b := newBench(t, func(c *Config) { c.Log = zap.NewNop() })
	m := b.load(program(t, "order"))
	class := newClass(func(c *registry.Class) { c.Process.JobsPerProcess, c.Process.Pool = 1, 2 })
	b.recycle(m, class, total/10) // what is made once, is made
	t.Log(reading{}.header())
	var readings []reading
	for n := range 10 {
		b.recycle(m, class, total/10)
		r := b.read((n + 1) * (total / 10))
		t.Log(r)
		readings = append(readings, r)
	}
	if processes := b.next.Load(); processes < int64(total) {
		t.Errorf("%d processes for %d jobs", processes, total)
	}
	judge(t, readings)
}

// recycle runs n jobs, two at a time, and waits until their processes are gone.
func (b *bench) recycle(m *Module, class registry.Class, n int) {
	b.t.Helper()
	input := orderEnvelope(b.t)
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			for range n / 2 {
				if err := b.job(m, class, input)(); err != nil {
					b.t.Error(err)
				}
			}
		})
	}
	all.Wait()
	await(b.t, "one process to be left", func() bool { return len(b.homes()) == 1 && len(marked(b.dir)) == 1 && m.settled(class) })
}

// homes are the directories of processes.
func (b *bench) homes() []string {
	dirs, _ := filepath.Glob(filepath.Join(b.slot.runs(), "*"))
	return dirs
}

// settled reports whether the one process that is left is ready.
func (m *Module) settled(class registry.Class) bool {
	m.mu.Lock()
	p := m.poolOf(class)
	m.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.coming == 0 && len(p.idle) == 1 && len(p.all) == 1
}

// reading is what the host holds, with one process.
type reading struct {
	recycles                                 int
	rss, heap                                int64 // bytes; of the heap, what is in use after a collection
	descriptors, routines, threads, children int
}

func (reading) header() string {
	return "recycles  rss MiB  live MiB  descriptors  goroutines  threads  children"
}

func (r reading) String() string {
	return fmt.Sprintf("%8d  %7.1f  %8.2f  %11d  %10d  %7d  %8d", r.recycles, float64(r.rss)/(1<<20), float64(r.heap)/(1<<20), r.descriptors, r.routines, r.threads, r.children)
}

func (b *bench) read(recycles int) reading {
	b.t.Helper()
	var heap runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&heap)
	r := reading{recycles: recycles, heap: int64(heap.HeapAlloc), routines: runtime.NumGoroutine(), children: children(b.t)}
	r.rss, r.threads = int64(statusOf(b.t, "VmRSS:"))<<10, statusOf(b.t, "Threads:")
	descriptors, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		b.t.Fatal(err)
	}
	r.descriptors = len(descriptors)
	return r
}

// statusOf is a number of /proc/self/status.
func statusOf(t testing.TB, name string) int {
	t.Helper()
	data, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(data), "\n"+name)
	n, err := strconv.Atoi(strings.Fields(after)[0])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// children counts processes that this one started and has not buried.
func children(t testing.TB) (n int) {
	t.Helper()
	lists, _ := filepath.Glob("/proc/self/task/*/children")
	for _, path := range lists {
		data, err := os.ReadFile(path)
		if err != nil && !os.IsNotExist(err) { // a thread may end
			t.Fatal(err)
		}
		n += len(strings.Fields(string(data)))
	}
	return n
}

// judge holds the second half against the first.
func judge(t *testing.T, readings []reading) {
	t.Helper()
	for _, bound := range []struct {
		what   string
		of     func(reading) int64
		little int64
	}{
		{"bytes of rss", func(r reading) int64 { return r.rss }, 16 << 20},
		{"bytes of live heap", func(r reading) int64 { return r.heap }, 1 << 20},
		{"descriptors", func(r reading) int64 { return int64(r.descriptors) }, 3},
		{"goroutines", func(r reading) int64 { return int64(r.routines) }, 5},
		{"threads", func(r reading) int64 { return int64(r.threads) }, 8},
		{"children", func(r reading) int64 { return int64(r.children) }, 0},
	} {
		before, after := highest(readings[:len(readings)/2], bound.of), highest(readings[len(readings)/2:], bound.of)
		if after > before+bound.little {
			t.Errorf("%s: up to %d in the second half, up to %d in the first", bound.what, after, before)
		}
	}
}

func highest(readings []reading, of func(reading) int64) (most int64) {
	for _, r := range readings {
		most = max(most, of(r))
	}
	return most
}
