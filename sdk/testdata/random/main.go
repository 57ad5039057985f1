// Command random is a plugin that draws from every source of randomness that
// Go has, for the test that restores and reseeds it.
package main

import (
	"context"
	"hash/maphash"
	old "math/rand"
	"math/rand/v2"

	"github.com/lessee-run/lessee/sdk"
)

// In says how much is drawn.
type In struct{ Draws int }

// Out is what was drawn, by source.
type Out struct {
	V2, V1, MapOfJob, MapOfInit, Hash, Select []uint64
}

var plugin = sdk.Register(draw)

var early = numbers()

func main() { plugin.Main() }

func draw(_ context.Context, in In) (Out, error) {
	var out Out
	for range in.Draws {
		out.V2 = append(out.V2, rand.Uint64())
	}
	for range in.Draws {
		out.V1 = append(out.V1, old.Uint64())
		out.MapOfJob = append(out.MapOfJob, first(numbers()))
		out.MapOfInit = append(out.MapOfInit, first(early))
		out.Hash = append(out.Hash, maphash.String(maphash.MakeSeed(), "lessee"))
		out.Select = append(out.Select, choice())
	}
	return out, nil
}

func numbers() map[uint64]bool {
	m := map[uint64]bool{}
	for i := range uint64(64) {
		m[i] = true
	}
	return m
}

func first(m map[uint64]bool) uint64 {
	for n := range m {
		return n
	}
	return 0
}

func choice() uint64 {
	a, b := make(chan struct{}), make(chan struct{})
	close(a)
	close(b)
	select {
	case <-a:
		return 0
	case <-b:
		return 1
	}
}
