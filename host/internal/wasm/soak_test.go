//go:build soak && linux

package wasm

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/wasm/wasmtest"
)

// soakCache is the bound of the soak's cache, low enough to be reached.
const soakCache = 64 << 20

// TestSoakAdmissions admits one module after the other, switches to it, runs a
// job on it, and closes the one before. Nothing may pile up: no memory, no
// mapping, no descriptor, no file.
//
//	go tool -modfile=.ci/tools/go.mod task soak:sandbox
func TestSoakAdmissions(t *testing.T) {
	total := 10_000
	if n := os.Getenv("LESSEE_SOAK_ADMISSIONS"); n != "" {
		var err error
		if total, err = strconv.Atoi(n); err != nil || total < 20 {
			t.Fatalf("LESSEE_SOAK_ADMISSIONS is %q: give a number from 20", n)
		}
	}
	dir := t.TempDir()
	e, err := New(t.Context(), Config{CacheDir: dir, CacheBytes: soakCache})
	if err != nil {
		t.Fatal(err)
	}
	s := &soak{engine: e, order: wasmtest.Build(t, "./testdata/order")}
	var readings []reading
	fmt.Println(reading{}.header())
	for n := 1; n <= total; n++ {
		if err := s.admit(n); err != nil {
			t.Fatalf("admission %d: %v", n, err)
		}
		if n%max(total/10, 1) == 0 {
			r := take(t, dir, n)
			fmt.Println(r)
			readings = append(readings, r)
		}
	}
	judge(t, readings)
	if err := s.current.Close(context.Background()); err != nil {
		t.Error(err)
	}
	if err := e.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

type soak struct {
	engine  *Engine
	order   []byte // a Go guest
	current *Module
}

// admit admits the n-th module, switches to it, and closes the one before.
func (s *soak) admit(n int) error {
	binary, input := s.module(n)
	m, err := s.engine.Load(context.Background(), digestOf(binary), binary, nil)
	if err != nil {
		return err
	}
	old := s.current
	s.current = m
	class := reusing("soak")
	if n%2 == 0 {
		class = anyClass()
	}
	for range 2 {
		result, _, err := m.Execute(context.Background(), class, input, discard{})
		if err != nil || result.Status != abi.StatusOK {
			return fmt.Errorf("the job ended as %+v: %w", result, err)
		}
	}
	if old == nil {
		return nil
	}
	return old.Close(context.Background())
}

// module is the n-th module, unlike all others: most are small, some are Go
// guests with code of their own, some the same Go guest under another manifest.
func (s *soak) module(n int) (binary, input []byte) {
	order := []byte(`{"abi":1,"job":{"id":1,"class":"soak","attempt":1,"max_attempts":1},"payload":{}}`)
	switch {
	case n%500 == 0:
		return bytes.Replace(s.order, []byte(" owes for "), fmt.Appendf(nil, " is %05d ", n), 1), order
	case n%50 == 0:
		binary, err := WithManifest(s.order, abi.Manifest{Name: "order", Version: strconv.Itoa(n)})
		if err != nil {
			panic(err)
		}
		return binary, order
	}
	g := good()
	g.data = fmt.Sprintf(`{"status":"ok","output":"module %d"}`, n)
	g.execute = abi.Pack(16, uint32(len(g.data)))
	for range n % 40 {
		g.extra = append(g.extra, constants(n%97))
	}
	return g.assemble(), []byte("{}")
}

// reading is what the process holds.
type reading struct {
	admissions                      int
	rss, heap                       int64 // bytes; of the heap, what is in use after a collection
	mappings, descriptors, routines int
	cacheBytes                      int64
	cacheFiles                      int
	at                              time.Time
}

func (reading) header() string {
	return "admissions   rss MiB  live MiB  mappings  descriptors  goroutines  cache KiB  files  time"
}

func (r reading) String() string {
	return fmt.Sprintf("%10d  %8.1f  %8.1f  %8d  %11d  %10d  %9d  %5d  %s", r.admissions, float64(r.rss)/(1<<20), float64(r.heap)/(1<<20),
		r.mappings, r.descriptors, r.routines, r.cacheBytes/1024, r.cacheFiles, r.at.Format(time.TimeOnly))
}

// take reads all but the heap without collecting first: what counts is what a
// daemon would hold.
func take(t *testing.T, dir string, n int) reading {
	t.Helper()
	r := reading{admissions: n, routines: runtime.NumGoroutine(), at: time.Now()}
	r.mappings = strings.Count(string(read(t, "/proc/self/maps")), "\n")
	_, status, _ := strings.Cut(string(read(t, "/proc/self/status")), "VmRSS:")
	kib, err := strconv.ParseInt(strings.Fields(status)[0], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	r.rss = kib << 10
	descriptors, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	r.descriptors = len(descriptors)
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			r.cacheBytes, r.cacheFiles = r.cacheBytes+info.Size(), r.cacheFiles+1
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	var heap runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&heap)
	r.heap = int64(heap.HeapAlloc)
	return r
}

// judge holds the second half against the first. The lowest reading is what
// stays when the collector has been: it may be a tenth above that of the first
// half, and a little more. The highest may be above by what the collector lets
// wait.
func judge(t *testing.T, readings []reading) {
	t.Helper()
	first, second := readings[:len(readings)/2], readings[len(readings)/2:]
	for _, bound := range []struct {
		what          string
		of            func(reading) int64
		little, waits int64
	}{
		{"bytes of rss", func(r reading) int64 { return r.rss }, 16 << 20, 128 << 20},
		{"bytes of live heap", func(r reading) int64 { return r.heap }, 4 << 20, 4 << 20},
		{"mappings", func(r reading) int64 { return int64(r.mappings) }, 50, 500},
		{"descriptors", func(r reading) int64 { return int64(r.descriptors) }, 4, 4},
		{"goroutines", func(r reading) int64 { return int64(r.routines) }, 4, 4},
	} {
		lowest, highest := extremes(first, bound.of)
		low, high := extremes(second, bound.of)
		if low > lowest+lowest/10+bound.little || high > highest+highest/10+bound.waits {
			t.Errorf("%s: from %d to %d in the second half, from %d to %d in the first", bound.what, low, high, lowest, highest)
		}
	}
	if _, most := extremes(readings, func(r reading) int64 { return r.cacheBytes }); most > soakCache {
		t.Errorf("the cache had %d bytes, its bound is %d", most, soakCache)
	}
}

func extremes(readings []reading, of func(reading) int64) (low, high int64) {
	low = of(readings[0])
	for _, r := range readings {
		low, high = min(low, of(r)), max(high, of(r))
	}
	return low, high
}
