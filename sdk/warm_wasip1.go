package sdk

import "runtime"

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
}
