package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strconv"

	"github.com/lessee-run/lessee/host/internal/bench/report"
)

// lesseeJSON runs `lessee bench`, which verifies its jobs itself, and reads what
// it found. A bound that is not kept ends it with an error, and is no failure here.
func (l *lab) lesseeJSON(ctx context.Context, dsn string, into any, args ...string) error {
	cmd := exec.CommandContext(ctx, l.program("lessee"), append([]string{"--dsn", dsn, "bench"}, append(args, "--json")...)...)
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if len(out) == 0 {
		return fmt.Errorf("lessee bench %s: %w: %s", args[0], err, &said)
	}
	if err := json.Unmarshal(out, into); err != nil {
		return fmt.Errorf("lessee bench %s: %w: %s", args[0], err, &said)
	}
	return nil
}

// lesseeSlots is what the sweep found best; 1,000 are the command's default.
const lesseeSlots = "2000"

func lesseeBurn(executor ...string) func(context.Context, *lab, string) (float64, error) {
	return func(ctx context.Context, l *lab, dsn string) (float64, error) {
		var found struct {
			Speed float64 `json:"drained_per_s"`
		}
		err := l.lesseeJSON(ctx, dsn, &found, append([]string{"burn", "--jobs", strconv.Itoa(l.jobs)}, executor...)...)
		return found.Speed, err
	}
}

// lesseeGuest is lesseeBurn in a guest in Go, built from source. Its memory is
// megabytes, so there are no thousand of them.
func lesseeGuest(ctx context.Context, l *lab, dsn string) (float64, error) {
	guest := l.program("noop.wasm")
	err := l.goBuild(ctx, []string{"GOOS=wasip1", "GOARCH=wasm"}, "-buildmode=c-shared", "-trimpath", "-ldflags=-s -w", "-o", guest, "./host/internal/bench/testdata/noop")
	if err != nil {
		return 0, err
	}
	return lesseeBurn("--executor", "wasm", "--module", guest, "--slots", "200")(ctx, l, dsn)
}

// enqueues is item 6, which needs no peer: the limit is a bare INSERT.
func (l *lab) enqueues(ctx context.Context) ([]*report.Report, error) {
	var r report.Report
	err := l.inDatabase(ctx, func(dsn string) error {
		progress("enqueue: lessee beside bare INSERTs")
		return l.lesseeJSON(ctx, dsn, &r, "enqueue", "--repeat", strconv.Itoa(l.repeat), "--for", (l.steady / 4).String())
	})
	r.Title = "6  " + r.Title
	return []*report.Report{&r}, err
}
