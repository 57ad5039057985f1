// Command fallen falls over in the way its payload names, or answers what no
// host commits.
package main

import (
	"context"
	"sync"

	"github.com/lessee-run/lessee/sdk"
)

type Input struct {
	Do string `json:"do"`
}

var plugin = sdk.Register(handle)

func main() { plugin.Main() }

func handle(_ context.Context, in Input) (any, error) {
	switch in.Do {
	case "panic":
		panic("no more shelves")
	case "trap":
		return place(nil), nil
	case "exit":
		return wait(), nil
	case "nul":
		return map[string]any{"shelf": map[string]string{"label": "a\x00b"}}, nil
	case "schema":
		return map[string]any{"pages": "three"}, nil
	}
	return map[string]any{"pages": 3}, nil
}

func place(shelf map[string]int) int {
	shelf["book"]++
	return len(shelf)
}

// wait waits for what never comes, which Go's runtime finds.
func wait() int {
	var mu sync.Mutex
	mu.Lock()
	mu.Lock()
	return 0
}
