// Command panics-on-type takes for granted that a name is text.
package main

import (
	"context"

	"github.com/lessee-run/lessee/sdk"
)

var plugin = sdk.Register(greet)

func main() { plugin.Main() }

func greet(_ context.Context, in map[string]any) (string, error) {
	return "Hello, " + in["name"].(string), nil
}
