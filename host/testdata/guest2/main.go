// Command guest2 is another module for guest's class: it answers at once.
package main

import (
	"context"

	"github.com/lessee-run/lessee/sdk"
)

var plugin = sdk.Register(func(context.Context, any) (string, error) { return "the second", nil })

func main() { plugin.Main() }
