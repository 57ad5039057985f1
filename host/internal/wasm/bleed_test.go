package wasm

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/wasm/image"
	"github.com/lessee-run/lessee/host/internal/wasm/wasmtest"
)

// bleedJobs is how many attempts look for what others left, per way to restore.
const bleedJobs = 10_000

// A guest fills its memory and its globals with a secret, grows, traps, is
// killed in a loop; another one looks for that secret everywhere. In every way
// that this machine restores memories, it never finds it.
func TestNoAttemptFindsWhatAnotherLeftBehind(t *testing.T) {
	binary := wasmtest.Build(t, "./testdata/bleed")
	fastest := image.Probe().Way
	for _, way := range image.Ways() {
		t.Run(string(way), func(t *testing.T) {
			e, err := New(t.Context(), Config{Restore: way, CacheDir: sharedCache})
			if err != nil {
				t.Fatalf("way %s does not work here: %v", way, err)
			}
			t.Cleanup(func() { e.Close(t.Context()) })
			m, err := e.Load(t.Context(), digestOf(binary), binary, nil)
			if err != nil || m.Cold() != "" {
				t.Fatalf("load: %v, cold because %q", err, m.Cold())
			}
			t.Cleanup(func() { m.Close(t.Context()) })
			size := int(m.snapshot.image.Size())
			clean := found(t, m, "search", size)
			if control := found(t, m, "both", size); control < clean+1000 {
				t.Fatalf("the search finds nothing: %d in memory with the secret, %d without", control, clean)
			}
			jobs := bleedJobs
			if way != fastest {
				jobs /= 10 // the image package's own tests are thorough about each way
			}
			interleave(t, m, jobs, size, clean)
		})
	}
}

// interleave runs jobs that hide and jobs that search, on four goroutines.
func interleave(t *testing.T, m *Module, jobs, size, clean int) {
	var slots sync.WaitGroup
	for slot := range 4 {
		slots.Go(func() {
			random := rand.New(rand.NewPCG(uint64(slot), 1))
			for range jobs / 4 {
				switch n := random.IntN(100); {
				case n < 10:
					if got := found(t, m, "search", size); got != clean {
						t.Errorf("%d words of the secret are there, a clean memory has %d", got, clean)
					}
				case n < 12:
					found(t, m, "grow", size)
				case n < 14:
					found(t, m, "trap", size)
				case n < 15:
					found(t, m, "loop", size)
				default:
					found(t, m, "hide", size)
				}
			}
		})
	}
	slots.Wait()
}

// found runs one attempt and returns its count; 0 for those that are meant to fail.
func found(t *testing.T, m *Module, what string, size int) int {
	payload := []byte(fmt.Sprintf(`{"do":%q,"memory":%d,"left":20251,"right":77003}`, what, size))
	limits := abi.DefaultLimits()
	if what == "loop" {
		limits.Fuel = 2_000_000
	}
	result, _, err := m.Execute(t.Context(), under(limits), payload, discard{})
	if err != nil {
		if what != "trap" && what != "loop" {
			t.Errorf("%s: %v", what, err)
		}
		return 0
	}
	n, err := strconv.Atoi(string(result.Output))
	if err != nil {
		t.Errorf("%s: output %s", what, result.Output)
	}
	return n
}
