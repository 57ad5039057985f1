package job

import "time"

// Front is where the live part of one priority of one class begins: of it only
// what lies after (RunAt, ID) is claimed. RunAt is the database's text.
type Front struct {
	Class    string `json:"class"`
	Priority int    `json:"priority"`
	RunAt    string `json:"run_at"`
	ID       int64  `json:"id"`
	Until    int    `json:"until,omitempty"` // of a claim: other priorities up to this one are looked at as well
}

// Bounds of priorities, and of their fronts.
const (
	PriorityNone = -1          // below the lowest
	PriorityEnd  = 1<<15 - 1   // above the highest
	FrontStart   = "-infinity" // before everything
)

// Survey is the answer to a question for fronts.
type Survey struct {
	Fronts []Front
	// At every moment some transactions are at work; when all that had an id at At
	// are over, a later survey's Oldest has reached XID.
	At          time.Time
	XID, Oldest int64 // XID is 0 when there is no sample
}
