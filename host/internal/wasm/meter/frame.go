package meter

import "slices"

// frame estimates the native stack that one call of a function takes. The
// engine gives a stack slot to each value that is alive during a call, and
// never uses the slot again for another; and it spills some of what is too
// much for the registers. So this counts each value on the operand stack, and
// each value of a local, once when a call happens on top of it, and adds all
// locals and the highest operand stack. Where those are more than registers,
// it counts each value of a local anyway.
type frame struct {
	height  int // of the operand stack
	highest int
	counted int // values at the bottom of the operand stack that are counted
	spilled int
	locals  int
	wide    bool     // there are vectors, of two words
	epoch   uint32   // the number of the next call
	set     []uint32 // per local: the epoch of its last change
	fresh   int      // locals set in this epoch
	sets    int      // of locals
}

// The parts of a frame, in bytes: what every call pushes, a word, a vector.
const (
	frameFixed = 128
	frameWord  = 8
	frameWide  = 16

	registers = 12 // that the engine has, or a few less
)

func (f *frame) reset(params, locals int) {
	*f = frame{locals: locals, epoch: 1, set: slices.Grow(f.set[:0], locals)[:locals]}
	clear(f.set)
	for i := range params {
		f.assign(uint32(i))
	}
}

func (f *frame) assign(local uint32) {
	f.sets++
	if f.set[local] != f.epoch {
		f.set[local] = f.epoch
		f.fresh++
	}
}

// move takes values from the operand stack, and puts others on it. It reports
// false if there are not so many.
func (f *frame) move(pop, push int) bool {
	if f.height < pop {
		return false
	}
	f.height -= pop
	f.counted = min(f.counted, f.height)
	f.height += push
	f.highest = max(f.highest, f.height)
	return true
}

// to sets the height of the operand stack at a label.
func (f *frame) to(height int) {
	f.height = height
	f.counted = min(f.counted, height)
	f.highest = max(f.highest, height)
}

// call counts what is alive below the arguments, which are off the stack.
func (f *frame) call() {
	f.spilled += f.height - f.counted + f.fresh
	f.counted = f.height
	f.fresh = 0
	f.epoch++
}

// bytes is the estimate.
func (f *frame) bytes() int64 {
	word := frameWord
	if f.wide {
		word = frameWide
	}
	slots := f.locals + f.highest + f.spilled
	if f.locals+f.highest > registers {
		slots += f.sets
	}
	return frameFixed + int64(word)*int64(slots)
}
