//go:build linux

package process

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/abi/grpcabi"
)

// conversation is the stream of one attempt. Its executing goroutine reads what
// the plugin says; the end of the attempt's context, or of its patience, comes
// from others.
type conversation struct {
	process *process
	attempt *attempt
	stream  grpcabi.Executor_ExecuteClient
	hangUp  context.CancelFunc // ends the stream

	sending sync.Mutex // one message at a time

	mu      sync.Mutex
	answer  []byte     // the result, undecoded
	replied bool       // there is one
	stopped *abi.Error // why the attempt ends before the plugin does
	late    bool       // the plugin did not end the stream in time
	grace   *time.Timer
}

// run begins the attempt, and goes on until the stream ends. The error is that
// of its end.
func (c *conversation) run(ctx context.Context, start *grpcabi.FromHost) error {
	unhook := context.AfterFunc(ctx, func() { c.stop(causeOf(ctx)) })
	defer unhook()
	defer c.relax()
	if err := c.send(start); err != nil && !errors.Is(err, io.EOF) { // its end says why
		return err
	}
	for {
		message, err := c.stream.Recv()
		if err != nil {
			return err
		}
		c.take(ctx, message)
	}
}

func (c *conversation) send(m *grpcabi.FromHost) error {
	c.sending.Lock()
	defer c.sending.Unlock()
	return c.stream.Send(m)
}

// take handles a message. After the result, or the word to stop, there is
// nothing more to say.
func (c *conversation) take(ctx context.Context, m *grpcabi.FromPlugin) {
	if c.over() {
		return
	}
	var err *abi.Error
	switch m := m.GetMessage().(type) {
	case *grpcabi.FromPlugin_Log:
		err = c.attempt.say(line{grpcabi.ToLevel(m.Log.GetLevel()), m.Log.GetLine()})
	case *grpcabi.FromPlugin_Progress:
		err = c.attempt.progress(int(m.Progress.GetPermille()), m.Progress.GetNote())
	case *grpcabi.FromPlugin_HttpRequest:
		err = c.request(ctx, m.HttpRequest.GetDocument())
	case *grpcabi.FromPlugin_Result:
		c.reply(m.Result)
	}
	if err != nil {
		c.stop(err)
	}
}

func (c *conversation) over() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.replied || c.stopped != nil
}

// request has the sink send an HTTP request.
func (c *conversation) request(ctx context.Context, document []byte) *abi.Error {
	answer, err := c.attempt.request(ctx, document)
	if err == nil {
		c.send(grpcabi.AnswerMessage(answer)) //nolint:errcheck // the stream's end says why
	}
	return err
}

// reply keeps the result. The plugin ends the stream then; one that does not is
// held to its wall limit.
func (c *conversation) reply(result []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stopped == nil {
		c.answer, c.replied = result, true
	}
}

// stop tells the plugin to end the attempt, and gives it a grace for that.
func (c *conversation) stop(why *abi.Error) {
	if !c.hurry(why) {
		return
	}
	c.send(grpcabi.CancelMessage(why)) //nolint:errcheck // the stream's end says why
}

// hurry ends the stream after the grace, which counts from now on, also when
// the plugin does not take the word to stop. It reports whether there is one to
// be sent: not if the plugin has answered.
func (c *conversation) hurry(why *abi.Error) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.grace != nil {
		return false
	}
	if !c.replied {
		c.stopped = why
	}
	c.grace = time.AfterFunc(cancelGrace, func() {
		c.mu.Lock()
		c.late = true
		c.mu.Unlock()
		c.hangUp()
	})
	return !c.replied
}

// relax ends the grace with the stream.
func (c *conversation) relax() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.grace != nil {
		c.grace.Stop()
	}
}

// conclude makes the outcome of how the stream ended. A process that did not
// end it in time is killed.
func (c *conversation) conclude(ended error) (abi.Result, bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	polite := errors.Is(ended, io.EOF)
	if c.late && !polite {
		c.process.leaving.Store(true)
		c.process.child.kill()
	}
	switch {
	case c.stopped != nil:
		fit := polite || !c.late && c.process.alive() && status.Code(ended) != codes.Unavailable
		return abi.Result{}, fit, c.stopped
	case c.replied:
		result, err := c.attempt.decode(c.answer)
		return result, polite, err
	case polite:
		return abi.Result{}, false, abi.Errorf(abi.CodeResultInvalid, "the plugin ended the attempt without a result")
	}
	return abi.Result{}, false, c.process.broken(c.attempt, ended)
}
