package quick

import (
	"strconv"

	"github.com/lessee-run/lessee/abi"
)

// EncodeResult is [abi.EncodeResult] for a result whose JSON is compact.
func EncodeResult(r abi.Result) ([]byte, error) {
	if data, ok := result(&r); ok {
		return data, nil
	}
	return abi.EncodeResult(r)
}

func result(r *abi.Result) (_ []byte, ok bool) {
	w := writer{to: make([]byte, 0, len(r.Output)+usualFrame)}
	ok = w.result(r)
	return w.to, ok
}

// usualFrame is room for what stands around the output of most results.
const usualFrame = 64

func (w *writer) result(r *abi.Result) bool {
	w.begin('{')
	w.text("status", string(r.Status))
	ok := w.rawIfAny("output", r.Output)
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

func (w *writer) failure(e *abi.Error) bool {
	w.begin('{')
	w.text("code", string(e.Code))
	w.text("message", e.Message)
	ok := w.rawIfAny("detail", e.Detail)
	w.end('}')
	return ok
}

func (w *writer) event(e *abi.Event) bool {
	w.begin('{')
	w.text("type", e.Type)
	ok := w.rawIfAny("payload", e.Payload)
	w.textIfAny("key", e.Key)
	w.end('}')
	return ok
}

func (w *writer) followUp(f *abi.FollowUp) bool {
	w.begin('{')
	w.text("class", f.Class)
	ok := w.rawIfAny("payload", f.Payload)
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

func (w *writer) command(c *abi.Command) bool {
	w.begin('{')
	w.text("name", c.Name)
	ok := w.rawIfAny("args", c.Args)
	w.end('}')
	return ok
}
