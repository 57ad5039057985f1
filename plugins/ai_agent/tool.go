package main

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/sdk"
)

// Kinds of tool.
const (
	kindCommand = "command"
	kindEnqueue = "enqueue"
	kindEmit    = "emit"
	kindHTTP    = "http"
)

// tool is a tool whose schemas are understood.
type tool struct {
	toolConfig
	arguments, result *schema
}

var toolName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`) // what both dialects take

func newTools(configs []toolConfig) (tools []*tool, err error) {
	names := map[string]bool{}
	for _, c := range configs {
		if !toolName.MatchString(c.Name) || names[c.Name] {
			return nil, fmt.Errorf("tools: the name %.80q is used twice, or not 1 to 64 letters, digits, _ and -", c.Name)
		}
		names[c.Name] = true
		t, err := newTool(c)
		if err != nil {
			return nil, fmt.Errorf("tools: %s: %w", c.Name, err)
		}
		tools = append(tools, t)
	}
	return tools, nil
}

func newTool(c toolConfig) (*tool, error) {
	t := &tool{toolConfig: c}
	var err error
	if t.arguments, err = newSchema(c.ArgsSchema); err != nil {
		return nil, fmt.Errorf("args_schema: %w", err)
	}
	switch c.Kind {
	case kindCommand, kindEnqueue, kindEmit:
		if c.Target == "" {
			return nil, fmt.Errorf("target is missing: the registered name that kind %s needs", c.Kind)
		}
	case kindHTTP:
		if err := checkURL(c.URL); err != nil {
			return nil, err
		}
		if t.result, err = newSchema(c.ResultSchema); err != nil {
			return nil, fmt.Errorf("result_schema: %w", err)
		}
	default:
		return nil, fmt.Errorf("kind %q is none of command, enqueue, emit, http", c.Kind)
	}
	return t, nil
}

// accepted is what the model is told of an effect: nothing has happened yet.
const accepted = "Accepted. It will be done when this job commits, together with everything else that was accepted."

// use does what a tool is for with arguments that its schema allows.
func (t *tool) use(ctx context.Context, a *agent, text json.RawMessage, arguments any) (string, error) {
	switch t.Kind {
	case kindCommand:
		return accepted, sdk.Command(ctx, t.Target, text)
	case kindEnqueue:
		return accepted, sdk.Enqueue(ctx, abi.FollowUp{Class: t.Target, Payload: text})
	case kindEmit:
		return accepted, sdk.Emit(ctx, t.Target, text, "")
	}
	return t.get(ctx, a, arguments)
}

// maxToolAnswer bounds what a tool adds to a conversation, in bytes.
const maxToolAnswer = 64 << 10

// get asks a granted server. What it answers must be what the operator
// expects: else the model would go on from something that nobody foresaw.
func (t *tool) get(ctx context.Context, a *agent, arguments any) (string, error) {
	target, err := fillURL(t.URL, arguments)
	if err != nil {
		return "", &mistake{codeArgumentsSchema, err.Error()}
	}
	got, err := a.fetch(ctx, sdk.Request{URL: target, Credential: t.Credential, Timeout: a.config.timeout(), Header: map[string][]string{"Accept": {"application/json"}}}, maxToolAnswer)
	switch {
	case err != nil:
		return "", fmt.Errorf("tool %s: %w", t.Name, err)
	case got.Status >= 400:
		return "", &mistake{codeToolRefused, fmt.Sprintf("The server answered %d: %q", got.Status, excerpt(got.Body))}
	case got.Status >= 300:
		return "", a.broken(codeToolAnswer, fmt.Sprintf("tool %s: %s answered %d, a redirect, and a tool follows none: change its url", t.Name, shown(target), got.Status))
	}
	if _, err := t.result.check(got.Body); err != nil {
		return "", a.broken(codeToolAnswer, fmt.Sprintf("tool %s: the answer of %s breaks result_schema: %v", t.Name, shown(target), err))
	}
	return clean(string(got.Body)), nil
}
