// Command forgotten-buildmode is a good plugin that is built without
// -buildmode=c-shared.
package main

import (
	"context"

	"github.com/lessee-run/lessee/sdk"
)

var plugin = sdk.Register(func(context.Context, struct{}) (string, error) { return "done", nil })

func main() { plugin.Main() }
