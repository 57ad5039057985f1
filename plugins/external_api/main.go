// Command external_api is the executor class external_api: it calls an HTTP
// API that the class is granted, with a request that the operator describes and
// the payload fills in.
package main

import "github.com/lessee-run/lessee/sdk"

var plugin = sdk.Register(call, sdk.Named("external_api", "1.0.0"), sdk.ConfigOf[config](), sdk.WantsHTTP())

func main() { plugin.Main() }
