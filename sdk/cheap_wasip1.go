package sdk

import "unsafe"

// findCheap returns the runtime's second, cheap generator, or nil. select
// chooses among ready cases by it, and the scheduler draws from it. It lies
// behind the good one, and is believed for what it does, too: it makes some
// steps when a select has a choice.
func findCheap(g *generator) *uint64 {
	if g == nil {
		return nil
	}
	cheap := (*uint64)(unsafe.Add(unsafe.Pointer(g), unsafe.Sizeof(*g)))
	was := *cheap
	choose()
	for state, steps := was, 0; steps < 8; steps++ {
		if state = xorshift(state); state == *cheap && state != was {
			return cheap
		}
	}
	return nil
}

func choose() {
	a, b := make(chan struct{}), make(chan struct{})
	close(a)
	close(b)
	select {
	case <-a:
	case <-b:
	}
}

// xorshift is one step of xorshift64+, as the runtime makes it on WebAssembly
// (runtime.cheaprand): two halves, the older in the low word.
func xorshift(state uint64) uint64 {
	older, newer := uint32(state), uint32(state>>32)
	older ^= older << 17
	older = older ^ newer ^ older>>7 ^ newer>>16
	return uint64(newer) | uint64(older)<<32
}
