package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/lessee-run/lessee/host/internal/bench/report"
)

// The sweep for River's best settings: every combination of these. It takes no
// cooldown of less than 1 ms. On two CPUs the first places went to 5,000 workers,
// and of them most often to the shortest cooldown with the most connections.
var (
	sweepWorkers   = []int{500, 1000, 2000, 5000}
	sweepCooldowns = []time.Duration{time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond}
	sweepConns     = []int32{5, 10, 20}
)

// sweepRiver prints the grid, best first, by the medians of its rounds.
func (l *lab) sweepRiver(ctx context.Context) error {
	type point struct {
		riverSettings
		speed float64
	}
	var grid []point
	for _, workers := range sweepWorkers {
		for _, cooldown := range sweepCooldowns {
			for _, conns := range sweepConns {
				p := point{riverSettings: riverSettings{workers, cooldown, conns}}
				speeds, err := l.rounds(ctx, []system{{p.String(), func(ctx context.Context, l *lab, dsn string) (float64, error) {
					return riverBurn(ctx, l, dsn, p.riverSettings, l.jobs)
				}}})
				if err != nil {
					return err
				}
				p.speed = report.SpreadOf(speeds[p.String()]).Median
				grid = append(grid, p)
			}
		}
	}
	slices.SortFunc(grid, func(a, b point) int { return int(b.speed - a.speed) })
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "jobs/s\tRiver")
	for _, p := range grid {
		fmt.Fprintf(table, "%.0f\t%s\n", p.speed, p.riverSettings)
	}
	return table.Flush()
}
