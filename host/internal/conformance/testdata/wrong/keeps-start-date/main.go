// Command keeps-start-date looks at the clock when it starts, and never again.
package main

import (
	"context"
	"time"

	"github.com/lessee-run/lessee/sdk"
)

type stamp struct {
	At time.Time `json:"at"`
}

var (
	plugin  = sdk.Register(sign)
	started = time.Now()
)

func main() { plugin.Main() }

func sign(context.Context, struct{}) (stamp, error) { return stamp{started.UTC()}, nil }
