package wasm

import (
	"math/rand/v2"
	"time"
)

// frozenStart is the date that a module sees while it is prepared, in seconds
// of Unix time: 2022-01-01.
const frozenStart = 1_640_995_200

// frozenMost bounds how far sleeping moves the clock, far from any overflow.
const frozenMost = int64(1) << 60

// frozen is time and chance for a module that is prepared. Both follow from the
// module alone, so that its state does not depend on the host, and admitting it
// twice gives the same state twice. Time passes by a microsecond whenever the
// guest looks, and by the length of its sleeps: a loop that waits ends.
type frozen struct {
	passed int64 // nanoseconds
	random *rand.ChaCha8
}

// freeze begins with the sha256 of the module as the seed.
func freeze(digest [32]byte) *frozen { return &frozen{random: rand.NewChaCha8(digest)} }

func (f *frozen) nanotime() int64 {
	f.sleep(int64(time.Microsecond))
	return f.passed
}

func (f *frozen) walltime() (sec int64, nsec int32) {
	passed := f.nanotime()
	return frozenStart + passed/int64(time.Second), int32(passed % int64(time.Second))
}

func (f *frozen) sleep(ns int64) { f.passed = min(f.passed+min(max(ns, 0), frozenMost), frozenMost) }
