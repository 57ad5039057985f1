package job

import (
	"slices"
	"testing"
)

func TestTransitions_LeadFromStatesToStates(t *testing.T) {
	seen := map[Transition]bool{}
	for _, tr := range Transitions() {
		if !slices.Contains(States(), tr.From) || !slices.Contains(States(), tr.To) || !slices.Contains(Words(), tr.Word) {
			t.Errorf("%v names what does not exist", tr)
		}
		if seen[tr] {
			t.Errorf("%v stands there twice", tr)
		}
		seen[tr] = true
		if tr.From.Final() && tr.Word != Replay {
			t.Errorf("%v leads out of a final state", tr)
		}
	}
}

func TestTransitions_UseEveryWordButEnqueueAndReachEveryStateFromAnEnqueue(t *testing.T) {
	words, reached := map[Word]bool{Enqueue: true}, []State{Proposed, Scheduled, Ready}
	for again := true; again; {
		again = false
		for _, tr := range Transitions() {
			words[tr.Word] = true
			if slices.Contains(reached, tr.From) && !slices.Contains(reached, tr.To) {
				reached, again = append(reached, tr.To), true
			}
		}
	}
	for _, w := range Words() {
		if !words[w] {
			t.Errorf("no transition says %s", w)
		}
	}
	if len(words) != len(Words()) || len(reached) != len(States()) {
		t.Errorf("words %v, reached %v", words, reached)
	}
}

func TestStates_EveryLiveOneHasAWayOutAndEndsAsFinal(t *testing.T) {
	ends := func(s State) bool {
		todo, seen := []State{s}, map[State]bool{}
		for len(todo) > 0 {
			if s, todo = todo[0], todo[1:]; s.Final() {
				return true
			}
			for _, tr := range Transitions() {
				if tr.From == s && !seen[tr.To] {
					seen[tr.To], todo = true, append(todo, tr.To)
				}
			}
		}
		return false
	}
	final := 0
	for i, s := range States() {
		if !ends(s) {
			t.Errorf("a job can stay in %s for ever", s)
		}
		if s.Final() {
			final++
		} else if final > 0 {
			t.Errorf("%s, state %d, comes after a final one", s, i)
		}
	}
	if final != 5 || State("done").Final() {
		t.Errorf("%d final states", final)
	}
}

func TestStates_ANonFinalOneThatNoHostHoldsCanBeCancelledAndExpired(t *testing.T) {
	for _, s := range States() {
		held := s == Leased || s == Running
		for word, want := range map[Word]bool{Cancel: !s.Final(), Expire: !s.Final() && !held} {
			if got := slices.ContainsFunc(Transitions(), func(tr Transition) bool { return tr.From == s && tr.Word == word }); got != want {
				t.Errorf("%s from %s: %v", word, s, got)
			}
		}
	}
}
