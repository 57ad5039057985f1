package bench

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/lessee-run/lessee/host/internal/bench/report"
)

// Bounds of scaling out.
const (
	hostsKeep      = 0.85 // of the best total, with the most hosts
	heartbeatGrows = 1.2  // times the calls of one host alone
)

// warm is the part of a backlog that is drained before the clock starts. Hosts
// run for weeks: what each process and each of its sessions does once, within
// seconds of its start, is reported apart.
const warm = 0.2

// hostCounts are the numbers of hosts that are compared.
var hostCounts = []int{1, 2, 4, 8}

// scale is what some number of hosts did with one backlog.
type scale struct {
	speed         float64 // jobs/s of all, when they are warm
	cold          float64 // the same, from their start
	locks         locks
	beats, beatMS []float64 // of each host, a second; empty: the server does not count them
}

// RunHosts drains a backlog of cfg.Jobs with 1, 2, 4 and 8 hosts, each in a
// process of its own (cfg.Host) with its own lease and pool, in turn. They stay
// up for cfg.For at least, so that their heartbeats can be counted.
func RunHosts(ctx context.Context, cfg Config) (*report.Report, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	r := report.New("Many hosts on one backlog")
	r.Note("%s", report.Machine())
	results := map[int][]scale{}
	for n := range cfg.Repeat {
		counts := slices.Clone(hostCounts)
		if n%2 == 1 {
			slices.Reverse(counts)
		}
		for _, hosts := range counts {
			cfg.Hosts = hosts
			one, conditions, err := runHosts(ctx, cfg)
			if err != nil {
				return r, fmt.Errorf("%d hosts: %w", hosts, err)
			}
			if len(results) == 0 {
				r.Note("%s", conditions)
			}
			results[hosts] = append(results[hosts], one)
		}
	}
	r.Note("%d jobs that do nothing in %d classes; each host a process with %d slots and %d connections; every job verified", cfg.Jobs, cfg.Classes, cfg.Slots, cfg.Conns)
	r.Note("the clock starts when %.0f %% are done, and the hosts are warm", 100*warm)
	r.Note("locks: every 10 ms, of the hosts' connections; heartbeats: calls of fn_lease_renew, while draining and after, at least %s", cfg.For)
	addHosts(r, results)
	return r, nil
}

// addHosts adds the figures of every number of hosts, and judges them.
func addHosts(r *report.Report, results map[int][]scale) {
	of := func(hosts int, value func(scale) []float64) (values []float64) {
		for _, one := range results[hosts] {
			values = append(values, value(one)...)
		}
		return values
	}
	each := func(unit, what string, value func(scale) []float64) {
		for _, hosts := range hostCounts {
			r.Add(fmt.Sprintf("%d × host: %s", hosts, what), unit, of(hosts, value)...)
		}
	}
	speed := func(s scale) []float64 { return []float64{s.speed} }
	blocked := func(s scale) []float64 { return []float64{100 * s.locks.blocked()} }
	beats := func(s scale) []float64 { return s.beats }
	each("jobs/s", "total", speed)
	each("jobs/s", "total, from their start", func(s scale) []float64 { return []float64{s.cold} })
	each("% of busy", "connections that wait for a lock", func(s scale) []float64 { return []float64{100 * s.locks.share()} })
	each("waits seen", "locks not granted", func(s scale) []float64 { return []float64{float64(s.locks.Ungranted)} })
	for _, hosts := range hostCounts {
		for n, one := range results[hosts] {
			if len(one.locks.Kinds) > 0 {
				r.Note("%d × host, repetition %d: locks that were waited for, by kind: %v", hosts, n+1, one.locks.Kinds)
			}
		}
	}
	each("claims seen", "claims at work", func(s scale) []float64 { return []float64{float64(s.locks.Claims)} })
	each("claims held", "claims that wait for a lock", func(s scale) []float64 { return []float64{float64(s.locks.Held)} })
	each("% of claims seen", "claims that wait for another host's claim", blocked)
	each("calls/s", "heartbeats of each", beats)
	each("ms/s", "heartbeats of each", func(s scale) []float64 { return s.beatMS })

	most := hostCounts[len(hostCounts)-1]
	var best []float64
	for n := range results[most] {
		top := 0.0
		for _, hosts := range hostCounts {
			top = max(top, results[hosts][n].speed)
		}
		best = append(best, top)
	}
	r.AtLeast(hostsKeep, fmt.Sprintf("total of %d hosts ÷ the best", most), report.Ratios(of(most, speed), best)...)
	for _, hosts := range hostCounts[1:] {
		r.AtMostOf(0, "% of claims seen", fmt.Sprintf("claims that wait for another host's claim, %d hosts", hosts), of(hosts, blocked)...)
	}
	r.AtMost(heartbeatGrows, fmt.Sprintf("heartbeats of each of %d hosts ÷ of one alone", most), report.Ratios(of(most, beats), of(1, beats))...)
}

func runHosts(ctx context.Context, cfg Config) (one scale, conditions string, err error) {
	s, err := openSite(ctx, cfg)
	if err != nil {
		return one, "", err
	}
	defer func() {
		if closeErr := s.close(ctx); err == nil {
			err = closeErr
		}
	}()
	if conditions, err = s.conditions(ctx); err != nil {
		return one, "", err
	}
	if err := s.fill(ctx); err != nil {
		return one, "", fmt.Errorf("enqueue: %w", err)
	}
	if err := s.vacuum(ctx); err != nil {
		return one, "", err
	}
	if err := s.scale(ctx, &one); err != nil {
		return one, "", err
	}
	return one, conditions, s.verify(ctx, cfg.Jobs)
}

// scale starts the hosts, lets them all begin at once, and watches them.
func (s *site) scale(ctx context.Context, one *scale) error {
	hosts, err := s.startProcesses(ctx)
	if err != nil {
		return err
	}
	defer hosts.stop()
	before, err := s.heartbeats(ctx)
	if err != nil {
		return err
	}
	watched := s.watchLocks(ctx)
	began := time.Now()
	hosts.begin()
	first, err := hosts.await(ctx, int64(warm*float64(s.cfg.Jobs)))
	warmed := time.Now()
	if err == nil {
		_, err = hosts.await(ctx, int64(s.cfg.Jobs))
	}
	one.cold = float64(s.cfg.Jobs) / time.Since(began).Seconds()
	one.speed = one.cold
	if left := int64(s.cfg.Jobs) - first; left > 0 { // else so few that they never got warm
		one.speed = float64(left) / time.Since(warmed).Seconds()
	}
	if one.locks, err = watched(err); err != nil {
		return err
	}
	select {
	case <-time.After(s.cfg.For - time.Since(began)):
	case <-ctx.Done():
		return ctx.Err()
	}
	after, err := s.heartbeats(ctx)
	if err == nil && before != nil && after != nil {
		each := time.Since(began).Seconds() * float64(s.cfg.Hosts)
		one.beats, one.beatMS = []float64{(after.calls - before.calls) / each}, []float64{(after.ms - before.ms) / each}
	}
	return err
}
