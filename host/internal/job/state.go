package job

// State is a row of work_state.
type State string

// The twelve states; docs/state-machine.md draws them.
const (
	Proposed     State = "proposed"
	Scheduled    State = "scheduled"
	Ready        State = "ready"
	Leased       State = "leased"
	Running      State = "running"
	Waiting      State = "waiting"
	RetryWait    State = "retry_wait"
	Succeeded    State = "succeeded"
	DeadLettered State = "dead_lettered"
	Cancelled    State = "cancelled"
	Expired      State = "expired"
	Rejected     State = "rejected"
)

// States lists all of them, the final ones last.
func States() []State {
	return []State{Proposed, Scheduled, Ready, Leased, Running, Waiting, RetryWait, Succeeded, DeadLettered, Cancelled, Expired, Rejected}
}

// Final reports whether no word but replay leads out of s.
func (s State) Final() bool {
	switch s {
	case Succeeded, DeadLettered, Cancelled, Expired, Rejected:
		return true
	}
	return false
}

// Word is a transition's name: the same in docs, SQL, Go and tests.
type Word string

// The sixteen words. Enqueue makes a job; the others lead from state to state.
const (
	Enqueue    Word = "enqueue"
	Approve    Word = "approve"
	Reject     Word = "reject"
	Due        Word = "due"
	Claim      Word = "claim"
	Start      Word = "start"
	Succeed    Word = "succeed"
	Retry      Word = "retry"
	Park       Word = "park"
	Resume     Word = "resume"
	Release    Word = "release"
	Rescue     Word = "rescue"
	DeadLetter Word = "dead_letter"
	Cancel     Word = "cancel"
	Expire     Word = "expire"
	Replay     Word = "replay"
)

// Words lists all of them.
func Words() []Word {
	return []Word{Enqueue, Approve, Reject, Due, Claim, Start, Succeed, Retry, Park, Resume, Release, Rescue, DeadLetter, Cancel, Expire, Replay}
}

// Transition is a row of work_state_transition.
type Transition struct {
	From State
	Word Word
	To   State
}

// Transitions is the whole state machine. The database holds the same rows,
// docs/state-machine.md the same list; a test compares the three.
func Transitions() []Transition {
	return []Transition{
		{Proposed, Approve, Ready},
		{Proposed, Approve, Scheduled},
		{Proposed, Reject, Rejected},
		{Proposed, Cancel, Cancelled},
		{Proposed, Expire, Expired},
		{Scheduled, Due, Ready},
		{Scheduled, Cancel, Cancelled},
		{Scheduled, Expire, Expired},
		{Ready, Claim, Leased},
		{Ready, Cancel, Cancelled},
		{Ready, Expire, Expired},
		{Leased, Start, Running},
		{Leased, Succeed, Succeeded},
		{Leased, Retry, RetryWait},
		{Leased, DeadLetter, DeadLettered},
		{Leased, Park, Waiting},
		{Leased, Release, Ready},
		{Leased, Rescue, Ready},
		{Leased, Cancel, Cancelled},
		{Running, Succeed, Succeeded},
		{Running, Retry, RetryWait},
		{Running, DeadLetter, DeadLettered},
		{Running, Park, Waiting},
		{Running, Release, Ready},
		{Running, Rescue, Ready},
		{Running, Cancel, Cancelled},
		{Waiting, Resume, Ready},
		{Waiting, Cancel, Cancelled},
		{Waiting, Expire, Expired},
		{RetryWait, Due, Ready},
		{RetryWait, Cancel, Cancelled},
		{RetryWait, Expire, Expired},
		{DeadLettered, Replay, Ready},
	}
}
