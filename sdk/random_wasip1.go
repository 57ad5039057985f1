package sdk

import (
	"math/rand/v2"
	"unsafe"
)

// generator is the random state of Go's runtime, a State of
// internal/chacha8rand: math/rand, math/rand/v2, map iteration, the seeds of
// maps and of hash/maphash are all drawn from it.
//
// Nobody outside the runtime may name it, and since Go 1.24 nobody may seed it.
// So the module looks for it in its own memory, and believes a place only for
// what it does: see [generator.follows] and [generator.obeys]. What obeys is
// the one generator, for the runtime has no second that it draws from.
type generator struct {
	block [32]uint64 // what it draws next
	seed  [4]uint64
	next  uint32 // index in block of the next draw
	end   uint32 // index at which block is used up
	count uint32 // ChaCha's block counter; a refill adds 4 to it first
	_     uint32
}

// firstStatic is where static variables begin: Go keeps the page below for nil.
const firstStatic = 4096

// aboveStatics points into the heap. All static variables lie below that, and
// memory has no gaps.
var aboveStatics *uint64

// findGenerator returns the runtime's generator, or nil. It is found within
// microseconds among the variables above inbox, which has no value yet either;
// only if it isn't, everything static is searched, for some milliseconds.
func findGenerator() *generator {
	aboveStatics = new(uint64)
	above := uintptr(unsafe.Pointer(aboveStatics))
	if g := searchGenerator(uintptr(unsafe.Pointer(&inbox)), above); g != nil {
		return g
	}
	return searchGenerator(firstStatic, above)
}

func searchGenerator(from, to uintptr) *generator {
	drawn := rand.Uint64()
	for at := from; at+unsafe.Sizeof(generator{}) <= to; at += 8 {
		g := (*generator)(unsafe.Add(nil, at))
		if last := g.next - 1; last >= uint32(len(g.block)) || g.block[last] != drawn {
			continue
		}
		if g.follows() && g.obeys() {
			return g
		}
		drawn = rand.Uint64() // a trial may have used up the block that held the old one
	}
	return nil
}

// follows tells, without writing, whether g moves with every draw as the
// generator does, through two refills. A copy of the generator stays.
func (g *generator) follows() bool {
	for range 2 * len(g.block) {
		i := g.next
		if i >= g.end {
			i = 0
		}
		drawn := rand.Uint64()
		if i >= uint32(len(g.block)) || g.block[i] != drawn || g.next != i+1 {
			return false
		}
	}
	return true
}

// obeys tells whether draws come from g: after a reseed they must be those of
// [rand.ChaCha8] with the same seed, which is the same algorithm in the open.
func (g *generator) obeys() bool {
	was := *g
	var fresh [32]byte
	for i := range fresh {
		fresh[i] = byte(rand.Uint64())
	}
	g.reseed(fresh[:])
	open := rand.NewChaCha8(*g.seedBytes())
	for range 5 * len(g.block) { // four blocks, and one of the seed that follows from them
		if rand.Uint64() != open.Uint64() {
			*g = was
			return false
		}
	}
	return true
}

// reseed mixes up to 32 bytes of entropy into the seed and declares the block
// used up, so that the next draw refills it: with block 0, hence the counter.
func (g *generator) reseed(entropy []byte) {
	var fresh [4]uint64
	copy((*[32]byte)(unsafe.Pointer(&fresh))[:], entropy)
	for i, word := range fresh {
		g.seed[i] ^= word
	}
	g.next, g.end, g.count = 0, 0, ^uint32(3)
}

func (g *generator) seedBytes() *[32]byte { return (*[32]byte)(unsafe.Pointer(&g.seed)) }
