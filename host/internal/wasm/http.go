package wasm

import (
	"context"
	"slices"

	"github.com/tetratelabs/wazero/api"

	"github.com/lessee-run/lessee/abi"
)

// requester is a sink that sends HTTP requests too. The error ends the attempt;
// what the guest can handle is in the answer.
type requester interface {
	HTTP(ctx context.Context, document []byte) ([]byte, error)
}

// hostHTTP sends a request, and keeps the answer until the guest takes it.
func hostHTTP(ctx context.Context, a *attempt, m api.Module, stack []uint64) {
	ptr, n := api.DecodeU32(stack[0]), api.DecodeU32(stack[1])
	document, ok := m.Memory().Read(ptr, n)
	if !ok {
		a.stop(abi.Errorf(abi.CodePointerInvalid, "the request at %d, %d bytes long, lies outside the guest's memory", ptr, n))
	}
	ctx, cancel := context.WithDeadlineCause(ctx, a.deadline, a.overtime())
	defer cancel()
	// A connection may write it for longer than the guest's memory lives.
	answer, err := a.request(ctx, slices.Clone(document))
	if err != nil {
		a.stop(endOf(ctx, err))
	}
	a.answer = answer
	stack[0] = uint64(len(answer))
}

// request refuses what the module did not ask for in its manifest. All else is
// for the sink to decide; while a module is prepared there is none that sends.
func (a *attempt) request(ctx context.Context, document []byte) ([]byte, error) {
	sender, ok := a.log.sink.(requester)
	switch {
	case !ok:
		return abi.DenyHTTP("no request can be sent here: a module has rights only while it runs a job"), nil
	case a.manifest != nil && !a.manifest.Wants.HTTP:
		return abi.DenyHTTP(`the module's manifest does not want HTTP: set "wants": {"http": true}, and pack it again`), nil
	}
	return sender.HTTP(ctx, document)
}

// endOf is the error of an attempt that ends because a request did.
func endOf(ctx context.Context, err error) *abi.Error {
	switch e := asError(err); {
	case e != nil:
		return e
	case ctx.Err() != nil:
		return causeOf(ctx)
	}
	return abi.Errorf(abi.CodeHostError, "%v", err)
}

// hostHTTPResponse copies the answer that is kept, and forgets it.
func hostHTTPResponse(_ context.Context, a *attempt, m api.Module, stack []uint64) {
	ptr, n := api.DecodeU32(stack[0]), api.DecodeU32(stack[1])
	answer := a.answer[:min(int64(n), int64(len(a.answer)))]
	if !m.Memory().Write(ptr, answer) {
		a.stop(abi.Errorf(abi.CodePointerInvalid, "the answer's place at %d, %d bytes long, lies outside the guest's memory", ptr, n))
	}
	a.answer = nil
	stack[0] = uint64(len(answer))
}
