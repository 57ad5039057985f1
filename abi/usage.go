package abi

// Usage is what an attempt used, stored with it.
type Usage struct {
	WallUS      int64 `json:"wall_us"`      // microseconds in the executor
	MemoryBytes int64 `json:"memory_bytes"` // peak linear memory; 0 where the runtime has none
	OutputBytes int64 `json:"output_bytes"` // size of the encoded result
	LogBytes    int64 `json:"log_bytes"`    // size of all log lines
}

// Sink takes what an executor says while it runs. Calls come from the
// goroutine that executes, one at a time.
type Sink interface {
	Log(level Level, line string)
	Progress(permille int, note string)
}
