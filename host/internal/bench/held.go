package bench

import (
	"context"

	"go.uber.org/zap"

	"github.com/lessee-run/lessee/host/internal/bench/report"
)

// RunHeld runs a steady rate without a held snapshot and with one, in turn,
// each for cfg.For.
func RunHeld(ctx context.Context, cfg Config, log *zap.Logger) (*report.Report, error) {
	r := report.New("A steady rate under a held snapshot")
	r.Note("%s", report.Machine())
	r.Note("%d jobs a second that take %s, enqueued one by one on %d connections, for %s without and %s with a REPEATABLE READ transaction held; every job verified",
		cfg.Rate, cfg.Work, cfg.Writers, cfg.For, cfg.For)
	if cfg.Before > 0 {
		r.Note("%d more run before each, under the snapshot where one is held, as many at once as go, then VACUUM", cfg.Before)
	}
	figures := map[bool]map[string][]float64{false: {}, true: {}}
	for range cfg.Repeat {
		for _, held := range []bool{false, true} {
			s, err := runSteady(ctx, cfg, held, log)
			if err != nil {
				return r, err
			}
			into := figures[held]
			into["done"] = append(into["done"], s.DonePS)
			into["p50"] = append(into["p50"], s.P50)
			into["p99"] = append(into["p99"], s.P99)
			into["max"] = append(into["max"], s.Most)
		}
	}
	free, held := figures[false], figures[true]
	r.Add("without: done", "jobs/s", free["done"]...)
	r.Add("held: done", "jobs/s", held["done"]...)
	for _, name := range []string{"p50", "p99", "max"} {
		r.Add("without: "+name, "ms, "+name, free[name]...)
		r.Add("held: "+name, "ms, "+name, held[name]...)
	}
	r.AtLeast(heldKeeps, "throughput, held ÷ without", report.Ratios(held["done"], free["done"])...)
	r.AtMost(heldAddsP99, "p99, held ÷ without", report.Ratios(held["p99"], free["p99"])...)
	return r, nil
}
