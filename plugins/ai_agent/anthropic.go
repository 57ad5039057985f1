package main

import (
	"encoding/json"
	"errors"
)

// anthropic is the dialect of /v1/messages.
// Source: https://docs.anthropic.com/en/api/messages
type anthropic struct{}

func (anthropic) headers() map[string]string {
	return map[string]string{"Anthropic-Version": "2023-06-01"}
}

func (d anthropic) request(a *agent, maxTokens int64) map[string]any {
	request := map[string]any{"model": a.config.Model, "max_tokens": maxTokens, "messages": d.messages(a.talk)}
	if a.config.System != "" {
		request["system"] = a.config.System
	}
	var tools []any
	for _, t := range a.tools {
		tools = append(tools, map[string]any{"name": t.Name, "description": t.Description, "input_schema": t.ArgsSchema})
	}
	if tools != nil {
		request["tools"] = tools
	}
	return request
}

// messages puts the answers of all tools that one message called into one.
func (anthropic) messages(talk []message) (out []any) {
	var results []any
	for i, m := range talk {
		switch m.Role {
		case roleTool:
			results = append(results, map[string]any{"type": "tool_result", "tool_use_id": m.CallID, "content": m.Text, "is_error": m.Failed})
			if i+1 == len(talk) || talk[i+1].Role != roleTool {
				out = append(out, map[string]any{"role": "user", "content": results})
				results = nil
			}
		case roleAssistant:
			out = append(out, map[string]any{"role": "assistant", "content": blocks(m)})
		default:
			out = append(out, map[string]any{"role": m.Role, "content": m.Text})
		}
	}
	return out
}

// blocks are the content of a message of the assistant. An empty text is refused there.
func blocks(m message) (out []any) {
	if m.Text != "" {
		out = append(out, map[string]any{"type": "text", "text": m.Text})
	}
	for _, c := range m.Calls {
		out = append(out, map[string]any{"type": "tool_use", "id": c.ID, "name": c.Name, "input": c.Arguments})
	}
	return out
}

// anthropicAnswer is what of an answer counts.
type anthropicAnswer struct {
	Content []struct {
		Type, Text, ID, Name string
		Input                json.RawMessage
	}
	StopReason string `json:"stop_reason"`
	Usage      struct {
		Input      *int64 `json:"input_tokens"`
		Output     *int64 `json:"output_tokens"`
		CacheRead  int64  `json:"cache_read_input_tokens"`
		CacheWrite int64  `json:"cache_creation_input_tokens"`
	}
}

func (anthropic) read(body []byte) (reply, error) {
	var answer anthropicAnswer
	if err := json.Unmarshal(body, &answer); err != nil {
		return reply{}, err
	}
	if answer.StopReason == "" {
		return reply{}, errors.New("it has no stop_reason")
	}
	took, err := counted(answer.Usage.Input, answer.Usage.Output)
	if err != nil {
		return reply{}, err
	}
	took.Input += max(0, answer.Usage.CacheRead) + max(0, answer.Usage.CacheWrite)
	r := reply{message: message{Role: roleAssistant, Usage: took}}
	for _, block := range answer.Content {
		switch block.Type {
		case "text":
			r.Text += clean(block.Text)
		case "tool_use":
			r.Calls = append(r.Calls, newCall(block.ID, block.Name, string(block.Input)))
		}
	}
	switch answer.StopReason {
	case "max_tokens":
		r.stop = stopLength
	case "refusal":
		r.stop = stopRefused
	}
	return r, nil
}
