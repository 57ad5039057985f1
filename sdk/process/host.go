//go:build !wasip1

package process

import (
	"context"
	"sync"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/abi/grpcabi"
)

// host is the host of one attempt, as the handler sees it. A handler may use
// it from many goroutines.
type host struct {
	stream  grpcabi.Executor_ExecuteServer
	ctx     context.Context // of the attempt
	answers chan []byte     // to HTTP requests, in their order

	sending    sync.Mutex // one message at a time
	requesting sync.Mutex // one HTTP request at a time
}

// receive takes what the host says until the attempt ends.
func (h *host) receive(cancel context.CancelCauseFunc) {
	for {
		message, err := h.stream.Recv()
		if err != nil {
			cancel(err)
			return
		}
		if c := message.GetCancel(); c != nil {
			cancel(abi.Errorf(abi.Code(c.GetCode()), "%s", c.GetMessage()))
		}
		if r := message.GetHttpResponse(); r != nil {
			select {
			case h.answers <- r.GetDocument():
			case <-h.ctx.Done():
			}
		}
	}
}

func (h *host) send(message *grpcabi.FromPlugin) error {
	h.sending.Lock()
	defer h.sending.Unlock()
	return h.stream.Send(message)
}

// Log keeps a line with the attempt. What can't be sent any more is of an
// attempt that is over.
func (h *host) Log(level abi.Level, line string) { _ = h.send(grpcabi.LogMessage(level, valid(line))) }

// Progress tells how far the attempt is.
func (h *host) Progress(permille int, note string) {
	_ = h.send(grpcabi.ProgressMessage(permille, valid(note)))
}

// Cancelled reports whether the attempt should stop.
func (h *host) Cancelled() bool { return h.ctx.Err() != nil }

// HTTP has the host send a request.
func (h *host) HTTP(request []byte) []byte {
	h.requesting.Lock()
	defer h.requesting.Unlock()
	if err := h.send(grpcabi.RequestMessage(request)); err != nil {
		return failure("the request did not reach the host: %v", err)
	}
	select {
	case answer := <-h.answers:
		return answer
	case <-h.ctx.Done():
		return failure("the attempt was stopped while the request was under way: %v", context.Cause(h.ctx))
	}
}
