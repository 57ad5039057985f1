// Command peers runs Lessee beside other Postgres queues and a hand-written
// loop, on one private Postgres, in turn, and judges the ratios. See task bench:peers.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/lessee-run/lessee/host/internal/bench/report"
)

// items are the measurements, by their numbers in the issue that asks for them.
var items = []struct {
	number string
	run    func(*lab, context.Context) ([]*report.Report, error)
}{
	{"1", (*lab).burnDowns}, // and 2: they share a run
	{"3", (*lab).latencies},
	{"6", (*lab).enqueues},
	{"8", (*lab).footprints},
}

func main() {
	l := &lab{river: riverBest}
	flag.IntVar(&l.jobs, "jobs", 50_000, "jobs to drain")
	flag.IntVar(&l.repeat, "repeat", 3, "rounds, in each of which every system has its turn")
	flag.DurationVar(&l.steady, "steady", 20*time.Second, "how long a steady rate is kept")
	flag.StringVar(&l.only, "only", "", "of burn-downs: systems whose name contains one of these, by comma")
	flag.StringVar(&l.root, "root", "../../../..", "the main module")
	flag.TextVar(&l.river, "river", riverBest, "River's best settings: workers/cooldown/connections")
	chosen := flag.String("items", "1,3,6,8", "what to measure: 1 burn-down, alone and sandboxed, 3 latency, 6 enqueue, 8 size")
	sweep := flag.Bool("sweep", false, "look for the best settings of Lessee and River instead")
	asJSON := flag.Bool("json", false, "print JSON")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	ok, err := run(ctx, l, strings.Split(*chosen, ","), *sweep, *asJSON)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

// run measures what is chosen; ok: every bound is kept.
func run(ctx context.Context, l *lab, chosen []string, sweep, asJSON bool) (ok bool, err error) {
	stop, err := l.open(ctx)
	if err != nil {
		return false, err
	}
	defer stop()
	if sweep {
		return true, l.sweep(ctx)
	}
	ok = true
	var all []*report.Report
	for _, item := range items {
		if !contains(chosen, item.number) {
			continue
		}
		found, err := item.run(l, ctx)
		if err != nil {
			return false, err
		}
		for _, r := range found {
			if failed, _ := r.Failed(); failed > 0 {
				ok = false
			}
			if !asJSON {
				if err := r.Print(os.Stdout); err != nil {
					return false, err
				}
			}
		}
		all = append(all, found...)
	}
	if asJSON {
		return ok, json.NewEncoder(os.Stdout).Encode(all)
	}
	return ok, nil
}

// contains reports whether an item is chosen; 2 is part of 1.
func contains(chosen []string, number string) bool {
	for _, c := range chosen {
		if c == number || c == "2" && number == "1" {
			return true
		}
	}
	return false
}
