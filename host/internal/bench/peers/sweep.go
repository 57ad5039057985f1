package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"text/tabwriter"
	"time"

	"github.com/lessee-run/lessee/host/internal/bench/report"
)

// The sweep for the best settings: every combination of these for River, which
// takes no cooldown of less than 1 ms, and these for Lessee. On two CPUs the first
// places went to 5,000 workers, and of them most often to the shortest cooldown
// with the most connections; and to 2,000 and 4,000 slots.
var (
	sweepWorkers   = []int{500, 1000, 2000, 5000}
	sweepCooldowns = []time.Duration{time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond}
	sweepConns     = []int32{5, 10, 20}
	sweepSlots     = []int{500, 1000, 2000, 4000}
)

// sweep prints the speed of every setting, each system's best first, by the
// medians of its rounds.
func (l *lab) sweep(ctx context.Context) error {
	var ours, river []system
	for _, slots := range sweepSlots {
		ours = append(ours, system{fmt.Sprintf("lessee, %d slots", slots), lesseeBurn("--executor", "none", "--slots", strconv.Itoa(slots))})
	}
	for _, workers := range sweepWorkers {
		for _, cooldown := range sweepCooldowns {
			for _, conns := range sweepConns {
				p := riverSettings{workers, cooldown, conns}
				river = append(river, system{"river, " + p.String(), func(ctx context.Context, l *lab, dsn string) (float64, error) {
					return riverBurn(ctx, l, dsn, p, l.jobs)
				}})
			}
		}
	}
	for _, grid := range [][]system{ours, river} {
		if err := l.sweepGrid(ctx, grid); err != nil {
			return err
		}
	}
	return nil
}

func (l *lab) sweepGrid(ctx context.Context, grid []system) error {
	speeds, err := l.rounds(ctx, grid)
	if err != nil {
		return err
	}
	median := func(s system) float64 { return report.SpreadOf(speeds[s.name]).Median }
	slices.SortFunc(grid, func(a, b system) int { return cmp.Compare(median(b), median(a)) })
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "jobs/s\tsettings")
	for _, s := range grid {
		fmt.Fprintf(table, "%.0f\t%s\n", median(s), s.name)
	}
	return table.Flush()
}
