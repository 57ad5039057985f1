// Command transform is the executor class transform: JSON to JSON, by an
// expression of jq.
package main

import "github.com/lessee-run/lessee/sdk"

var plugin = sdk.Register(transform, sdk.Named("transform", "1.0.0"), sdk.ConfigOf[config]())

func main() { plugin.Main() }
