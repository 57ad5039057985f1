package meter

import "errors"

// Why [Budget.Tick] ends a call.
var (
	ErrFuel  = errors.New("the fuel is used up")
	ErrDepth = errors.New("the call stack is too deep")
)

// DefaultSlice is the fuel between two ticks. Common code uses it up in a tenth
// of a millisecond; code that does nothing but touch fresh pages of memory, in
// about ten.
const DefaultSlice = 1 << 18

// Budget is the host's side of the meter for one run: what it may use, and
// what it used. How much is used does not depend on the slice.
type Budget struct {
	Fuel  int64 // that may be used in all
	Slice int64 // 0: DefaultSlice

	granted int64
}

// Start returns the first slice. The host sets the fuel global to it before it
// calls the guest; if it does not, the guest ticks at once and gets it then.
func (b *Budget) Start() int64 {
	b.granted = 0
	return b.grant(0)
}

// Tick is called with the tick's operands: what is left of the slice, below
// zero, and of the depth. It returns the next slice.
func (b *Budget) Tick(fuel, depth int64) (int64, error) {
	if depth < 0 {
		return 0, ErrDepth
	}
	used := b.Used(fuel)
	if used > b.Fuel {
		return 0, ErrFuel
	}
	return b.grant(used), nil
}

func (b *Budget) grant(used int64) int64 {
	slice := b.Slice
	if slice == 0 {
		slice = DefaultSlice
	}
	slice = min(slice, b.Fuel-used)
	b.granted = used + slice
	return slice
}

// Used is the fuel used so far, when the fuel global holds the given rest. It
// may be more than the budget: the last region before the end is paid for
// whole.
func (b *Budget) Used(fuel int64) int64 { return b.granted - fuel }

// Over reports whether a run that ended by itself used more than it may have
// without any tick noticing.
func (b *Budget) Over(fuel int64) bool { return b.Used(fuel) > b.Fuel }
