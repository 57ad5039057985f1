package metrics

import (
	"context"
	"sync"
	"time"

	"github.com/lessee-run/lessee/host/internal/job"
)

// askEvery is how often the database is asked at most: an idle host asks it
// less than once a second, and should go on doing so while it is watched.
const askEvery = 15 * time.Second

// askTimeout bounds one question.
const askTimeout = 5 * time.Second

// Work is what the database's counters say of the classes, as of some seconds ago.
type Work struct {
	read   func(context.Context) ([]job.Reading, error)
	ctx    context.Context // of the questions
	cancel context.CancelFunc

	mu     sync.Mutex
	asked  time.Time     // when the last question began
	asking chan struct{} // closed when it is over
	seen   Seen
}

// Seen is what was last read, and when.
type Seen struct {
	Readings []job.Reading
	At       time.Time // zero: never yet
	Failures int       // questions that had no answer, ever
}

// NewWork returns a Work that asks read. Close it.
func NewWork(read func(context.Context) ([]job.Reading, error)) *Work {
	ctx, cancel := context.WithCancel(context.Background())
	return &Work{read: read, ctx: ctx, cancel: cancel}
}

// Close ends a question that is under way, and lets none follow.
func (w *Work) Close() {
	w.cancel()
	w.mu.Lock()
	asking := w.asking
	w.mu.Unlock()
	if asking != nil {
		<-asking
	}
}

// Look tells what was last read. If that is long ago it asks, and waits for the
// answer no longer than patience: a database that hangs must not make its
// watchers hang.
func (w *Work) Look(patience time.Duration) Seen {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-w.ask():
	case <-timer.C:
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen
}

// ask returns what is closed when the latest question is over, and begins
// another when it is time for one.
func (w *Work) ask() <-chan struct{} {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.asking == nil || time.Since(w.asked) >= askEvery && over(w.asking) && w.ctx.Err() == nil {
		w.asked, w.asking = time.Now(), make(chan struct{})
		go w.question(w.asking)
	}
	return w.asking
}

func (w *Work) question(done chan struct{}) {
	defer close(done)
	ctx, cancel := context.WithTimeout(w.ctx, askTimeout)
	defer cancel()
	readings, err := w.read(ctx)
	w.mu.Lock()
	defer w.mu.Unlock()
	if err != nil {
		w.seen.Failures++
		return
	}
	w.seen.Readings, w.seen.At = readings, w.asked
}

func over(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
