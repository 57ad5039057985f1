// Command guest is what the host's acceptance tests run: it works as long as
// it is told to, and answers with what it got.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/sdk"
)

type in struct {
	SleepMS  int64           `json:"sleep_ms"`
	Fail     string          `json:"fail"`     // an error with this message
	Tally    bool            `json:"tally"`    // answered with how many attempts this instance has seen
	Output   json.RawMessage `json:"output"`   // answered as it is
	Commands []abi.Command   `json:"commands"` // asked for
	Enqueue  []abi.FollowUp  `json:"enqueue"`  // asked for
}

var plugin = sdk.Register(work)

var seen int

func main() { plugin.Main() }

func work(ctx context.Context, in in) (json.RawMessage, error) {
	sdk.Logger(ctx).Info("working")
	sdk.Progress(ctx, 333, "about to sleep\x00\xff")
	time.Sleep(time.Duration(in.SleepMS) * time.Millisecond)
	if seen++; in.Tally {
		return json.Marshal(seen)
	}
	var errs []error
	for _, c := range in.Commands {
		errs = append(errs, sdk.Command(ctx, c.Name, c.Args))
	}
	for _, f := range in.Enqueue {
		errs = append(errs, sdk.Enqueue(ctx, f))
	}
	if in.Fail != "" {
		errs = append(errs, errors.New(in.Fail))
	}
	return in.Output, errors.Join(errs...)
}
