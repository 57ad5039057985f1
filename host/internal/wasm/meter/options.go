package meter

// What a rewritten module imports and exports beside its own.
const (
	ImportModule   = "lessee_meter"
	ImportTick     = "tick" // (fuel i64, depth i64) -> i64, the fuel of the next slice
	ReservedPrefix = "__lessee_"
	FuelGlobal     = ReservedPrefix + "fuel"  // i64, what is left of the slice; the host may set it
	DepthGlobal    = ReservedPrefix + "depth" // i64, what is left of the stack in bytes; the host sets it before each call

	globalPrefix = ReservedPrefix + "g"
)

// Defaults of [Options].
const (
	DefaultDepth    = 32 << 20 // enough for JSON nested 10,000 deep in Go
	DefaultMaxTable = 1 << 20
)

// Options say how to rewrite a module.
type Options struct {
	Depth         int64  // bytes of native stack, as estimated, that a start function has, and any call until the host sets the global; 0: DefaultDepth
	MaxTable      uint32 // elements that a table may have; 0: DefaultMaxTable
	ExportGlobals bool   // export what of the guest's globals can change, for snapshots

	exact bool // each instruction is a region: slow, what tests compare with
}

func (o Options) withDefaults() Options {
	if o.Depth == 0 {
		o.Depth = DefaultDepth
	}
	if o.MaxTable == 0 {
		o.MaxTable = DefaultMaxTable
	}
	return o
}
