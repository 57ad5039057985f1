// A plugin is one handler, from an input to an output. Everything a host does
// around it (leases, retries, committing what it answers) is not its business.
package main

import (
	"context"
	"errors"

	"github.com/lessee-run/lessee/sdk"
)

// Input is what a job's payload holds. Names in JSON are lower case by the tags.
type Input struct {
	Name string `json:"name"`
}

// Output is what is committed with the job.
type Output struct {
	Greeting string `json:"greeting"`
}

var plugin = sdk.Register(handle)

func main() { plugin.Main() }

// handle is one attempt at one job. A plain error means: try again later.
// sdk.Permanent says that no other attempt would fare better.
func handle(ctx context.Context, in Input) (Output, error) {
	if in.Name == "" {
		return Output{}, sdk.Permanent(sdk.WithCode(errors.New(`nobody to greet: send {"name": …}`), "no_name"))
	}
	sdk.Logger(ctx).Info("greeting", "name", in.Name)
	return Output{Greeting: "Hello, " + in.Name}, nil
}
