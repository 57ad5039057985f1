package bench_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"strings"
	"testing"
	"time"

	"go.uber.org/zap/zaptest"

	"github.com/lessee-run/lessee/host/internal/bench"
	"github.com/lessee-run/lessee/host/internal/devpg/devpgtest"
	"github.com/lessee-run/lessee/host/internal/postgres"
	"github.com/lessee-run/lessee/host/internal/postgres/postgrestest"
)

func TestMain(m *testing.M) { postgrestest.Main(m) }

func small(t *testing.T) (bench.Config, func() int) {
	t.Helper()
	cfg := bench.Default()
	cfg.DSN, cfg.Jobs, cfg.Slots, cfg.Rate, cfg.For = devpgtest.Database(t), 300, 50, 100, time.Second
	left := func() (n int) {
		pool, err := postgres.Connect(t.Context(), cfg.DSN, "test", 1)
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close()
		err = pool.QueryRow(context.Background(), `select (select count(*) from lessee.job) + (select count(*) from lessee.job_payload) + (select count(*) from lessee.job_attempt)
			+ (select count(*) from lessee.executor_class_registry) + (select count(*) from lessee.executor_module_registry)`).Scan(&n)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	return cfg, left
}

func wellFormed(t *testing.T, svg []byte) {
	t.Helper()
	decoder := xml.NewDecoder(bytes.NewReader(svg))
	for {
		if _, err := decoder.Token(); err != nil {
			if err.Error() != "EOF" {
				t.Errorf("the plot is not XML: %v", err)
			}
			return
		}
	}
}

func TestBurn_DrainsEveryJobAndLeavesNothing(t *testing.T) {
	for _, executor := range []string{bench.ExecutorNone, bench.ExecutorWASM} {
		t.Run(executor, func(t *testing.T) {
			cfg, left := small(t)
			cfg.Executor, cfg.Hosts, cfg.Classes = executor, 2, 3
			b, err := bench.RunBurn(t.Context(), cfg, zaptest.NewLogger(t))
			if err != nil {
				t.Fatal(err)
			}
			if b.DrainedPS <= 0 || b.Completions[len(b.Completions)-1] != 300 {
				t.Errorf("%+v", b)
			}
			if n := left(); n != 0 {
				t.Errorf("%d rows are left", n)
			}
			wellFormed(t, b.Plot())
		})
	}
}

func TestSteady_KnowsTheLatencyOfEveryJob(t *testing.T) {
	cfg, left := small(t)
	r, err := bench.RunSteady(t.Context(), cfg, zaptest.NewLogger(t))
	if err != nil {
		t.Fatal(err)
	}
	if r.Jobs != 100 || r.P50 <= 0 || r.P99 < r.P50 || r.Most < r.P99 {
		t.Errorf("%+v", r)
	}
	if n := left(); n != 0 {
		t.Errorf("%d rows are left", n)
	}
	wellFormed(t, r.Plot())
}

func TestPinned_EndsEveryJobUnderAHeldSnapshot(t *testing.T) {
	cfg, left := small(t)
	cfg.For = 5 * time.Second
	p, err := bench.RunPinned(t.Context(), cfg, zaptest.NewLogger(t))
	if err != nil {
		t.Fatal(err)
	}
	if p.BeforePS <= 0 || p.LastPS <= 0 {
		t.Errorf("%+v", p)
	}
	if n := left(); n != 0 {
		t.Errorf("%d rows are left", n)
	}
	wellFormed(t, p.Plot())
}

func TestConfig_NamesWhatCanNotWork(t *testing.T) {
	for want, change := range map[string]func(*bench.Config){
		"slots":    func(c *bench.Config) { c.Slots = 0 },
		"hosts":    func(c *bench.Config) { c.Hosts = 65 },
		"executor": func(c *bench.Config) { c.Executor = "python" },
	} {
		cfg := bench.Default()
		change(&cfg)
		if err := cfg.Validate(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
