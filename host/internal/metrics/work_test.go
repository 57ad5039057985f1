package metrics_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/host/internal/metrics"
)

func TestWork_AsksOnceHoweverManyLookAtOnce(t *testing.T) {
	var asked atomic.Int64
	w := metrics.NewWork(func(context.Context) ([]job.Reading, error) {
		asked.Add(1)
		return []job.Reading{{Class: "page"}}, nil
	})
	defer w.Close()
	var lookers sync.WaitGroup
	for range 50 {
		lookers.Go(func() {
			for range 20 {
				if seen := w.Look(time.Minute); len(seen.Readings) != 1 || seen.At.IsZero() {
					t.Errorf("saw %+v", seen)
				}
			}
		})
	}
	began := time.Now()
	lookers.Wait()
	if n := asked.Load(); n > 1+int64(time.Since(began)/(15*time.Second)) {
		t.Errorf("asked %d times in %s", n, time.Since(began))
	}
}

func TestWork_DoesNotMakeItsLookersWaitForADatabaseThatHangs(t *testing.T) {
	w := metrics.NewWork(func(ctx context.Context) ([]job.Reading, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	for range 3 {
		if seen := w.Look(time.Millisecond); !seen.At.IsZero() || seen.Readings != nil {
			t.Errorf("saw %+v", seen)
		}
	}
	w.Close() // ends the question
	if seen := w.Look(0); seen.Failures != 1 {
		t.Errorf("saw %+v", seen)
	}
}

func TestWork_SaysHowOftenItHadNoAnswer(t *testing.T) {
	w := metrics.NewWork(func(context.Context) ([]job.Reading, error) { return nil, errors.New("no database") })
	defer w.Close()
	if seen := w.Look(time.Minute); seen.Failures != 1 || !seen.At.IsZero() {
		t.Errorf("saw %+v", seen)
	}
}
