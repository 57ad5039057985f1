package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"text/tabwriter"
	"time"
)

// The sweep for River's best settings: every combination of these. More workers
// than 2,000 wait for the fetches, fewer for the cooldown; of less than 1 ms it
// takes no cooldown.
var (
	sweepWorkers   = []int{500, 1000, 2000, 5000}
	sweepCooldowns = []time.Duration{time.Millisecond, 2 * time.Millisecond, 5 * time.Millisecond}
	sweepConns     = []int32{5, 10, 20}
)

// sweepRiver prints the grid, best first.
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
				err := l.inDatabase(ctx, func(dsn string) (err error) {
					p.speed, err = riverBurn(ctx, l, dsn, p.riverSettings, l.jobs)
					return err
				})
				if err != nil {
					return fmt.Errorf("%s: %w", p.riverSettings, err)
				}
				progress("%s  %.0f jobs/s", p.riverSettings, p.speed)
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
