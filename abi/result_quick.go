package abi

import "strconv"

// quickResult writes r as encoding/json would. What encoding/json changes on
// the way, or refuses, is left to it, for which ok is false: white space in a
// RawMessage, and what is no JSON.
func quickResult(r *Result) (_ []byte, ok bool) {
	w := writer{to: make([]byte, 0, len(r.Output)+usualFrame)}
	ok = w.result(r)
	return w.to, ok
}

// usualFrame is room for what stands around the output of most results.
const usualFrame = 64

func (w *writer) result(r *Result) bool {
	w.begin('{')
	w.text("status", string(r.Status))
	ok := w.raw("output", r.Output)
	if r.RetryAfterMS != 0 {
		w.name("retry_after_ms")
		w.to = strconv.AppendInt(w.to, r.RetryAfterMS, 10)
	}
	if r.Error != nil {
		w.name("error")
		ok = w.failure(r.Error) && ok
	}
	ok = list(w, "events", r.Events, w.event) && ok
	ok = list(w, "enqueue", r.Enqueue, w.followUp) && ok
	ok = list(w, "commands", r.Commands, w.command) && ok
	w.end('}')
	return ok
}

func (w *writer) failure(e *Error) bool {
	w.begin('{')
	w.text("code", string(e.Code))
	w.text("message", e.Message)
	ok := w.raw("detail", e.Detail)
	w.end('}')
	return ok
}

func (w *writer) event(e *Event) bool {
	w.begin('{')
	w.text("type", e.Type)
	ok := w.raw("payload", e.Payload)
	w.textIfAny("key", e.Key)
	w.end('}')
	return ok
}

func (w *writer) followUp(f *FollowUp) bool {
	w.begin('{')
	w.text("class", f.Class)
	ok := w.raw("payload", f.Payload)
	if f.Priority != nil {
		w.name("priority")
		w.to = strconv.AppendInt(w.to, int64(*f.Priority), 10)
	}
	if f.RunAt != nil {
		at, err := f.RunAt.MarshalJSON()
		ok = ok && err == nil
		w.name("run_at")
		w.to = append(w.to, at...)
	}
	w.textIfAny("idempotency_key", f.IdempotencyKey)
	w.end('}')
	return ok
}

func (w *writer) command(c *Command) bool {
	w.begin('{')
	w.text("name", c.Name)
	ok := w.raw("args", c.Args)
	w.end('}')
	return ok
}
