package sdk

import (
	"context"
	"reflect"
	"sync/atomic"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/sdk/internal/quick"
)

// Handler is what an author writes: one attempt at one job.
type Handler[In, Out any] func(ctx context.Context, in In) (Out, error)

// Host is what an adapter gives a running handler: where its words go, whether
// it should stop, and who sends its requests.
type Host interface {
	abi.Sink
	Cancelled() bool
	HTTP(request []byte) (answer []byte) // documents of abi.HTTPRequest and abi.HTTPResponse
}

// Plugin is a handler behind the contract.
type Plugin struct {
	run  func(ctx context.Context, a *attempt) abi.Result
	warm func() // see warm

	in, out reflect.Type // for the manifest, as the options are
	options []Option
}

// New returns a plugin around h. It registers nothing: see [Register].
func New[In, Out any](h Handler[In, Out], options ...Option) *Plugin {
	in, out := quick.NewDecoder[In](), quick.NewEncoder[Out]()
	return &Plugin{
		run:     func(ctx context.Context, a *attempt) abi.Result { return run(ctx, a, in, h, out) },
		warm:    func() { warm(in, out) },
		in:      reflect.TypeFor[In](),
		out:     reflect.TypeFor[Out](),
		options: options,
	}
}

func run[In, Out any](ctx context.Context, a *attempt, in *quick.Decoder[In], h Handler[In, Out], out *quick.Encoder[Out]) abi.Result {
	input, err := decodePayload(in, a.envelope.Payload)
	if err != nil {
		return resultOf(err)
	}
	output, err := h(ctx, input)
	return resultWith(a, out, output, err)
}

// registered is the plugin that the exports of a core module run. A module has
// one, and its exports have no other way to find it.
var registered atomic.Pointer[Plugin]

// Register returns a plugin around h and makes it the one this module runs.
// Call it once, from a package variable; the last call wins.
func Register[In, Out any](h Handler[In, Out], options ...Option) *Plugin {
	p := New(h, options...)
	registered.Store(p)
	return p
}

// Execute runs one attempt: an encoded envelope in, an encoded result out.
// Adapters call it; a handler's author has no need to. Every failure, a panic
// of the handler included, is told in the result.
func (p *Plugin) Execute(ctx context.Context, host Host, envelope []byte) []byte {
	result := p.execute(ctx, host, envelope)
	encoded, err := quick.EncodeResult(result)
	if err != nil { // what a handler passes is encoded before it gets here
		encoded, _ = quick.EncodeResult(failed(abi.Errorf(abi.CodeResultInvalid, "the result does not encode as JSON: %v", err)))
	}
	return encoded
}

func (p *Plugin) execute(ctx context.Context, host Host, data []byte) (result abi.Result) {
	defer func() {
		if cause := recover(); cause != nil {
			result = panicked(cause)
		}
	}()
	envelope, err := quick.DecodeEnvelope(data)
	if err != nil {
		return resultOf(Permanent(err))
	}
	a := &attempt{envelope: envelope, host: host}
	own := &attemptContext{Context: ctx, attempt: a}
	defer own.end()
	return p.run(own, a)
}
