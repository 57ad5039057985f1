package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/registry"
)

var (
	output   = json.RawMessage(`{"a": 1}`)
	events   = []abi.Event{{Type: "e"}}
	followUp = []abi.FollowUp{{Class: "c"}}
	commands = []abi.Command{{Name: "n"}}
	slow     = abi.Errorf("slow", "the other side is slow")
)

func TestDecide_AsksForTheWordOfEveryAnswer(t *testing.T) {
	policy := registry.RetryPolicy{PermanentCodes: []abi.Code{"payload_invalid"}}
	for name, c := range map[string]struct {
		result abi.Result
		err    error
		want   Outcome
	}{
		"ok":                                    {abi.Result{Status: abi.StatusOK, Output: output, Events: events, Enqueue: followUp, Commands: commands}, nil, Outcome{Word: Succeed, Output: output, Events: events, Enqueue: followUp, Commands: commands}},
		"park keeps effects, not the output":    {abi.Result{Status: abi.StatusPark, Output: output, Events: events, Enqueue: followUp, Commands: commands}, nil, Outcome{Word: Park, Events: events, Enqueue: followUp, Commands: commands}},
		"fail":                                  {abi.Result{Status: abi.StatusFail, Error: slow}, nil, Outcome{Word: DeadLetter, Error: slow}},
		"retry":                                 {abi.Result{Status: abi.StatusRetry, Error: slow}, nil, Outcome{Word: Retry, Error: slow}},
		"retry after":                           {abi.Result{Status: abi.StatusRetry, Error: slow, RetryAfterMS: 7}, nil, Outcome{Word: Retry, Error: slow, RetryAfterMS: 7}},
		"retry with a permanent code":           {abi.Result{Status: abi.StatusRetry, Error: abi.Errorf("payload_invalid", "no"), RetryAfterMS: 7}, nil, Outcome{Word: DeadLetter, Error: abi.Errorf("payload_invalid", "no")}},
		"an unknown status":                     {abi.Result{Status: "done"}, nil, Outcome{Word: Retry, Error: abi.Errorf(abi.CodeResultInvalid, `status "done" is unknown`)}},
		"retry without an error":                {abi.Result{Status: abi.StatusRetry}, nil, Outcome{Word: Retry, Error: abi.Errorf(abi.CodeResultInvalid, `status "retry" came without an error`)}},
		"fail without an error":                 {abi.Result{Status: abi.StatusFail}, nil, Outcome{Word: DeadLetter, Error: abi.Errorf(abi.CodeResultInvalid, `status "fail" came without an error`)}},
		"an error with a code":                  {abi.Result{}, abi.Errorf(abi.CodeLimitWall, "30s"), Outcome{Word: Retry, Error: abi.Errorf(abi.CodeLimitWall, "30s")}},
		"a wrapped error with a code":           {abi.Result{}, fmt.Errorf("run: %w", slow), Outcome{Word: Retry, Error: slow}},
		"an error with a permanent code":        {abi.Result{}, abi.Errorf("payload_invalid", "no"), Outcome{Word: DeadLetter, Error: abi.Errorf("payload_invalid", "no")}},
		"an error without a code":               {abi.Result{}, errors.New("broken"), Outcome{Word: Retry, Error: abi.Errorf(abi.CodeHostError, "broken")}},
		"an error outweighs an answer":          {abi.Result{Status: abi.StatusOK, Output: output}, slow, Outcome{Word: Retry, Error: slow}},
		"a context that ended for no cause":     {abi.Result{}, context.Canceled, Outcome{Word: Retry, Error: abi.Errorf(abi.CodeHostError, "context canceled")}},
		"cancelled by an operator":              {abi.Result{}, fmt.Errorf("stopped: %w", ErrCancelled), Outcome{Word: Cancel, Error: abi.Errorf(abi.CodeCancelled, "an operator cancelled the job")}},
		"interrupted":                           {abi.Result{}, ErrInterrupted, Outcome{Word: Release, Error: abi.Errorf(abi.CodeInterrupted, "%v", ErrInterrupted)}},
		"not ready":                             {abi.Result{}, ErrNotReady, Outcome{Word: Release, Error: abi.Errorf(abi.CodeInterrupted, "%v", ErrNotReady)}},
		"cancelled and interrupted is a cancel": {abi.Result{}, errors.Join(ErrInterrupted, ErrCancelled), Outcome{Word: Cancel, Error: abi.Errorf(abi.CodeCancelled, "an operator cancelled the job")}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := Decide(c.result, c.err, policy); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got  %+v (%v)\nwant %+v (%v)", got, got.Error, c.want, c.want.Error)
			}
		})
	}
}

func TestDecide_TakesEveryPermanentCodeToTheDeadLetters(t *testing.T) {
	codes := []abi.Code{"payload_invalid", "result_schema", "not_granted", "not_registered", "limit_input", "limit_effects", "my_own"}
	policy := registry.RetryPolicy{PermanentCodes: codes}
	for _, code := range codes {
		err := abi.Errorf(code, "no")
		if got := Decide(abi.Result{}, err, policy); got.Word != DeadLetter || got.Error != err {
			t.Errorf("%s: %+v", code, got)
		}
		if got := Decide(abi.Result{}, err, registry.RetryPolicy{}); got.Word != Retry {
			t.Errorf("%s under a policy without it: %+v", code, got)
		}
	}
}

func TestDecide_OfAFailureNeverHasEffects(t *testing.T) {
	whole := abi.Result{Output: output, Events: events, Enqueue: followUp, Commands: commands, Error: slow}
	for _, status := range []abi.Status{abi.StatusRetry, abi.StatusFail, "done", ""} {
		whole.Status = status
		got := Decide(whole, nil, registry.RetryPolicy{})
		if got.Output != nil || got.Events != nil || got.Enqueue != nil || got.Commands != nil {
			t.Errorf("status %q: %+v", status, got)
		}
	}
}
