package image

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// eachWay runs a test for every way that works here. That all of them do on
// Linux is a test of its own.
func eachWay(t *testing.T, test func(*testing.T, *Keeper)) {
	for _, c := range candidates() {
		t.Run(string(c.way), func(t *testing.T) {
			keeper, err := Open(c.way)
			if err != nil {
				t.Fatal(err)
			}
			test(t, keeper)
			if err := keeper.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// content is what an image holds in tests: bytes of every value, most pages
// not zero. It lies in the Go heap, apart from all that is tested.
func content(size int, seed uint64) []byte {
	random := rand.NewChaCha8([32]byte{byte(seed), 1})
	data := make([]byte, size)
	_, _ = random.Read(data)
	clear(data[size/2 : size/2+size/8])
	return data
}

func take(t testing.TB, k *Keeper, data []byte) *Image {
	t.Helper()
	image, err := k.Take(data)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { noError(t, image.Close()) })
	return image
}

// kept returns a region that keeps image, and may grow to limit.
func kept(t testing.TB, image *Image, limit int) *Region {
	t.Helper()
	region := reserved(t, limit)
	region.Reallocate(uint64(image.Size()))
	noError(t, region.Keep(image))
	return region
}

func reserved(t testing.TB, limit int) *Region {
	t.Helper()
	region, err := Reserve(int64(limit))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { noError(t, region.Close()) })
	return region
}

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// exact fails if the region shows anything but want, then zeroes to its limit.
func exact(t testing.TB, r *Region, want []byte) {
	t.Helper()
	if int(r.Size()) != len(want) {
		t.Fatalf("the memory has %d bytes, the image %d", r.Size(), len(want))
	}
	same(t, r, want)
}

func same(t testing.TB, r *Region, want []byte) {
	t.Helper()
	if got := r.reserved[:len(want)]; !bytes.Equal(got, want) {
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("byte %d is %#x, in the image %#x", i, got[i], want[i])
			}
		}
	}
	for i, b := range r.reserved[len(want):] {
		if b != 0 {
			t.Fatalf("byte %d, beyond the image's %d, is %#x", len(want)+i, len(want), b)
		}
	}
}
