package worker

import "time"

// Status is what a worker knows of itself, for the health endpoint.
type Status struct {
	Lease       int64     // 0: none
	RenewedAt   time.Time // when the database last renewed it
	Running     int       // attempts that hold a slot
	Uncommitted int       // grants not settled, those that run included
	Stopping    bool      // no more jobs are taken
	LastError   string    // of the last call to the database that failed; empty after one that did not
}

// Status returns the present one.
func (w *Worker) Status() Status {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.status
}

func (w *Worker) note(change func(*Status)) {
	w.mu.Lock()
	change(&w.status)
	w.mu.Unlock()
}

func (w *Worker) failed(err error) { w.note(func(s *Status) { s.LastError = err.Error() }) }
