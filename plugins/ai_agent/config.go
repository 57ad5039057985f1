package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/lessee-run/lessee/sdk"
)

// config is what the operator writes into the class row.
type config struct {
	Dialect     string                     `json:"dialect" doc:"openai or anthropic"`
	URL         string                     `json:"url" doc:"of the chat endpoint"`
	Model       string                     `json:"model"`
	Credential  string                     `json:"credential,omitempty" doc:"name of a credential that the class is granted"`
	Headers     map[string]string          `json:"headers,omitempty"`
	System      string                     `json:"system,omitempty" doc:"what the model is told first"`
	MaxTokens   int64                      `json:"max_tokens,omitempty" doc:"of one answer; absent: 1024"`
	Temperature *float64                   `json:"temperature,omitempty"`
	Parameters  map[string]json.RawMessage `json:"parameters,omitempty" doc:"more fields of the request, as the endpoint knows them"`
	Tools       []toolConfig               `json:"tools,omitempty"`

	Budgets         budgets `json:"budgets,omitzero"`
	OnBudget        string  `json:"on_budget,omitempty" doc:"fail or retry; absent: fail"`
	MaxMistakes     *int    `json:"max_mistakes,omitempty" doc:"wrong tool calls that the model is told of; absent: 2"`
	TimeoutMS       int64   `json:"timeout_ms,omitempty" doc:"of one request; absent: as long as the time budget lasts"`
	MaxRetryAfterMS int64   `json:"max_retry_after_ms,omitempty" doc:"the most that Retry-After counts; absent: an hour"`
}

// budgets bound one attempt.
type budgets struct {
	Turns     int   `json:"max_turns,omitempty" doc:"answers of the model; absent: 8"`
	Tokens    int64 `json:"max_tokens_total,omitempty" doc:"read and written, by the endpoint's own count; absent: 50000"`
	Seconds   int64 `json:"max_seconds,omitempty" doc:"absent: as long as the attempt may take"`
	ToolCalls int   `json:"max_tool_calls,omitempty" doc:"absent: 16"`
}

// toolConfig is one tool, as the operator describes it.
type toolConfig struct {
	Name         string          `json:"name"`
	Description  string          `json:"description,omitempty" doc:"for the model"`
	Kind         string          `json:"kind" doc:"command, enqueue, emit or http"`
	Target       string          `json:"target,omitempty" doc:"the command, class or event type, by its registered name"`
	ArgsSchema   json.RawMessage `json:"args_schema" doc:"JSON Schema of the arguments, an object"`
	URL          string          `json:"url,omitempty" doc:"of kind http: a template that the arguments fill in"`
	Credential   string          `json:"credential,omitempty" doc:"of kind http"`
	ResultSchema json.RawMessage `json:"result_schema,omitempty" doc:"of kind http: JSON Schema of the answer"`
}

// What becomes of an attempt that exceeds a budget.
const (
	onBudgetFail  = "fail"
	onBudgetRetry = "retry"
)

// readConfig refuses a field that it does not know: misspelt, it would be lost
// in silence.
func readConfig(ctx context.Context) (config, error) {
	var c config
	raw, err := sdk.Config[json.RawMessage](ctx)
	if err != nil {
		return c, err
	}
	if len(raw) == 0 {
		return c, errors.New(`it is missing: write {"dialect": "openai", "url": "https://…", "model": "…"}`)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return c, err
	}
	c.setDefaults()
	return c, c.check()
}

func (c *config) setDefaults() {
	c.MaxTokens = cmp.Or(c.MaxTokens, 1024)
	c.OnBudget = cmp.Or(c.OnBudget, onBudgetFail)
	c.MaxRetryAfterMS = cmp.Or(c.MaxRetryAfterMS, 60*60*1000)
	c.Budgets.Turns = cmp.Or(c.Budgets.Turns, 8)
	c.Budgets.Tokens = cmp.Or(c.Budgets.Tokens, 50_000)
	c.Budgets.ToolCalls = cmp.Or(c.Budgets.ToolCalls, 16)
	if c.MaxMistakes == nil {
		c.MaxMistakes = new(int)
		*c.MaxMistakes = 2
	}
}

func (c *config) check() error {
	switch {
	case c.Dialect != dialectOpenAI && c.Dialect != dialectAnthropic:
		return fmt.Errorf("dialect %q is neither openai nor anthropic", c.Dialect)
	case !strings.HasPrefix(c.URL, "https://") && !strings.HasPrefix(c.URL, "http://"):
		return errors.New("url is missing: the whole address of the chat endpoint, such as https://api.example.com/v1/chat/completions")
	case c.Model == "":
		return errors.New("model is missing")
	case c.OnBudget != onBudgetFail && c.OnBudget != onBudgetRetry:
		return fmt.Errorf("on_budget %q is neither fail nor retry", c.OnBudget)
	case c.Budgets.Turns < 0 || c.Budgets.Tokens < 0 || c.Budgets.Seconds < 0 || c.Budgets.ToolCalls < 0:
		return errors.New("a budget can't be negative")
	case c.MaxTokens < 0 || *c.MaxMistakes < 0 || c.TimeoutMS < 0 || c.MaxRetryAfterMS < 0:
		return errors.New("max_tokens, max_mistakes, timeout_ms and max_retry_after_ms can't be negative")
	}
	for name := range c.Parameters {
		if slices.Contains([]string{"model", "messages", "system", "tools", "functions", "stream", "n"}, name) {
			return fmt.Errorf("parameters.%s is the plugin's own to set: leave it out", name)
		}
	}
	return nil
}
