// Command ai_agent is the executor class ai_agent: it lets a language model use
// the tools that the class names, within budgets. What the model does is data
// until the job commits.
package main

import "github.com/lessee-run/lessee/sdk"

var plugin = sdk.Register(run, sdk.Named("ai_agent", "1.0.0"), sdk.ConfigOf[config](), sdk.WantsHTTP())

func main() { plugin.Main() }
