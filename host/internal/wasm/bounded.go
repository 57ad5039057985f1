package wasm

import (
	"context"
	"fmt"
)

// bounded runs work, and returns without its result when ctx ends first: there
// is work that can't be interrupted. What it still makes then is freed when it
// is there. A panic of work comes back as an error.
func bounded[T any](ctx context.Context, work func() (T, error), free func(T)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	done := make(chan outcome, 1)
	go func() {
		var o outcome
		defer func() { done <- o }()
		defer recovered(&o.err)
		o.value, o.err = work()
	}()
	select {
	case o := <-done:
		return o.value, o.err
	case <-ctx.Done():
	}
	go func() {
		if o := <-done; o.err == nil {
			free(o.value)
		}
	}()
	var none T
	return none, context.Cause(ctx)
}

func recovered(err *error) {
	if cause := recover(); cause != nil {
		*err = fmt.Errorf("the engine panicked: %v", cause)
	}
}
