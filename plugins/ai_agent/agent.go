package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/sdk"
)

// agent is one attempt: a conversation, and what it has cost.
type agent struct {
	config   config
	dialect  dialect
	tools    []*tool
	until    time.Time // the time budget's end
	talk     []message
	used     usage
	turns    int
	calls    int
	mistakes int
}

// mistake is a tool call that the model is told of, and may do better.
type mistake struct {
	code abi.Code
	text string
}

func (m *mistake) Error() string { return m.text }

// maxAnswer bounds an answer of the endpoint, in bytes.
const maxAnswer = 1 << 20

// work lets the model speak, and use tools, until it has nothing more to ask
// for or a budget ends. The answer is its last message.
func (a *agent) work(ctx context.Context) (string, error) {
	for {
		if err := a.mayGoOn(ctx); err != nil {
			return "", err
		}
		said, err := a.ask(ctx)
		if err != nil {
			return "", err
		}
		if err := a.hear(ctx, said); err != nil || len(said.Calls) == 0 {
			return said.Text, err
		}
		for _, c := range said.Calls {
			if err := a.answer(ctx, c); err != nil {
				return "", err
			}
		}
	}
}

// ask sends the conversation so far.
func (a *agent) ask(ctx context.Context) (reply, error) {
	body, err := encode(a.dialect.request(a, min(a.config.MaxTokens, a.config.Budgets.Tokens-a.used.total())), &a.config)
	if err != nil {
		return reply{}, err
	}
	got, err := a.fetch(ctx, a.request(body), maxAnswer)
	if err != nil {
		return reply{}, err
	}
	if got.Status < 200 || got.Status > 299 {
		return reply{}, permanent(codeRefused, fmt.Errorf("%s answered %d: %q", shown(a.config.URL), got.Status, excerpt(got.Body)))
	}
	said, err := a.dialect.read(got.Body)
	if err == nil && said.Text == "" && len(said.Calls) == 0 && said.stop == "" {
		err = errors.New("it says nothing")
	}
	if err != nil {
		return reply{}, sdk.WithCode(fmt.Errorf("the answer of %s is not what the dialect %s has: %w: %q", shown(a.config.URL), a.config.Dialect, err, excerpt(got.Body)), codeAnswerMalformed)
	}
	for i := range said.Calls {
		if said.Calls[i].ID == "" {
			said.Calls[i].ID = fmt.Sprintf("call_%d_%d", a.turns, i)
		}
	}
	return said, nil
}

func (a *agent) request(body []byte) sdk.Request {
	header := map[string][]string{"Content-Type": {"application/json"}, "Accept": {"application/json"}}
	for name, value := range a.dialect.headers() {
		header[name] = []string{value}
	}
	for name, value := range a.config.Headers {
		header[name] = []string{value}
	}
	return sdk.Request{Method: "POST", URL: a.config.URL, Header: header, Body: body, Credential: a.config.Credential, Timeout: a.config.timeout()}
}

// hear adds what the model said to the conversation and to what it cost.
func (a *agent) hear(ctx context.Context, said reply) error {
	a.turns++
	a.talk = append(a.talk, said.message)
	a.used.add(*said.Usage)
	sdk.Logger(ctx).Info("answer", "turn", a.turns, "calls", len(said.Calls), "input_tokens", said.Usage.Input, "output_tokens", said.Usage.Output)
	switch {
	case a.used.total() > a.config.Budgets.Tokens:
		return a.exhausted(codeBudgetTokens, fmt.Sprintf("%d tokens are used, and max_tokens_total is %d", a.used.total(), a.config.Budgets.Tokens))
	case said.stop == stopLength:
		return a.broken(codeAnswerCut, "the model's answer was cut off at max_tokens: raise it, or ask for less")
	case said.stop == stopRefused:
		return a.broken(codeAnswerRefused, "the model, or a filter before it, refused to answer")
	}
	return nil
}

// answer uses one tool, and adds its answer to the conversation.
func (a *agent) answer(ctx context.Context, c toolCall) error {
	if a.calls++; a.calls > a.config.Budgets.ToolCalls {
		return a.exhausted(codeBudgetCalls, fmt.Sprintf("the model called more tools than max_tool_calls, %d", a.config.Budgets.ToolCalls))
	}
	text, err := a.use(ctx, c)
	wrong := (*mistake)(nil)
	if !errors.As(err, &wrong) {
		a.talk = append(a.talk, message{Role: roleTool, CallID: c.ID, Text: text})
		return err
	}
	a.talk = append(a.talk, message{Role: roleTool, CallID: c.ID, Text: wrong.text, Failed: true})
	sdk.Logger(ctx).Warn("refused a tool call", "tool", c.Name, "code", wrong.code)
	if a.mistakes++; a.mistakes > *a.config.MaxMistakes {
		return a.broken(wrong.code, fmt.Sprintf("the model made more than %d mistakes with tools; the last, calling %.80q: %s", *a.config.MaxMistakes, c.Name, wrong.text))
	}
	return nil
}

// use finds the tool that is called, among those of the class and no others.
func (a *agent) use(ctx context.Context, c toolCall) (string, error) {
	var names []string
	for _, t := range a.tools {
		if names = append(names, t.Name); t.Name != c.Name {
			continue
		}
		if !json.Valid([]byte(c.text)) {
			return "", &mistake{codeArgumentsMalformed, "Refused: the arguments are no JSON."}
		}
		arguments, err := t.arguments.check([]byte(c.text))
		if err != nil {
			return "", &mistake{codeArgumentsSchema, "Refused: the arguments break the schema: " + err.Error()}
		}
		return t.use(ctx, a, c.Arguments, arguments)
	}
	return "", &mistake{codeToolUnknown, fmt.Sprintf("Refused: there is no such tool. There are: %s.", strings.Join(names, ", "))}
}
