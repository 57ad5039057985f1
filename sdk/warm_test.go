package sdk

import (
	"context"
	"errors"
	"testing"

	"github.com/lessee-run/lessee/abi"
)

func TestWarmingNeverCallsTheHandler(t *testing.T) {
	type in struct {
		Name  string
		Inner struct{ Count int }
		List  []*in
	}
	New(func(context.Context, in) (map[string]in, error) {
		t.Error("the handler was called")
		return nil, nil
	}).warm()
}

func TestWarmingSurvivesTypesThatDoNotLikeIt(*testing.T) {
	New(func(context.Context, picky) (func(), error) { return nil, nil }).warm()
	New(func(context.Context, shy) (shy, error) { return shy{}, nil }).warm()
}

func TestTheBlankEnvelopeIsOneOfTheContract(t *testing.T) {
	for _, payload := range []any{struct{ A int }{}, 0, nil, []string(nil), shy{}} {
		e, err := abi.DecodeEnvelope(blankEnvelope(payload))
		if err != nil || e.Job.Deadline.IsZero() {
			t.Errorf("%T: %+v, %v", payload, e, err)
		}
	}
}

// picky panics when it is decoded.
type picky struct{}

func (*picky) UnmarshalJSON([]byte) error { panic("not that empty") }

// shy can't be encoded.
type shy struct{}

func (shy) MarshalJSON() ([]byte, error) { return nil, errors.New("no") }
