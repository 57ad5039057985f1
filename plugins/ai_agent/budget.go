package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/sdk"
)

const (
	// reserve is kept of the attempt's time, to tell what became of it before
	// the host ends it.
	reserve = 500 * time.Millisecond
	// minTime is too short for a request: what failed then, failed for time.
	minTime = 5 * time.Millisecond
)

// timeBudget is when an attempt that begins now has to end.
func timeBudget(ctx context.Context, c config) time.Time {
	until := time.Now().Add(365 * 24 * time.Hour)
	if c.Budgets.Seconds > 0 {
		until = time.Now().Add(time.Duration(min(c.Budgets.Seconds, 24*60*60)) * time.Second)
	}
	if deadline, ok := ctx.Deadline(); ok && deadline.Add(-reserve).Before(until) {
		until = deadline.Add(-reserve)
	}
	return until
}

func (a *agent) timeLeft() time.Duration { return time.Until(a.until) }

func (c *config) timeout() time.Duration { return time.Duration(c.TimeoutMS) * time.Millisecond }

// mayGoOn says why the model may not be asked again.
func (a *agent) mayGoOn(ctx context.Context) error {
	budgets := a.config.Budgets
	switch {
	case a.turns >= budgets.Turns:
		return a.exhausted(codeBudgetTurns, fmt.Sprintf("the model is not done after max_turns, %d", budgets.Turns))
	case a.used.total() >= budgets.Tokens:
		return a.exhausted(codeBudgetTokens, fmt.Sprintf("%d tokens are used, and max_tokens_total is %d", a.used.total(), budgets.Tokens))
	case a.timeLeft() < minTime:
		return a.exhausted(codeBudgetTime, "the time budget is used up")
	case sdk.Cancelled(ctx):
		return errors.New("the attempt was told to stop")
	}
	sdk.Progress(ctx, 1000*a.turns/budgets.Turns, fmt.Sprintf("turn %d of at most %d, %d tokens", a.turns+1, budgets.Turns, a.used.total()))
	return nil
}

// exhausted ends the attempt as the class says for budgets. Its effects are dropped.
func (a *agent) exhausted(code abi.Code, message string) error {
	err := a.told(code, message)
	if a.config.OnBudget == onBudgetRetry {
		return sdk.Retry(err)
	}
	return sdk.Permanent(err)
}

// broken ends the attempt for good. Its effects are dropped.
func (a *agent) broken(code abi.Code, message string) error {
	return sdk.Permanent(a.told(code, message))
}

// told is an error with the end of the transcript.
func (a *agent) told(code abi.Code, message string) *abi.Error {
	kept, omitted := ending(a.talk)
	err := abi.Errorf(code, "%s", message)
	err.Detail, _ = json.Marshal(map[string]any{"turns": a.turns, "usage": a.used, "transcript": kept, "omitted": omitted}) // texts and numbers encode
	return err
}
