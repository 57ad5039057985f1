package abi

// Usage is what an attempt used, stored with it. What is 0 is left out, but for the first two.
type Usage struct {
	Fuel        int64 `json:"fuel"`                   // work done, in the meter's units; the same for the same module and input, on every machine
	WallUS      int64 `json:"wall_us"`                // microseconds in the executor
	HostCalls   int64 `json:"host_calls,omitempty"`   // calls of host functions
	MemoryBytes int64 `json:"memory_bytes,omitempty"` // peak linear memory; 0 where the runtime has none
	OutputBytes int64 `json:"output_bytes,omitempty"` // size of the encoded result
	LogBytes    int64 `json:"log_bytes,omitempty"`    // size of all log lines
	HTTPCalls   int64 `json:"http_calls,omitempty"`   // HTTP requests, each hop of a redirect among them
	HTTPBytes   int64 `json:"http_bytes,omitempty"`   // bytes of all HTTP requests and responses
}

// Sink takes what an executor says while it runs. Calls come one at
// a time, and none after the execution returned.
type Sink interface {
	Log(level Level, line string)
	Progress(permille int, note string)
}
