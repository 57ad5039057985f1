package worker

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestCrew_NoneStandsBehindAnAttemptThatLasts(t *testing.T) {
	const n = 200
	var begun atomic.Int32
	all := make(chan struct{})
	c := newCrew(func(assignment) {
		if begun.Add(1) == n {
			close(all)
		}
		<-all
	})
	go func() {
		c.start(make([]assignment, n/2)...)
		for range n / 2 {
			c.start(assignment{})
		}
	}()
	select {
	case <-all:
	case <-time.After(10 * time.Second):
		t.Fatalf("%d of %d began; the others wait for them to end", begun.Load(), n)
	}
	c.close()
}

func TestCrew_FewRunManyThatAreShort(t *testing.T) {
	const n = 10_000
	before := runtime.NumGoroutine()
	var ended sync.WaitGroup
	ended.Add(n)
	c := newCrew(func(assignment) { ended.Done() })
	c.start(make([]assignment, n)...)
	ended.Wait()
	if crew := runtime.NumGoroutine() - before; crew > n/10 {
		t.Errorf("%d goroutines ran %d attempts", crew, n)
	}
	c.close()
}

func TestCrew_RunsEachOnceWhoeverBringsThem(t *testing.T) {
	const n = 2000
	var ran [n]atomic.Int32
	c := newCrew(func(a assignment) {
		if ran[a.waited].Add(1); a.waited%7 == 0 {
			time.Sleep(time.Millisecond)
		}
	})
	var bringers sync.WaitGroup
	for first := range 4 {
		bringers.Go(func() {
			for i := first; i < n; i += 4 {
				c.start(assignment{waited: time.Duration(i)})
			}
		})
	}
	bringers.Wait()
	c.close()
	for i := range ran {
		if times := ran[i].Load(); times != 1 {
			t.Fatalf("number %d ran %d times", i, times)
		}
	}
}
