package conformance

import (
	"fmt"
	"slices"
)

// Verdict is how a check ended.
type Verdict string

// Verdicts, from the best to the worst.
const (
	Skip Verdict = "skip" // does not apply, or can't be told
	Pass Verdict = "pass"
	Warn Verdict = "warn" // a host runs it, and somebody will be sorry
	Fail Verdict = "fail"
)

// Outcome is what one check found.
type Outcome struct {
	Check   string  `json:"check"`
	Holds   string  `json:"holds"` // what is true when it passes
	Verdict Verdict `json:"verdict"`
	Reason  string  `json:"reason,omitempty"` // what is wrong, and what is wanted; of a pass, what there is to know
	Where   string  `json:"where,omitempty"`  // in the author's source
}

// Failed reports whether one of the outcomes is a failure.
func Failed(outcomes []Outcome) bool {
	return slices.ContainsFunc(outcomes, func(o Outcome) bool { return o.Verdict == Fail })
}

// finding is an outcome without its check.
type finding struct {
	verdict Verdict
	reason  string
	where   string
}

func passes(format string, args ...any) finding {
	return finding{verdict: Pass, reason: fmt.Sprintf(format, args...)}
}

func skips(format string, args ...any) finding {
	return finding{verdict: Skip, reason: fmt.Sprintf(format, args...)}
}

func warns(format string, args ...any) finding {
	return finding{verdict: Warn, reason: fmt.Sprintf(format, args...)}
}

func fails(format string, args ...any) finding {
	return finding{verdict: Fail, reason: fmt.Sprintf(format, args...)}
}

// at says where in the source.
func (f finding) at(where string) finding {
	f.where = where
	return f
}

// worse is the one that says more against the module; of two alike, f.
func (f finding) worse(other finding) finding {
	rank := []Verdict{Skip, Pass, Warn, Fail}
	if slices.Index(rank, other.verdict) > slices.Index(rank, f.verdict) {
		return other
	}
	return f
}
