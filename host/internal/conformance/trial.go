package conformance

import (
	"context"
	"encoding/json"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/author"
	"github.com/lessee-run/lessee/host/internal/wasm"
)

// trial is a module on trial, and what is known of it by now.
type trial struct {
	workshop *author.Workshop
	binary   []byte
	info     wasm.Info
	unread   error          // why its sections can't be read
	refused  error          // why no host admits it
	module   *author.Module // nil: refused
	class    author.Class
	examples []example
	sample   *example // what other checks start from; nil: no example came to a result
	began    time.Time
	series   []author.Report // of the sample, each on a clean instance
}

// example is a payload, and what became of it.
type example struct {
	name    string
	payload json.RawMessage
	report  author.Report
}

func newTrial(ctx context.Context, w *author.Workshop, module []byte, o Options) (*trial, error) {
	t := &trial{workshop: w, binary: module, began: time.Now().UTC().Truncate(time.Second)}
	t.info, t.unread = author.Identify(module)
	loaded, err := w.Load(ctx, module)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case err != nil:
		t.refused = err
		return t, nil //nolint:nilerr // the refusal is what checks tell
	}
	t.module, t.info, t.class = loaded, loaded.Info, author.ClassOf(loaded) // a program tells its manifest only when it runs
	if o.Class != nil {
		t.class, err = o.Class(loaded)
	}
	if err == nil {
		err = t.runExamples(ctx, o.Payloads)
	}
	if err != nil {
		t.close(context.WithoutCancel(ctx))
		return nil, err
	}
	return t, nil
}

func (t *trial) close(ctx context.Context) {
	if t.module != nil {
		_ = t.module.Close(ctx) // nothing is left to do with what it held
	}
}

// lacks says why a check can't be made; empty: it can.
func (t *trial) lacks(n need) string {
	switch {
	case n >= readable && t.unread != nil:
		return "the module can't be read: see admission"
	case n >= admitted && t.refused != nil:
		return "no host admits the module: see admission"
	case n >= aSample && t.sample == nil:
		return "no example came to a result: see answers, result and limits"
	case n >= aSuccess && !t.sample.good():
		return "no example ends with success: give a payload that the handler takes (--payload, or tests/NAME.input.json)"
	}
	return ""
}

// envelope is that of the first attempt at a job. Those of one trial differ in
// their payload only, so that what they lead to can be compared.
func (t *trial) envelope(payload json.RawMessage) abi.Envelope {
	const trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	return abi.Envelope{
		ABI:     abi.Version,
		Job:     abi.Job{ID: 1, Class: t.class.Name, Attempt: 1, MaxAttempts: 5, EnqueuedAt: t.began, Deadline: t.began.Add(24 * time.Hour)},
		Trace:   abi.Trace{Traceparent: trace},
		Config:  t.class.Config,
		Payload: payload,
	}
}

// run runs one attempt on m.
func (t *trial) run(ctx context.Context, m *author.Module, class author.Class, payload json.RawMessage) (author.Report, error) {
	envelope, err := abi.EncodeEnvelope(t.envelope(payload))
	if err != nil {
		return author.Report{}, err
	}
	return m.Run(ctx, class, envelope)
}

// times runs the sample n times on m.
func (t *trial) times(ctx context.Context, n int, m *author.Module, class author.Class) ([]author.Report, error) {
	reports := make([]author.Report, n)
	for i := range reports {
		var err error
		if reports[i], err = t.run(ctx, m, class, t.sample.payload); err != nil {
			return nil, err
		}
	}
	return reports, nil
}
