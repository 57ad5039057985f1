package sdk

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/lessee-run/lessee/abi"
)

// Enqueue asks for a follow-up job. Like every effect it is committed together
// with this job, and dropped when the handler returns an error (but for [Park]).
func Enqueue(ctx context.Context, job abi.FollowUp) error {
	return effect(ctx, func(r *abi.Result) { r.Enqueue = append(r.Enqueue, job) })
}

// Command asks for a registered Postgres function to run in the transaction
// that commits this job. args is encoded as JSON.
func Command(ctx context.Context, name string, args any) error {
	encoded, err := json.Marshal(args)
	if err != nil {
		return fmt.Errorf("encode the arguments of command %s: %w", name, err)
	}
	return effect(ctx, func(r *abi.Result) { r.Commands = append(r.Commands, abi.Command{Name: name, Args: encoded}) })
}

// Emit asks for an event of a registered type. payload is encoded as JSON;
// consumers see the events of one key in order.
func Emit(ctx context.Context, eventType string, payload any, key string) error {
	encoded, err := json.Marshal(payload)
	if err != nil {
		return fmt.Errorf("encode the payload of event %s: %w", eventType, err)
	}
	event := abi.Event{Type: eventType, Payload: encoded, Key: key}
	return effect(ctx, func(r *abi.Result) { r.Events = append(r.Events, event) })
}

func effect(ctx context.Context, add func(*abi.Result)) error {
	a, ok := attemptFrom(ctx)
	if !ok {
		return errNoAttempt
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	add(&a.effects)
	return nil
}
