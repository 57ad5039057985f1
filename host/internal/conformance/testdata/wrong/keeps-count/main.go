// Command keeps-count answers from a variable that it keeps from job to job.
package main

import (
	"context"

	"github.com/lessee-run/lessee/sdk"
)

type receipt struct {
	Number int `json:"number"`
}

var (
	plugin = sdk.Register(issue)
	issued int
)

func main() { plugin.Main() }

func issue(context.Context, struct{}) (receipt, error) {
	issued++
	return receipt{issued}, nil
}
