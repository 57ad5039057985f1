package sdk

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/lessee-run/lessee/abi"
)

func TestAHandlersContextEndsAtTheDeadline(t *testing.T) {
	c := contextUntil(t.Context(), time.Now().Add(20*time.Millisecond))
	defer c.end()
	if c.Err() != nil {
		t.Fatal(c.Err())
	}
	<-c.Done()
	if !errors.Is(c.Err(), context.DeadlineExceeded) || !errors.Is(context.Cause(c), context.DeadlineExceeded) {
		t.Errorf("%v, %v", c.Err(), context.Cause(c))
	}
}

func TestAPastDeadlineIsSeenWithoutWaiting(t *testing.T) {
	c := contextUntil(t.Context(), time.Now().Add(-time.Second))
	defer c.end()
	if !errors.Is(c.Err(), context.DeadlineExceeded) {
		t.Error(c.Err())
	}
	<-c.Done()
}

func TestAHandlersContextEndsWithTheAdapters(t *testing.T) {
	boom := errors.New("boom")
	for name, waits := range map[string]bool{"waited for": true, "not waited for": false} {
		t.Run(name, func(t *testing.T) {
			outer, cancel := context.WithCancelCause(t.Context())
			c := contextUntil(outer, time.Now().Add(time.Hour))
			defer c.end()
			if waits {
				c.Done()
			}
			cancel(boom)
			if !errors.Is(c.Err(), context.Canceled) || !errors.Is(context.Cause(c), boom) {
				t.Errorf("%v, %v", c.Err(), context.Cause(c))
			}
			<-c.Done()
		})
	}
}

func TestTheEndOfTheHandlerEndsWhatItDerived(t *testing.T) {
	for name, deadline := range map[string]time.Time{"with a deadline": time.Now().Add(time.Hour), "without": {}} {
		t.Run(name, func(t *testing.T) {
			c := contextUntil(t.Context(), deadline)
			derived, cancel := context.WithCancel(c)
			defer cancel()
			if derived.Err() != nil {
				t.Fatal(derived.Err())
			}
			c.end()
			<-derived.Done()
			if !errors.Is(c.Err(), context.Canceled) || !errors.Is(derived.Err(), context.Canceled) {
				t.Errorf("%v, %v", c.Err(), derived.Err())
			}
		})
	}
}

func TestAContextThatIsFirstWaitedForAfterTheEndIsDone(t *testing.T) {
	c := contextUntil(t.Context(), time.Now().Add(time.Hour))
	c.end()
	if !errors.Is(c.Err(), context.Canceled) {
		t.Error(c.Err())
	}
	<-c.Done()
}

func TestTheEarlierDeadlineCounts(t *testing.T) {
	early, late := time.Now().Add(time.Hour), time.Now().Add(2*time.Hour)
	for _, c := range []struct{ outer, own, want time.Time }{{early, late, early}, {late, early, early}, {early, time.Time{}, early}, {time.Time{}, late, late}} {
		outer, cancel := t.Context(), func() {}
		if !c.outer.IsZero() {
			outer, cancel = context.WithDeadline(outer, c.outer)
		}
		if got, ok := contextUntil(outer, c.own).Deadline(); !ok || !got.Equal(c.want) {
			t.Errorf("got %v, want %v", got, c.want)
		}
		cancel()
	}
	if got, ok := contextUntil(t.Context(), time.Time{}).Deadline(); ok {
		t.Errorf("got %v, want none", got)
	}
}

func TestAHandlersContextHoldsTheAdaptersValues(t *testing.T) {
	type key struct{}
	c := contextUntil(context.WithValue(t.Context(), key{}, "v"), time.Time{})
	defer c.end()
	for range 2 {
		if c.Value(key{}) != "v" {
			t.Error("lost")
		}
		if a, ok := attemptFrom(c); !ok || a != c.attempt {
			t.Error("not the attempt")
		}
		c.Done()
	}
}

func contextUntil(outer context.Context, deadline time.Time) *attemptContext {
	return &attemptContext{Context: outer, attempt: &attempt{envelope: abi.Envelope{Job: abi.Job{Deadline: deadline}}}}
}
