package abi

// Usage is what an attempt used, stored with it.
type Usage struct {
	Fuel        int64 `json:"fuel"`         // work done, in the meter's units; the same for the same module and input, on every machine
	WallUS      int64 `json:"wall_us"`      // microseconds in the executor
	HostCalls   int64 `json:"host_calls"`   // calls of host functions
	MemoryBytes int64 `json:"memory_bytes"` // peak linear memory; 0 where the runtime has none
	OutputBytes int64 `json:"output_bytes"` // size of the encoded result
	LogBytes    int64 `json:"log_bytes"`    // size of all log lines
	HTTPCalls   int64 `json:"http_calls"`   // HTTP requests, each hop of a redirect among them
	HTTPBytes   int64 `json:"http_bytes"`   // bytes of all HTTP requests and responses
}

// Sink takes what an executor says while it runs. Calls come one at
// a time, and none after the execution returned.
type Sink interface {
	Log(level Level, line string)
	Progress(permille int, note string)
}
