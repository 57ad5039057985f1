package sdk

import (
	"runtime"
	"slices"
)

// room is how much heap a job finds free: what it allocates beyond that grows
// the memory, and an instance whose memory has grown can't be restored, so that
// the next job has to wait for a new one.
const room = 2 << 20

// exportInit is called once by a host that keeps the state which follows, and
// by one that doesn't before every job. So it is quick, and without effect but
// for what the jobs then need not do.
//
//go:wasmexport lessee_init
func exportInit() {
	makeRoom()
	if p := registered.Load(); p != nil {
		p.warm()
	}
}

// makeRoom leaves free heap behind. One piece will do: when it is free, spans of
// any size are cut out of it. Caches are filled after that, because the
// collector empties some of them.
func makeRoom() {
	runtime.KeepAlive(make([]byte, room))
	runtime.GC()
	stock()
}

// stock has the allocator cut a span for every size of small objects, with
// pointers and without. A job would have to for each size that it is the first
// to use: seven in the job of bench:sandbox, for 60,000 units of fuel.
func stock() {
	for size := 1; size <= 2048; size = cap(stocked.bytes) + 1 {
		stocked.bytes = slices.Grow([]byte(nil), size) // its capacity is the next size there is
		stocked.pointers = make([]*byte, cap(stocked.bytes)/8)
	}
	stocked.bytes, stocked.pointers = nil, nil
}

// stocked keeps the compiler from placing these on the stack.
var stocked struct {
	bytes    []byte
	pointers []*byte
}
