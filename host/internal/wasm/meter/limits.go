package meter

// Limits of a module's size. They are those that engines agree on for the web,
// but for the lower ones of tables, nesting and segments' elements.
// Source: https://webassembly.github.io/spec/js-api/#limits
const (
	maxTypes     = 1_000_000
	maxFunctions = 1_000_000
	maxImports   = 100_000
	maxExports   = 100_000
	maxGlobals   = 1_000_000
	maxSegments  = 100_000
	maxElements  = 10_000_000
	maxTables    = 100
	maxValues    = 1_000 // parameters or results
	maxLocals    = 50_000
	maxBody      = 7_654_321 // bytes of a function
	maxNesting   = 50_000    // blocks in blocks
	maxRegions   = 500_000   // of a function
)
