// Command noop is a plugin in Go that does nothing: what a sandbox costs a guest of the Go SDK.
package main

import (
	"context"

	"github.com/lessee-run/lessee/sdk"
)

type in struct {
	N int `json:"n"`
}

var plugin = sdk.Register(func(context.Context, in) (struct{}, error) { return struct{}{}, nil })

func main() { plugin.Main() }
