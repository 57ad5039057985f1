package main

import (
	"encoding/json"
	"strings"
)

// Roles of a message.
const (
	roleUser      = "user"
	roleAssistant = "assistant"
	roleTool      = "tool"
)

// message is an entry of the transcript, in no endpoint's own dialect.
type message struct {
	Role   string     `json:"role" doc:"user, assistant or tool"`
	Text   string     `json:"text,omitempty"`
	Calls  []toolCall `json:"calls,omitempty" doc:"what the assistant asks for"`
	CallID string     `json:"call_id,omitempty" doc:"which of them a tool answers"`
	Failed bool       `json:"failed,omitempty" doc:"the call was refused, and the text says why"`
	Usage  *usage     `json:"usage,omitempty" doc:"of an answer of the assistant"`
}

// toolCall is a tool that the model wants to be used.
type toolCall struct {
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Arguments json.RawMessage `json:"arguments" doc:"as the model wrote them; text, when that is no JSON"`

	text string // the arguments, to the letter
}

func newCall(id, name, arguments string) toolCall {
	if arguments == "" { // of a tool that takes none
		arguments = "{}"
	}
	c := toolCall{ID: clean(id), Name: clean(name), text: arguments}
	if c.Arguments = json.RawMessage(arguments); !json.Valid(c.Arguments) {
		c.Arguments, _ = json.Marshal(clean(arguments)) // text encodes
	}
	return c
}

// clean takes out what Postgres can't store.
func clean(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "�"), "\x00", "�")
}

// usage is what an answer cost, by the endpoint's own count.
type usage struct {
	Input  int64 `json:"input_tokens"`
	Output int64 `json:"output_tokens"`
}

func (u usage) total() int64 { return u.Input + u.Output }

func (u *usage) add(more usage) {
	u.Input += more.Input
	u.Output += more.Output
}

// Bounds of a transcript that stands in an error, in bytes.
const (
	maxDetail     = 32 << 10
	maxDetailText = 2 << 10
)

// ending is the last part of a transcript, cut to what an error may hold;
// omitted is how many messages come before it.
func ending(talk []message) (kept []message, omitted int) {
	size := 0
	for i := len(talk) - 1; i >= 0; i-- {
		m := shortened(talk[i])
		encoded, err := json.Marshal(m)
		if size += len(encoded); err != nil || size > maxDetail {
			return kept, i + 1
		}
		kept = append([]message{m}, kept...)
	}
	return kept, 0
}

func shortened(m message) message {
	m.Text = cut(m.Text)
	calls := m.Calls
	m.Calls = nil
	for _, c := range calls[:min(len(calls), 32)] {
		c.ID, c.Name = cut(c.ID), cut(c.Name)
		if len(c.Arguments) > maxDetailText {
			c.Arguments, _ = json.Marshal(cut(string(c.Arguments))) // text encodes
		}
		m.Calls = append(m.Calls, c)
	}
	return m
}

func cut(text string) string {
	if len(text) <= maxDetailText {
		return text
	}
	return clean(strings.ToValidUTF8(text[:maxDetailText], "")) + " …"
}
