package image

import (
	"fmt"
	"testing"

	"golang.org/x/sys/unix"
)

// BenchmarkRestore is what a job pays for a clean memory: its writes to so many
// pages, with the faults that the way causes, and the restore. Beside it, as
// "x-copy", the time of a full copy of the same image as a multiple of that.
//
//	go test -run '^$' -bench Restore -benchtime 50ms ./host/internal/wasm/image
func BenchmarkRestore(b *testing.B) {
	for _, size := range []int{128 << 10, 3 << 20, 8 << 20} {
		for _, dirty := range []int{4, 44, 400} {
			if dirty*unix.Getpagesize() > size {
				continue
			}
			copied := 0.0
			for _, way := range []Way{Copy, Dirty, Owned, Cow} { // copy first: the others are compared with it
				b.Run(fmt.Sprintf("image=%dK/pages=%d/%s", size>>10, dirty, way), func(b *testing.B) {
					ns := restores(b, way, size, dirty)
					if way == Copy {
						copied = ns
					}
					b.ReportMetric(copied/ns, "x-copy")
				})
			}
		}
	}
}

func restores(b *testing.B, way Way, size, dirty int) (ns float64) {
	keeper, err := Open(way)
	noError(b, err)
	b.Cleanup(func() { noError(b, keeper.Close()) })
	region := kept(b, take(b, keeper, content(size, 1)), size)
	memory, step := region.Reallocate(uint64(size)), size/dirty
	for b.Loop() {
		for i := range dirty {
			memory[i*step+9] ^= secret
		}
		if err := region.Restore(); err != nil {
			b.Fatal(err)
		}
	}
	return float64(b.Elapsed().Nanoseconds()) / float64(b.N)
}

// BenchmarkKeep is what a new region costs, once per kept instance.
func BenchmarkKeep(b *testing.B) {
	for _, way := range Ways() {
		b.Run(string(way), func(b *testing.B) {
			keeper, err := Open(way)
			noError(b, err)
			b.Cleanup(func() { noError(b, keeper.Close()) })
			image := take(b, keeper, content(8<<20, 1))
			for b.Loop() {
				region, err := Reserve(64 << 20)
				noError(b, err)
				region.Reallocate(8 << 20)
				noError(b, region.Keep(image))
				noError(b, region.Close())
			}
		})
	}
}
