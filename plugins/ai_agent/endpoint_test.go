package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/sdk/sdktest"
)

type object = map[string]any

// turn is what a model of a test says.
type turn struct {
	text  string
	calls []toolCall
	stop  string // as the dialect spells it; absent: the usual one
	usage usage
}

func says(text string) turn { return turn{text: text, usage: usage{10, 5}} }

func wants(name, arguments string) turn {
	return turn{calls: []toolCall{{ID: "c-" + name, Name: name, text: arguments}}, usage: usage{10, 5}}
}

// write answers as an endpoint of the dialect does.
func (s turn) write(w io.Writer, dialect string) {
	var answer object
	if dialect == dialectOpenAI {
		said := object{"role": "assistant", "content": s.text, "refusal": nil}
		var calls []object
		for _, c := range s.calls {
			calls = append(calls, object{"id": c.ID, "type": "function", "function": object{"name": c.Name, "arguments": c.text}})
		}
		if calls != nil {
			said["tool_calls"], said["content"] = calls, nil
		}
		answer = object{"choices": []object{{"message": said, "finish_reason": s.stop}}, "usage": object{"prompt_tokens": s.usage.Input, "completion_tokens": s.usage.Output}}
	} else {
		blocks := []object{}
		if s.text != "" {
			blocks = append(blocks, object{"type": "text", "text": s.text})
		}
		for _, c := range s.calls {
			blocks = append(blocks, object{"type": "tool_use", "id": c.ID, "name": c.Name, "input": json.RawMessage(c.text)})
		}
		stop := s.stop
		if stop == "" {
			stop = "end_turn"
		}
		answer = object{"content": blocks, "stop_reason": stop, "usage": object{"input_tokens": s.usage.Input, "output_tokens": s.usage.Output}}
	}
	if err := json.NewEncoder(w).Encode(answer); err != nil {
		panic(err) // a turn of a test is wrong
	}
}

// endpoint says its turns one after the other, the last again and again, and
// keeps what it was asked. Any other path is answered by tools.
type endpoint struct {
	dialect string
	turns   []turn
	tools   http.HandlerFunc
	asked   []string
	headers http.Header
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/chat" {
		e.tools(w, r)
		return
	}
	body, _ := io.ReadAll(r.Body)
	e.headers = r.Header
	e.asked = append(e.asked, string(body))
	e.turns[min(len(e.asked), len(e.turns))-1].write(w, e.dialect)
}

const noteSchema = `{"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "maxLength": 20}}, "additionalProperties": false}`

// tested is a config with a tool of each kind.
func tested(dialect string) object {
	return object{"dialect": dialect, "url": "https://llm.example/chat", "model": "m", "credential": "llm", "system": "Be brief.", "tools": []object{
		{"name": "note", "description": "Writes a note.", "kind": "command", "target": "note_add", "args_schema": json.RawMessage(noteSchema)},
		{"name": "follow_up", "kind": "enqueue", "target": "notify", "args_schema": json.RawMessage(noteSchema)},
		{"name": "announce", "kind": "emit", "target": "note.added", "args_schema": object{"type": "object"}},
		{"name": "look_up", "kind": "http", "url": "https://crm.example/customers/{id}?full={full}", "credential": "crm",
			"args_schema":   object{"type": "object", "required": []string{"id"}},
			"result_schema": object{"type": "object", "required": []string{"name"}, "properties": object{"name": object{"type": "string"}}}},
	}}
}

func attempt(t *testing.T, c object, h http.Handler, more ...sdktest.Option) *sdktest.Attempt[out] {
	t.Helper()
	return sdktest.Run(t, run, in{Prompt: "Note the call."}, append([]sdktest.Option{sdktest.Config(c), sdktest.HTTP(h)}, more...)...)
}

func inBothDialects(t *testing.T, f func(t *testing.T, dialect string)) {
	for _, dialect := range []string{dialectOpenAI, dialectAnthropic} {
		t.Run(dialect, func(t *testing.T) { f(t, dialect) })
	}
}

func wantError(t *testing.T, got abi.Result, status abi.Status, code abi.Code, says string) {
	t.Helper()
	if got.Status != status || got.Error == nil || got.Error.Code != code || !strings.Contains(got.Error.Message, says) {
		t.Errorf("got %s %v %s, want %s %s that says %q", got.Status, got.Error, got.Output, status, code, says)
	}
	if n := len(got.Commands) + len(got.Enqueue) + len(got.Events); n > 0 {
		t.Errorf("%d effects of a failed attempt", n)
	}
}

// sameJSON compares a request with what it should be, whatever the order of keys.
func sameJSON(t *testing.T, got, want string) {
	t.Helper()
	var g, w any
	if err := json.Unmarshal([]byte(got), &g); err != nil {
		t.Fatalf("%v: %s", err, got)
	}
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		t.Fatalf("%v: %s", err, want)
	}
	if fmt.Sprint(g) != fmt.Sprint(w) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
