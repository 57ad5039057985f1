// Command hostile is a guest that misbehaves in the way its payload names.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/sdk"
)

type in struct {
	Mode string `json:"mode"`
}

var (
	plugin = sdk.Register(misbehave)
	kept   [][]byte
	sink   int
)

func main() { plugin.Main() }

func misbehave(ctx context.Context, in in) (string, error) {
	mode, ok := modes[in.Mode]
	if !ok {
		return "", sdk.Permanent(fmt.Errorf("no mode %q", in.Mode))
	}
	return mode(ctx)
}

var modes = map[string]func(context.Context) (string, error){
	"behave":     behave,
	"loop":       func(context.Context) (string, error) { return loop(), nil },
	"allocate":   func(context.Context) (string, error) { return allocate(), nil },
	"sleep":      func(context.Context) (string, error) { time.Sleep(time.Hour); return "slept", nil },
	"recurse":    func(context.Context) (string, error) { return fmt.Sprint(recurse(1)), nil },
	"output":     func(context.Context) (string, error) { return strings.Repeat("x", 2<<20), nil },
	"panic":      func(context.Context) (string, error) { panic("on purpose") },
	"go panic":   func(context.Context) (string, error) { return goPanic(), nil },
	"exit 0":     func(context.Context) (string, error) { os.Exit(0); return "", nil },
	"exit 3":     func(context.Context) (string, error) { return exit3(), nil },
	"log":        logWithoutEnd,
	"empty log":  emptyLogWithoutEnd,
	"print":      func(context.Context) (string, error) { return printWithoutEnd(), nil },
	"one line":   func(context.Context) (string, error) { fmt.Print(strings.Repeat("x", 20<<10)); return "", nil },
	"progress":   progressFlood,
	"events":     manyEvents,
	"follow-ups": manyFollowUps,
	"commands":   manyCommands,
	"peek":       func(context.Context) (string, error) { return peek(), nil },
	"remember":   func(context.Context) (string, error) { sink++; return fmt.Sprint(sink), nil },
}

func behave(ctx context.Context) (string, error) {
	sdk.Logger(ctx).Info("behaving")
	fmt.Fprintln(os.Stderr, "to stderr")
	sdk.Progress(ctx, 5000, strings.Repeat("ü", 1000))
	time.Sleep(time.Millisecond)
	return fmt.Sprint(sdk.JobFrom(ctx).ID, sdk.Cancelled(ctx)), nil
}

func loop() string {
	for {
		sink++
	}
}

func allocate() string {
	for {
		kept = append(kept, make([]byte, 1<<20))
	}
}

func recurse(n int) int { return recurse(n+1) + n }

func goPanic() string {
	go panic("in a goroutine")
	time.Sleep(time.Hour)
	return ""
}

func exit3() string {
	fmt.Fprint(os.Stderr, "three of three")
	os.Exit(3)
	return ""
}

func logWithoutEnd(ctx context.Context) (string, error) {
	for {
		sdk.Logger(ctx).Info("and another thing")
	}
}

func emptyLogWithoutEnd(ctx context.Context) (string, error) {
	for {
		fmt.Fprint(os.Stderr, "\n")
	}
}

func printWithoutEnd() string {
	for {
		fmt.Fprint(os.Stderr, "no newline ")
	}
}

func progressFlood(ctx context.Context) (string, error) {
	for i := range 100_001 {
		sdk.Progress(ctx, i/100, fmt.Sprint(i))
	}
	return "done", nil
}

func manyEvents(ctx context.Context) (string, error) {
	return many(func() error { return sdk.Emit(ctx, "e", nil, "") })
}

func manyFollowUps(ctx context.Context) (string, error) {
	return many(func() error { return sdk.Enqueue(ctx, abi.FollowUp{Class: "c"}) })
}

func manyCommands(ctx context.Context) (string, error) {
	return many(func() error { return sdk.Command(ctx, "fn", nil) })
}

func many(ask func() error) (string, error) {
	for range 1000 {
		if err := ask(); err != nil {
			return "", err
		}
	}
	return "", nil
}

// peek tells what of the world it can see.
func peek() string {
	_, dirErr := os.ReadDir("/")
	_, fileErr := os.ReadFile("/etc/passwd")
	if errors.Join(dirErr, fileErr) == nil {
		return "a file"
	}
	if time.Since(time.Unix(0, 0)) < 24*time.Hour*365*50 {
		return "a false clock"
	}
	return fmt.Sprint(len(os.Environ()), max(0, len(os.Args)-1))
}
