package meter

// Result is a rewritten module, and what the host may want to know of it.
type Result struct {
	Module []byte
	Names  map[uint32]string // of functions, by their index in Module; a trap's stack shows indices only
	Facts  Facts
	Stats  Stats
}

// Facts are what decides whether the state of an instance can be saved and
// restored, and how.
type Facts struct {
	Globals       []Global // of the guest, that can change
	ImportsMemory bool
	ImportsTable  bool
	ImportsGlobal bool
	ExportsTable  bool // so the host may change it
	MutatesTables bool // table.set, grow, fill, copy or init
	DropsElements bool // elem.drop
	PassiveData   int  // segments that only memory.init reads
	UsesSegments  bool // memory.init or data.drop
	HasStart      bool
}

// Global is a global of the guest that can change.
type Global struct {
	Index  uint32
	Type   byte   // value type as it is encoded
	Export string // its reserved name; empty without Options.ExportGlobals
}

// Plain reports whether the host can read and set the global's value: no
// vector, which the engine's interface cuts in half, and no reference.
func (g Global) Plain() bool {
	return g.Type == typeI32 || g.Type == typeI64 || g.Type == typeF32 || g.Type == typeF64
}

func (f *Facts) note(op int) {
	switch op {
	case opTableSet, opTableGrow, opTableFill, opTableCopy, opTableInit:
		f.MutatesTables = true
	case opElemDrop:
		f.DropsElements = true
	case opMemoryInit, opDataDrop:
		f.UsesSegments = true
	}
}

// Stats count what the rewriter did.
type Stats struct {
	Functions int
	Light     int // that count no depth and never look at the fuel
	Regions   int
	Checks    int
}

func (s *Stats) region(r *region, checked bool) {
	if r.cost > 0 {
		s.Regions++
	}
	if checked {
		s.Checks++
	}
}
