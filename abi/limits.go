package abi

import "time"

// Limits are the caps of one attempt, a column of the class row. A cap that is
// hit ends the attempt with the error code named beside it.
type Limits struct {
	Fuel        int64 `json:"fuel"`         // work, in the meter's units, some per instruction; limit_fuel
	WallMS      int64 `json:"wall_ms"`      // milliseconds from start to answer; limit_wall
	MemoryBytes int64 `json:"memory_bytes"` // linear memory, rounded down to 64 KiB pages; limit_memory
	StackBytes  int64 `json:"stack_bytes"`  // native stack of nested calls, as the meter estimates it; limit_stack
	HostCalls   int64 `json:"host_calls"`   // calls of host functions; limit_host_calls
	InputBytes  int64 `json:"input_bytes"`  // the payload; refused at enqueue, limit_input
	OutputBytes int64 `json:"output_bytes"` // the whole result; limit_output
	LogBytes    int64 `json:"log_bytes"`    // all log lines; limit_log
	Events      int64 `json:"events"`       // entries of a result; limit_effects
	FollowUps   int64 `json:"follow_ups"`   // entries of a result; limit_effects
	Commands    int64 `json:"commands"`     // entries of a result; limit_effects
	CommandMS   int64 `json:"command_ms"`   // milliseconds for all commands of a result; command_timeout
	HTTPCalls   int64 `json:"http_calls"`   // HTTP requests, each hop of a redirect among them; limit_http_calls
	HTTPBytes   int64 `json:"http_bytes"`   // bytes of all HTTP requests and responses, as they travel; limit_http_bytes
}

// DefaultLimits are what a class row that names none gets. The same figures
// stand in the SQL function fn_default_limits; a test compares the two.
func DefaultLimits() Limits {
	return Limits{
		Fuel:        100_000_000_000,
		WallMS:      30_000,
		MemoryBytes: 64 << 20,
		StackBytes:  16 << 20,
		HostCalls:   1_000_000,
		InputBytes:  1 << 20,
		OutputBytes: 1 << 20,
		LogBytes:    64 << 10,
		Events:      100,
		FollowUps:   100,
		Commands:    16,
		CommandMS:   5_000,
		HTTPCalls:   100,
		HTTPBytes:   16 << 20,
	}
}

// CheckEffects returns the limit_effects error of a result that asks for more
// than l allows; nil: it does not.
func (l Limits) CheckEffects(r Result) *Error {
	for _, c := range []struct {
		what  string
		count int
		limit int64
	}{
		{"events", len(r.Events), l.Events},
		{"follow_ups", len(r.Enqueue), l.FollowUps},
		{"commands", len(r.Commands), l.Commands},
	} {
		if int64(c.count) > c.limit {
			return Errorf(CodeLimitEffects, "the result holds %d %s, its limit is %d", c.count, c.what, c.limit)
		}
	}
	return nil
}

// Wall is WallMS as a duration.
func (l Limits) Wall() time.Duration { return time.Duration(l.WallMS) * time.Millisecond }
