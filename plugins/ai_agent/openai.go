package main

import (
	"encoding/json"
	"errors"
)

// openAI is the dialect of /v1/chat/completions.
// Source: https://platform.openai.com/docs/api-reference/chat
type openAI struct{}

func (openAI) headers() map[string]string { return nil }

func (o openAI) request(a *agent, maxTokens int64) map[string]any {
	request := map[string]any{"model": a.config.Model, "messages": o.messages(a.config.System, a.talk)}
	if _, newer := a.config.Parameters["max_completion_tokens"]; !newer {
		request["max_tokens"] = maxTokens
	}
	if len(a.tools) > 0 {
		request["tools"] = o.tools(a.tools)
	}
	return request
}

func (openAI) messages(system string, talk []message) (out []any) {
	if system != "" {
		out = append(out, map[string]any{"role": "system", "content": system})
	}
	for _, m := range talk {
		switch m.Role {
		case roleTool:
			out = append(out, map[string]any{"role": "tool", "tool_call_id": m.CallID, "content": m.Text})
		case roleAssistant:
			said := map[string]any{"role": "assistant", "content": m.Text}
			var calls []any
			for _, c := range m.Calls {
				calls = append(calls, map[string]any{"id": c.ID, "type": "function", "function": map[string]any{"name": c.Name, "arguments": c.text}})
			}
			if calls != nil {
				said["tool_calls"] = calls
			}
			out = append(out, said)
		default:
			out = append(out, map[string]any{"role": m.Role, "content": m.Text})
		}
	}
	return out
}

func (openAI) tools(tools []*tool) (out []any) {
	for _, t := range tools {
		out = append(out, map[string]any{"type": "function",
			"function": map[string]any{"name": t.Name, "description": t.Description, "parameters": t.ArgsSchema}})
	}
	return out
}

// openAIAnswer is what of an answer counts.
type openAIAnswer struct {
	Choices []struct {
		Message struct {
			Content   *string
			Refusal   *string
			ToolCalls []struct {
				ID       string
				Function struct{ Name, Arguments string }
			} `json:"tool_calls"`
		}
		FinishReason string `json:"finish_reason"`
	}
	Usage struct {
		Input  *int64 `json:"prompt_tokens"`
		Output *int64 `json:"completion_tokens"`
	}
}

func (openAI) read(body []byte) (reply, error) {
	var answer openAIAnswer
	if err := json.Unmarshal(body, &answer); err != nil {
		return reply{}, err
	}
	if len(answer.Choices) == 0 {
		return reply{}, errors.New("it has no choices")
	}
	took, err := counted(answer.Usage.Input, answer.Usage.Output)
	if err != nil {
		return reply{}, err
	}
	said := answer.Choices[0].Message
	r := reply{message: message{Role: roleAssistant, Usage: took}}
	if said.Content != nil {
		r.Text = clean(*said.Content)
	}
	for _, c := range said.ToolCalls {
		r.Calls = append(r.Calls, newCall(c.ID, c.Function.Name, c.Function.Arguments))
	}
	switch {
	case said.Refusal != nil && *said.Refusal != "":
		r.Text, r.stop = clean(*said.Refusal), stopRefused
	case answer.Choices[0].FinishReason == "content_filter":
		r.stop = stopRefused
	case answer.Choices[0].FinishReason == "length":
		r.stop = stopLength
	}
	return r, nil
}
