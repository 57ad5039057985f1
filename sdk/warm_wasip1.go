package sdk

import "runtime"

// room is how much heap a job finds free: what it allocates beyond that grows
// the memory, and an instance whose memory has grown can't be restored, so that
// the next job has to wait for a new one.
const room = 2 << 20

// roomPiece is small, so that as many spans are known to the runtime as small
// objects of many sizes will need.
const roomPiece = 8 << 10

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

// makeRoom leaves free heap behind. The collector has run before the caches are
// filled, because it empties some of them.
func makeRoom() {
	pieces := make([][]byte, room/roomPiece)
	for i := range pieces {
		pieces[i] = make([]byte, roomPiece)
	}
	runtime.KeepAlive(pieces)
	runtime.GC()
}
