//go:build amd64 || arm64

package image

import (
	"bytes"
	"os"
	"testing"
)

func TestRegion_TenThousandLeaveNothingBehind(t *testing.T) {
	const cycles, perImage = 10_000, 10
	eachWay(t, func(t *testing.T, k *Keeper) {
		want := content(wasmPage, 17)
		churn := func(cycles int) {
			for range cycles / perImage {
				image, err := k.Take(want)
				noError(t, err)
				for range perImage {
					cycle(t, image)
				}
				noError(t, image.Close())
			}
		}
		churn(100) // what Go itself maps and opens at first
		files, mappings := descriptors(t), mapped(t)
		churn(cycles)
		if got := descriptors(t); got > files {
			t.Errorf("%d descriptors, before %d", got, files)
		}
		if got := mapped(t); got > mappings+8 { // the heap's own
			t.Errorf("%d mappings, before %d", got, mappings)
		}
	})
}

func cycle(t *testing.T, image *Image) {
	region, err := Reserve(4 * wasmPage)
	noError(t, err)
	region.Reallocate(wasmPage)
	noError(t, region.Keep(image))
	region.Reallocate(2 * wasmPage)[wasmPage+1] = secret
	_ = region.Restore()
	noError(t, region.Close())
	noError(t, region.Close())
}

func descriptors(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/fd")
	noError(t, err)
	return len(entries)
}

func mapped(t *testing.T) int {
	maps, err := os.ReadFile("/proc/self/maps")
	noError(t, err)
	return bytes.Count(maps, []byte("\n"))
}
