package bench_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest"

	"github.com/lessee-run/lessee/host/internal/bench"
	"github.com/lessee-run/lessee/host/internal/bench/report"
	"github.com/lessee-run/lessee/host/internal/devpg/devpgtest"
	"github.com/lessee-run/lessee/host/internal/postgres"
	"github.com/lessee-run/lessee/host/internal/postgres/postgrestest"
)

// TestMain is a host in a process of its own when the measurement starts it as one.
func TestMain(m *testing.M) {
	if os.Getenv(asHost) == "" {
		postgrestest.Main(m)
		return
	}
	if err := bench.ServeHost(context.Background(), os.Stdin, os.Stdout, zap.NewNop()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

const asHost = "LESSEE_BENCH_TEST_HOST"

func small(t *testing.T) (bench.Config, func() int) {
	t.Helper()
	cfg := bench.Default()
	cfg.DSN, cfg.Jobs, cfg.Slots, cfg.Rate, cfg.For = devpgtest.Database(t), 300, 50, 100, time.Second
	left := func() (n int) {
		err := pool(t, cfg).QueryRow(t.Context(), `select (select count(*) from lessee.job) + (select count(*) from lessee.job_payload) + (select count(*) from lessee.job_attempt)
			+ (select count(*) from lessee.job_idempotency) + (select count(*) from lessee.executor_class_registry) + (select count(*) from lessee.executor_module_registry)`).Scan(&n)
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
	cfg.For, cfg.Repeat = 3*time.Second, 1 // on a busy machine a host takes half a second to get going
	p, err := bench.RunPinned(t.Context(), cfg, zaptest.NewLogger(t))
	if err != nil {
		t.Fatal(err)
	}
	complete(t, &p.Report, 6, 2)
	if n := left(); n != 0 {
		t.Errorf("%d rows are left", n)
	}
	wellFormed(t, p.Plot())
}

func TestHeld_RunsTheSameRateWithAndWithoutASnapshot(t *testing.T) {
	cfg, left := small(t)
	cfg.Repeat, cfg.Before = 1, 700
	var progress bytes.Buffer
	r, err := bench.RunHeld(t.Context(), cfg, &progress, zaptest.NewLogger(t))
	if err != nil {
		t.Fatal(err)
	}
	complete(t, r, 9, 2)
	if !strings.Contains(progress.String(), "2 of 2 turns") {
		t.Errorf("progress: %q", &progress)
	}
	if n := left(); n != 0 || scratches(t, cfg) != 0 {
		t.Errorf("%d rows and %d databases are left", n, scratches(t, cfg))
	}
}

func TestEnqueue_FindsEveryRowAndPutsTheSettingBack(t *testing.T) {
	cfg, left := small(t)
	cfg.For, cfg.Repeat = 100*time.Millisecond, 2
	r, err := bench.RunEnqueue(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	complete(t, r, 7, 2)
	if n := left(); n != 0 {
		t.Errorf("%d rows are left", n)
	}
	var value string
	var bare *string
	if err := pool(t, cfg).QueryRow(t.Context(), "select value::text, to_regclass('lessee.bench_bare')::text from lessee.runtime_setting where name = 'queue.notify.enabled'").Scan(&value, &bare); err != nil {
		t.Fatal(err)
	}
	if value != "true" || bare != nil {
		t.Errorf("queue.notify.enabled is %s, the bare table %v", value, bare)
	}
}

func TestHosts_DrainOneBacklogAsProcesses(t *testing.T) {
	cfg, left := small(t)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cfg.Host, cfg.Repeat, cfg.For = []string{"env", asHost + "=1", program}, 1, 0
	r, err := bench.RunHosts(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	complete(t, r, 20, 4)
	if n := left(); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

func TestHosts_OneThatCanNotStartIsAnError(t *testing.T) {
	cfg, _ := small(t)
	cfg.Host, cfg.Repeat = []string{"false"}, 1
	if _, err := bench.RunHosts(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "before it was ready") {
		t.Errorf("%v", err)
	}
}

func TestBacklog_StaysAsLongAsItIsAndLeavesNothing(t *testing.T) {
	cfg, left := small(t)
	cfg.Jobs, cfg.Classes, cfg.Keys, cfg.Scheduled, cfg.Batch, cfg.Repeat = 3000, 5, 100, 1000, 10, 1
	var progress bytes.Buffer
	r, err := bench.RunBacklog(t.Context(), cfg, &progress)
	if err != nil {
		t.Fatal(err)
	}
	complete(t, r, 6, 2)
	if !strings.Contains(progress.String(), "3000 of 3000 ready") || !strings.Contains(progress.String(), "1000 of 1000 scheduled") {
		t.Errorf("progress: %q", &progress)
	}
	if n := left(); n != 0 || scratches(t, cfg) != 0 {
		t.Errorf("%d rows and %d databases are left", n, scratches(t, cfg))
	}
}

func TestBurn_DoesNotCountWhenAJobIsMissing(t *testing.T) {
	cfg, _ := small(t)
	cfg.Keep = true
	if _, err := bench.RunBurn(t.Context(), cfg, zaptest.NewLogger(t)); err != nil {
		t.Fatal(err)
	}
	p := pool(t, cfg)
	var class string
	if err := p.QueryRow(t.Context(), "select class from lessee.executor_class_registry").Scan(&class); err != nil {
		t.Fatal(err)
	}
	if err := bench.Verify(t.Context(), p, []string{class}, cfg.Jobs); err != nil {
		t.Errorf("all are there: %v", err)
	}
	if err := bench.Verify(t.Context(), p, []string{class}, cfg.Jobs+1); err == nil || !strings.Contains(err.Error(), "does not count") {
		t.Errorf("one is missing: %v", err)
	}
	if _, err := p.Exec(t.Context(), "select lessee.fn_job_enqueue($1)", class); err != nil {
		t.Fatal(err)
	}
	if err := bench.Verify(t.Context(), p, []string{class}, cfg.Jobs); err == nil || !strings.Contains(err.Error(), "1 are left") {
		t.Errorf("one is left: %v", err)
	}
}

// complete fails when a figure or a verdict of a report is missing. What they
// say is not a test's to judge: a machine may be slow.
func complete(t *testing.T, r *report.Report, rows, verdicts int) {
	t.Helper()
	if len(r.Rows) < rows || len(r.Verdicts) != verdicts {
		t.Errorf("%d figures and %d verdicts: %+v", len(r.Rows), len(r.Verdicts), r)
	}
	for _, row := range r.Rows {
		if row.Unit == "jobs/s" && row.Low <= 0 {
			t.Errorf("%s is %v", row.Name, row.Values)
		}
	}
	var out bytes.Buffer
	if err := r.Print(&out); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + out.String())
}

// scratches counts the databases that measurements made and did not drop.
func scratches(t *testing.T, cfg bench.Config) (n int) {
	t.Helper()
	if err := pool(t, cfg).QueryRow(t.Context(), "select count(*) from pg_database where datname like 'lessee\\_bench\\_%'").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func pool(t *testing.T, cfg bench.Config) *pgxpool.Pool {
	t.Helper()
	pool, err := postgres.Connect(t.Context(), cfg.DSN, "test", 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
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
