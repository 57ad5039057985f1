package image

import (
	"bytes"
	"errors"
	"testing"
)

const secret = 0x5e

func fill(b []byte, value byte) {
	for i := range b {
		b[i] = value
	}
}

func TestRegion_RestoreBringsBackEveryByteThatWasWritten(t *testing.T) {
	for name, write := range map[string]func([]byte){
		"nothing":          func([]byte) {},
		"the first byte":   func(m []byte) { m[0]++ },
		"the last byte":    func(m []byte) { m[len(m)-1]++ },
		"every byte":       func(m []byte) { fill(m, secret) },
		"every other page": func(m []byte) { each(m, 8192) },
		"one byte of each": func(m []byte) { each(m, 4096) },
		"zeroes":           func(m []byte) { clear(m) },
	} {
		t.Run(name, func(t *testing.T) {
			eachWay(t, func(t *testing.T, k *Keeper) {
				want := content(3<<20, 1)
				region := kept(t, take(t, k, want), 4<<20)
				exact(t, region, want)
				for range 3 {
					write(region.Reallocate(uint64(len(want))))
					noError(t, region.Restore())
					exact(t, region, want)
				}
			})
		})
	}
}

func each(m []byte, step int) {
	for i := 7; i < len(m); i += step {
		m[i] = ^m[i]
	}
}

func TestRegion_ImageDoesNotFollowTheMemoryThatItWasTakenFrom(t *testing.T) {
	eachWay(t, func(t *testing.T, k *Keeper) {
		want := content(2*wasmPage, 2)
		source := bytes.Clone(want)
		image := take(t, k, source)
		fill(source, secret)
		exact(t, kept(t, image, len(want)), want)
	})
}

func TestRegion_KeepReplacesWhatInstantiationWrote(t *testing.T) {
	eachWay(t, func(t *testing.T, k *Keeper) {
		want := content(2*wasmPage, 3)
		region := reserved(t, 4*wasmPage)
		before := region.Reallocate(uint64(len(want)))
		fill(before, secret)
		noError(t, region.Keep(take(t, k, want)))
		exact(t, region, want)
		if &before[0] != &region.Reallocate(uint64(len(want)))[0] {
			t.Error("the address changed")
		}
	})
}

func TestRegion_GrowthIsToldAndWiped(t *testing.T) {
	eachWay(t, func(t *testing.T, k *Keeper) {
		want := content(2*wasmPage, 4)
		region := kept(t, take(t, k, want), 8*wasmPage)
		fill(region.Reallocate(6*wasmPage), secret)
		if !region.Grown() || region.Size() != 6*wasmPage {
			t.Fatalf("grown %t, size %d", region.Grown(), region.Size())
		}
		for range 2 { // a caller that does not heed the error gets no secret either
			if err := region.Restore(); !errors.Is(err, ErrGrown) {
				t.Fatalf("got %v, want ErrGrown", err)
			}
			same(t, region, want)
			fill(region.reserved[:6*wasmPage], secret)
		}
	})
}

func TestRegion_RegionsOfOneImageDoNotSeeOneAnother(t *testing.T) {
	eachWay(t, func(t *testing.T, k *Keeper) {
		want := content(4*wasmPage, 5)
		image := take(t, k, want)
		one, other := kept(t, image, len(want)), kept(t, image, len(want))
		fill(one.Reallocate(uint64(len(want))), secret)
		exact(t, other, want)
		exact(t, kept(t, image, len(want)), want)
		noError(t, other.Restore())
		exact(t, other, want)
	})
}

func TestRegion_OutlivesTheImagesOwner(t *testing.T) {
	eachWay(t, func(t *testing.T, k *Keeper) {
		want := content(wasmPage, 6)
		image := take(t, k, want)
		region := kept(t, image, wasmPage)
		noError(t, image.Close())
		fill(region.Reallocate(wasmPage), secret)
		noError(t, region.Restore())
		exact(t, region, want)
		late := reserved(t, wasmPage)
		late.Reallocate(wasmPage)
		if err := late.Keep(image); err == nil {
			t.Error("a closed image was kept")
		}
	})
}

func TestRegion_EmptyImage(t *testing.T) {
	eachWay(t, func(t *testing.T, k *Keeper) {
		region := kept(t, take(t, k, nil), wasmPage)
		noError(t, region.Restore())
		fill(region.Reallocate(wasmPage), secret)
		if err := region.Restore(); !errors.Is(err, ErrGrown) {
			t.Fatalf("got %v, want ErrGrown", err)
		}
		same(t, region, nil)
	})
}

func TestRegion_RefusesWhatCannotBeExact(t *testing.T) {
	eachWay(t, func(t *testing.T, k *Keeper) {
		image := take(t, k, content(2*wasmPage, 7))
		region := reserved(t, 4*wasmPage)
		if err := region.Restore(); err == nil {
			t.Error("restored to no image")
		}
		region.Reallocate(wasmPage)
		if err := region.Keep(image); err == nil {
			t.Error("kept an image larger than the memory")
		}
		region.Reallocate(3 * wasmPage)
		if err := region.Keep(image); err == nil {
			t.Error("kept an image smaller than the memory")
		}
		region = kept(t, image, 2*wasmPage)
		if err := region.Keep(image); err == nil {
			t.Error("kept a second image")
		}
		if _, err := k.Take(make([]byte, 100)); err == nil {
			t.Error("took an image of a part of a page")
		}
	})
}

func TestRegion_SaysWhenTheLimitWasHit(t *testing.T) {
	eachWay(t, func(t *testing.T, k *Keeper) {
		region := kept(t, take(t, k, content(wasmPage, 8)), 2*wasmPage)
		if region.Reallocate(3*wasmPage) != nil || !region.Exhausted() {
			t.Fatal("got more than the limit")
		}
		noError(t, region.Restore())
		if region.Exhausted() || region.Grown() {
			t.Fatal("the next job is told of it")
		}
	})
}
