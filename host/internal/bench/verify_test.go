package bench

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/lessee-run/lessee/host/internal/devpg/devpgtest"
)

func emptySite(t *testing.T) *site {
	t.Helper()
	cfg := Default()
	cfg.DSN = devpgtest.Database(t)
	s, err := openSite(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.pool.Close)
	return s
}

func wantNoCount(t *testing.T, what string, err error) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), "does not count") {
		t.Errorf("%s: %v", what, err)
	}
}

func TestEnqueue_DoesNotCountWhenARowIsMissing(t *testing.T) {
	s := emptySite(t)
	for what, miss := range map[string]func(*enqueuing){
		"a job": func(e *enqueuing) { e.jobs.Add(1) },
		"a row": func(e *enqueuing) { e.inserted.Add(1) },
	} {
		e := &enqueuing{site: s, bare: bareTable{pgx.Identifier{"lessee", "bench_bare"}}}
		if err := e.bare.create(t.Context(), s.pool); err != nil {
			t.Fatal(err)
		}
		if err := e.verify(t.Context(), nil); err != nil {
			t.Errorf("nothing is missing: %v", err)
		}
		miss(e)
		wantNoCount(t, what, e.verify(t.Context(), nil))
	}
}

func TestBacklog_DoesNotCountWhenAJobIsMissing(t *testing.T) {
	s := emptySite(t)
	if err := s.enqueueBatch(t.Context(), 0, 3); err != nil {
		t.Fatal(err)
	}
	if err := s.verifyBacklog(t.Context(), 3, 0); err != nil {
		t.Errorf("all are there: %v", err)
	}
	wantNoCount(t, "one more ready", s.verifyBacklog(t.Context(), 4, 0))
	wantNoCount(t, "one more ended", s.verifyBacklog(t.Context(), 3, 1))
	if _, err := s.pool.Exec(t.Context(), "delete from lessee.job_payload where job_id = (select min(id) from lessee.job_queue)"); err != nil {
		t.Fatal(err)
	}
	wantNoCount(t, "a payload", s.verifyBacklog(t.Context(), 3, 0))
}
