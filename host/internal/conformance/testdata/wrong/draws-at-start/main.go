// Command draws-at-start draws an id by chance when it starts, and gives every
// job the same.
package main

import (
	"context"
	"fmt"
	"math/rand/v2"

	"github.com/lessee-run/lessee/sdk"
)

type ticket struct {
	ID string `json:"id"`
}

var (
	plugin = sdk.Register(issue)
	id     = fmt.Sprintf("%016x", rand.Uint64())
)

func main() { plugin.Main() }

func issue(context.Context, struct{}) (ticket, error) { return ticket{id}, nil }
