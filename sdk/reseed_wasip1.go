package sdk

import (
	"encoding/binary"
	"math/rand/v2"
	"unsafe"
)

// Both are looked for while the module initialises, because the host keeps the
// state after that, and restores it before each job.
var (
	random = findGenerator()
	cheap  = findCheap(random)
)

// exportReseed takes fresh entropy from a host that has restored this module's
// memory; without it every job would draw the same numbers. 32 bytes count. It
// allocates nothing, and draws nothing: the job's first draw pays for that.
//
// From then on these differ from job to job: the functions of math/rand and
// math/rand/v2, the order of map iteration, the seeds of new maps and of
// hash/maphash, and the choice of select. crypto/rand never repeats: it asks
// the host each time.
//
// These repeat, being values that the author's own code made before the first
// job: a rand.Rand or a maphash.Seed in a package variable, and the seed by
// which a map made so early spreads its keys.
//
//go:wasmexport lessee_reseed
func exportReseed(entropy unsafe.Pointer, size uint32) {
	reseed(unsafe.Slice((*byte)(entropy), size))
}

func reseed(entropy []byte) {
	if random == nil {
		skip(entropy)
		return
	}
	random.reseed(entropy)
	if cheap != nil {
		*cheap ^= random.seed[0] // a word of the seed is no loss, a draw would cost a refill
	}
}

// skip is what remains when the runtime of this Go version keeps its state in
// another shape: the same draws as in every job, but from another place among
// the first thousand. Two jobs still share most of their numbers, and one pair
// of jobs in a thousand shares all of them.
func skip(entropy []byte) {
	var two [2]byte
	copy(two[:], entropy)
	for range binary.LittleEndian.Uint16(two[:]) % 1024 {
		rand.Uint64()
	}
}
