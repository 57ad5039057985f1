//go:build linux

package process

import "runtime"

// forker runs what it is given on one thread that lives as long as the engine.
// A parent-death signal is sent when the thread ends that forked, not the
// process, and Go ends threads as it likes.
type forker struct{ work chan func() }

func newForker() *forker {
	f := &forker{work: make(chan func())}
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		for do := range f.work {
			do()
		}
	}()
	return f
}

func (f *forker) do(do func()) {
	done := make(chan struct{})
	f.work <- func() { defer close(done); do() }
	<-done
}

// close ends the thread, and with it every process that it forked.
func (f *forker) close() { close(f.work) }
