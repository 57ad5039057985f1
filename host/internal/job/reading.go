package job

// Reading is what the counters say of a class at a moment. Nobody counted jobs for it.
type Reading struct {
	Class   string          `json:"class"`
	Enabled bool            `json:"enabled"`
	States  map[State]int64 `json:"states"`               // jobs; running ones are leased, of final states it is all that ever ended so, but for dead_lettered
	Words   map[Word]int64  `json:"words"`                // how many jobs each was ever said of
	Oldest  *float64        `json:"oldest_ready_seconds"` // how long the oldest ready job has been ready; null: none is
	Minute  Rates           `json:"rate_1m"`              // over the last minute and the one under way
	Ten     Rates           `json:"rate_10m"`             // over ten minutes and the one under way
}

// Rates are jobs a second.
type Rates struct {
	Enqueued float64  `json:"enqueued"`
	Done     float64  `json:"done"`
	Failed   float64  `json:"failed"`       // attempts: retried, dead-lettered or rescued
	Failure  *float64 `json:"failure_rate"` // Failed of Done and Failed, from 0 to 1; null: neither was
}

// Later is how many jobs are due later.
func (r Reading) Later() int64 { return r.States[Scheduled] + r.States[RetryWait] }

// Parked is how many jobs wait for somebody.
func (r Reading) Parked() int64 { return r.States[Proposed] + r.States[Waiting] }

// Impossible names a state with less than no jobs, if there is one: then somebody
// changed tables by hand.
func (r Reading) Impossible() (State, bool) {
	for _, state := range States() {
		if r.States[state] < 0 {
			return state, true
		}
	}
	return "", false
}
