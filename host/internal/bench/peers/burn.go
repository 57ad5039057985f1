package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/lessee-run/lessee/host/internal/bench/report"
)

// Bounds of the burn-downs.
const (
	timesRiver      = 2.5 // Lessee's speed, the queue alone
	timesGraphile   = 1.5
	timesHand       = 0.5
	timesRiverBoxed = 1.5 // its speed with a sandbox for each job, River's without any
)

// system drains jobs in a database of its own and returns jobs a second. It fails
// unless every job was done.
type system struct {
	name string
	run  func(ctx context.Context, l *lab, dsn string) (float64, error)
}

const (
	lesseeAlone = "lessee, best"
	lesseePlain = "lessee, 1,000 slots"
	lesseeBoxed = "lessee, a sandbox for each job"
	lesseeGo    = "lessee, the same with a guest in Go"
	hand        = "hand-written loop, the same columns"
	riverTuned  = "river, best"
	riverPlain  = "river, defaults"
	graphileTop = "graphile worker, best"
	pgbossTop   = "pg-boss, best"
)

func systems() []system {
	return []system{
		{lesseeAlone, lesseeBurn("--executor", "none", "--slots", lesseeSlots)},
		{lesseePlain, lesseeBurn("--executor", "none")},
		{lesseeBoxed, lesseeBurn("--executor", "wasm")},
		{lesseeGo, lesseeGuest},
		{hand, handwritten},
		{riverTuned, func(ctx context.Context, l *lab, dsn string) (float64, error) {
			return riverBurn(ctx, l, dsn, l.river, l.jobs)
		}},
		{riverPlain, func(ctx context.Context, l *lab, dsn string) (float64, error) {
			return riverBurn(ctx, l, dsn, riverDefaults, min(l.jobs, 5000)) // more would take too long
		}},
		{graphileTop, graphileBurn},
		{pgbossTop, pgbossBurn},
	}
}

// burnDowns drains the same backlog with every system in turn.
func (l *lab) burnDowns(ctx context.Context) ([]*report.Report, error) {
	alone := report.New("1  Burn-down, the queue alone")
	if err := l.conditions(ctx, alone); err != nil {
		return nil, err
	}
	installed, err := versions()
	if err != nil {
		return nil, err
	}
	alone.Note("%s", installed)
	alone.Note("a backlog of %d jobs that do nothing, %d rounds, every job verified; Lessee best: %s slots; River best: %s; the hand-written loop: the best of %v", l.jobs, l.repeat, lesseeSlots, l.river, handSettings)
	all := slices.DeleteFunc(systems(), func(s system) bool { return !l.chosen(s.name) })
	speeds, err := l.rounds(ctx, all)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{lesseeAlone, lesseePlain, hand, riverTuned, riverPlain, graphileTop, pgbossTop} {
		alone.Add(name, "jobs/s", speeds[name]...)
	}
	alone.AtLeast(timesRiver, "lessee ÷ river, best", report.Ratios(speeds[lesseeAlone], speeds[riverTuned])...)
	alone.AtLeast(timesGraphile, "lessee ÷ graphile worker, best", report.Ratios(speeds[lesseeAlone], speeds[graphileTop])...)
	alone.AtLeast(timesHand, "lessee ÷ hand-written loop", report.Ratios(speeds[lesseeAlone], speeds[hand])...)

	boxed := report.New("2  Burn-down, a clean sandbox for each job")
	boxed.Note("the same run; River has no sandbox; the guest in Go is for information")
	for _, name := range []string{lesseeBoxed, lesseeGo, riverTuned} {
		boxed.Add(name, "jobs/s", speeds[name]...)
	}
	boxed.AtLeast(timesRiverBoxed, "lessee, sandboxed ÷ river, best", report.Ratios(speeds[lesseeBoxed], speeds[riverTuned])...)
	return []*report.Report{alone, boxed}, nil
}

func (l *lab) chosen(name string) bool {
	return l.only == "" || slices.ContainsFunc(strings.Split(l.only, ","), func(part string) bool { return strings.Contains(name, part) })
}

// rounds gives every system a turn in each round; another one begins each time.
func (l *lab) rounds(ctx context.Context, all []system) (map[string][]float64, error) {
	speeds := map[string][]float64{}
	for round := range l.repeat {
		for n := range all {
			s := all[(n+round)%len(all)]
			err := l.inDatabase(ctx, func(dsn string) error {
				speed, err := s.run(ctx, l, dsn)
				speeds[s.name] = append(speeds[s.name], speed)
				progress("round %d  %-36s %8.0f jobs/s", round+1, s.name, speed)
				return err
			})
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
		}
	}
	return speeds, nil
}
