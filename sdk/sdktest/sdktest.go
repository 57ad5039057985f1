// Package sdktest runs a plugin's handler in a plain go test, through the
// contract as it travels: the input is encoded into an envelope, the answer is
// decoded from a result that the host would accept.
package sdktest

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/sdk"
)

// Attempt is what became of one run.
type Attempt[Out any] struct {
	Result   abi.Result
	Output   Out // decoded from Result, if it has one
	Log      []Line
	Progress []Progress
}

// Line is one line of the handler's log.
type Line struct {
	Level abi.Level
	Text  string
}

// Progress is one report of the handler.
type Progress struct {
	Permille int
	Note     string
}

// Option changes what the handler gets.
type Option func(*setup)

type setup struct {
	envelope  abi.Envelope
	cancelled bool
	handler   http.Handler
	err       error
}

// Job replaces the job that the handler runs for.
func Job(job abi.Job) Option { return func(s *setup) { s.envelope.Job = job } }

// Config gives the class a config, encoded as JSON.
func Config(config any) Option {
	return func(s *setup) { s.envelope.Config, s.err = json.Marshal(config) }
}

// Payload replaces the input by raw JSON, for what an In can't express.
func Payload(raw string) Option {
	return func(s *setup) { s.envelope.Payload = json.RawMessage(raw) }
}

// Cancelled tells the handler, when it asks, that it should stop.
func Cancelled() Option { return func(s *setup) { s.cancelled = true } }

// HTTP answers the requests of the handler. Without it they are denied.
func HTTP(handler http.Handler) Option { return func(s *setup) { s.handler = handler } }

// Run gives in to the handler as attempt 1 of a job that is due in a minute.
// It fails the test when the answer is no valid result; what the result says
// is the caller's to judge.
func Run[In, Out any](t testing.TB, h sdk.Handler[In, Out], in In, opts ...Option) *Attempt[Out] {
	t.Helper()
	s := newSetup(t, in, opts)
	host := &recorder[Out]{cancelled: s.cancelled, handler: s.handler}
	answer := sdk.New(h).Execute(context.Background(), host, s.encode(t))
	var err error
	if host.Result, err = abi.DecodeResult(answer); err != nil {
		t.Fatalf("the host would refuse this answer: %v\n%s", err, answer)
	}
	if len(host.Result.Output) > 0 {
		if err := json.Unmarshal(host.Result.Output, &host.Output); err != nil {
			t.Fatalf("decode the output: %v\n%s", err, host.Result.Output)
		}
	}
	return &host.Attempt
}

func newSetup(t testing.TB, in any, opts []Option) setup {
	t.Helper()
	payload, err := json.Marshal(in)
	if err != nil {
		t.Fatalf("encode the input: %v", err)
	}
	s := setup{envelope: abi.Envelope{ABI: abi.Version, Job: job(), Trace: trace(), Payload: payload}}
	for _, opt := range opts {
		opt(&s)
	}
	if s.err != nil {
		t.Fatalf("encode the config: %v", s.err)
	}
	return s
}

func (s setup) encode(t testing.TB) []byte {
	t.Helper()
	data, err := abi.EncodeEnvelope(s.envelope)
	if err != nil {
		t.Fatalf("encode the envelope: %v", err)
	}
	return data
}

func job() abi.Job {
	now := time.Now().UTC()
	return abi.Job{ID: 1, Class: "test", Attempt: 1, MaxAttempts: 5, EnqueuedAt: now, Deadline: now.Add(time.Minute)}
}

func trace() abi.Trace {
	return abi.Trace{Traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
}

// recorder is the host of a test.
type recorder[Out any] struct {
	Attempt[Out]
	mu        sync.Mutex // a handler may use goroutines
	cancelled bool
	handler   http.Handler
}

func (r *recorder[Out]) Log(level abi.Level, line string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Attempt.Log = append(r.Attempt.Log, Line{level, line})
}

func (r *recorder[Out]) Progress(permille int, note string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Attempt.Progress = append(r.Attempt.Progress, Progress{permille, note})
}

func (r *recorder[Out]) Cancelled() bool { return r.cancelled }
