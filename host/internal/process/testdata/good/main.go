// Command good is a well-behaved plugin. It does what its payload says.
package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/lessee-run/lessee/sdk"
	"github.com/lessee-run/lessee/sdk/process"
)

type input struct {
	Log      string `json:"log,omitempty"`      // line to log
	Stderr   string `json:"stderr,omitempty"`   // line to write to stderr
	Progress int    `json:"progress,omitempty"` // to report
	SleepMS  int    `json:"sleep_ms,omitempty"` // unless it is cancelled
	DeafMS   int    `json:"deaf_ms,omitempty"`  // to sleep whatever happens
	Getenv   string `json:"getenv,omitempty"`
	Fetch    string `json:"fetch,omitempty"`
	Repeat   int    `json:"repeat,omitempty"` // bytes of output
}

type output struct {
	Said      string `json:"said,omitempty"`
	PID       int    `json:"pid"`
	Cancelled string `json:"cancelled,omitempty"`
}

func handle(ctx context.Context, in input) (output, error) {
	out := output{PID: os.Getpid(), Said: os.Getenv(in.Getenv) + strings.Repeat("x", in.Repeat)}
	if in.Log != "" {
		sdk.Logger(ctx).Warn(in.Log)
	}
	if in.Stderr != "" {
		fmt.Fprintln(os.Stderr, in.Stderr)
	}
	if in.Progress > 0 {
		sdk.Progress(ctx, in.Progress, "on its way")
	}
	if in.Fetch != "" {
		answer, err := sdk.Fetch(ctx, sdk.Request{URL: in.Fetch})
		if err != nil {
			return out, err
		}
		out.Said = string(answer.Body)
	}
	time.Sleep(time.Duration(in.DeafMS) * time.Millisecond)
	if in.SleepMS > 0 {
		select {
		case <-time.After(time.Duration(in.SleepMS) * time.Millisecond):
		case <-ctx.Done():
			return out, context.Cause(ctx)
		}
	}
	return out, nil
}

func main() { process.Serve(sdk.New(handle, sdk.Named("good", "1"), sdk.WantsHTTP())) }
