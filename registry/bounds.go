package registry

import (
	"fmt"
	"reflect"

	"github.com/lessee-run/lessee/abi"
)

// Bounds are a host's upper bounds for the limits of classes, by the keys of
// limits. A limit whose key is not there is not bounded.
type Bounds map[string]int64

// Check reports a key or a bound that can't be meant.
func (b Bounds) Check() error {
	known := map[string]bool{}
	eachLimit(abi.Limits{}, func(key string, _ int64) { known[key] = true })
	for key, bound := range b {
		switch {
		case !known[key]:
			return fmt.Errorf("limits_max.%s is unknown: the keys are those of a class's limits, as docs/abi.md lists them", key)
		case bound < 1:
			return fmt.Errorf("limits_max.%s is %d: it must be at least 1", key, bound)
		}
	}
	return nil
}

// Exceeded says which limit is above its bound; empty: none.
func (b Bounds) Exceeded(limits abi.Limits) (why string) {
	if len(b) == 0 {
		return ""
	}
	eachLimit(limits, func(key string, limit int64) {
		if bound, ok := b[key]; ok && limit > bound && why == "" {
			why = fmt.Sprintf("limits.%s is %d, this host has %d for it (limits_max, and memory for memory_bytes): lower the one or raise the other", key, limit, bound)
		}
	})
	return why
}

// eachLimit calls f with every limit by its key in the row.
func eachLimit(limits abi.Limits, f func(key string, limit int64)) {
	v := reflect.ValueOf(limits)
	for i := range v.NumField() {
		f(v.Type().Field(i).Tag.Get("json"), v.Field(i).Int())
	}
}
