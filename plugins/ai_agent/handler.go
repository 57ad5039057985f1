package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/sdk"
)

// Codes of what can be wrong, beside those of [sdk.Fetch].
const (
	codeConfigInvalid abi.Code = "config_invalid"

	codeBudgetTurns  abi.Code = "budget_turns"
	codeBudgetTokens abi.Code = "budget_tokens"
	codeBudgetTime   abi.Code = "budget_time"
	codeBudgetCalls  abi.Code = "budget_tool_calls"

	codeToolUnknown        abi.Code = "tool_unknown"
	codeToolRefused        abi.Code = "tool_refused" // its server answered 4xx
	codeToolAnswer         abi.Code = "tool_answer"  // its server answered what result_schema does not allow
	codeArgumentsMalformed abi.Code = "arguments_malformed"
	codeArgumentsSchema    abi.Code = "arguments_schema"

	codeUnavailable     abi.Code = "api_unavailable"
	codeRefused         abi.Code = "api_refused"
	codeAnswerMalformed abi.Code = "answer_malformed"
	codeAnswerEncoded   abi.Code = "answer_encoded"
	codeAnswerTooLarge  abi.Code = "answer_too_large"
	codeAnswerCut       abi.Code = "answer_cut"
	codeAnswerRefused   abi.Code = "answer_refused"
)

func permanent(code abi.Code, err error) error { return sdk.Permanent(sdk.WithCode(err, code)) }

type in struct {
	Prompt string `json:"prompt" doc:"what the model is asked"`
}

type out struct {
	Answer     string    `json:"answer" doc:"the model's last message"`
	Turns      int       `json:"turns"`
	Usage      usage     `json:"usage"`
	Transcript []message `json:"transcript"`
}

func run(ctx context.Context, in in) (out, error) {
	c, err := readConfig(ctx)
	if err != nil {
		return out{}, permanent(codeConfigInvalid, fmt.Errorf("the class's config can't be used: %w", err))
	}
	tools, err := newTools(c.Tools)
	if err != nil {
		return out{}, permanent(codeConfigInvalid, fmt.Errorf("the class's config can't be used: %w", err))
	}
	if in.Prompt == "" {
		return out{}, permanent(abi.CodePayloadInvalid, errors.New(`there is nothing to ask: send {"prompt": "…"}`))
	}
	a := &agent{config: c, dialect: newDialect(c.Dialect), tools: tools, until: timeBudget(ctx, c), talk: []message{{Role: roleUser, Text: in.Prompt}}}
	answer, err := a.work(ctx)
	if err != nil {
		return out{}, err
	}
	return out{Answer: answer, Turns: a.turns, Usage: a.used, Transcript: a.talk}, nil
}
