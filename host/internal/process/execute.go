//go:build linux

package process

import (
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/abi/grpcabi"
)

// heard is a message of the plugin, or the end of the stream.
type heard struct {
	message *grpcabi.FromPlugin
	err     error
}

// execute runs one attempt on the process, which has no other. fit tells
// whether the process can be used again. All that the plugin says goes to the
// attempt's sink from this goroutine.
func (p *process) execute(ctx context.Context, a *attempt, envelope []byte) (result abi.Result, fit bool, err error) {
	over := abi.Errorf(abi.CodeLimitWall, "the attempt took longer than its limit of %s (wall_ms)", a.limits.Wall())
	ctx, cancel := context.WithTimeoutCause(ctx, a.limits.Wall(), over)
	defer cancel()
	calls, hangUp := context.WithCancel(context.WithoutCancel(ctx))
	defer hangUp()
	stream, err := p.executor.Execute(calls)
	if err != nil {
		return abi.Result{}, false, p.broken(a, err)
	}
	c := &conversation{process: p, attempt: a, stream: stream, words: p.speech.listen()}
	defer p.speech.leave(c.words)
	if err := stream.Send(grpcabi.StartMessage(envelope, a.limits)); err != nil && !errors.Is(err, io.EOF) {
		return abi.Result{}, false, p.broken(a, err)
	}
	incoming := make(chan heard)
	go receive(calls, stream, incoming)
	ended := c.run(ctx, incoming)
	return c.conclude(ended)
}

func receive(ctx context.Context, stream grpcabi.Executor_ExecuteClient, into chan<- heard) {
	for {
		message, err := stream.Recv()
		select {
		case into <- heard{message, err}:
		case <-ctx.Done():
			return
		}
		if err != nil {
			return
		}
	}
}

// conversation is the stream of one attempt.
type conversation struct {
	process *process
	attempt *attempt
	stream  grpcabi.Executor_ExecuteClient
	words   *listener
	answer  []byte           // the result, undecoded
	replied bool             // there is one
	stopped *abi.Error       // why the attempt ends before the plugin does
	grace   <-chan time.Time // nil until the plugin was told to stop, or has answered
}

// run goes on until the stream ends. The error is that of its end; nil: the
// plugin did not end it in time.
func (c *conversation) run(ctx context.Context, incoming <-chan heard) error {
	cancelled := ctx.Done()
	for {
		select {
		case h := <-incoming:
			if h.err != nil {
				return h.err
			}
			c.take(ctx, h.message)
		case l := <-c.words.lines:
			c.attempt.overheard(l)
		case <-cancelled:
			cancelled = nil
			if !c.replied {
				c.stop(causeOf(ctx))
			}
		case <-c.grace:
			return nil
		}
	}
}

// take handles a message. After the result, or the word to stop, there is
// nothing more to say.
func (c *conversation) take(ctx context.Context, m *grpcabi.FromPlugin) {
	if c.stopped != nil || c.replied {
		return
	}
	a := c.attempt
	var err *abi.Error
	switch m := m.GetMessage().(type) {
	case *grpcabi.FromPlugin_Log:
		err = a.say(line{grpcabi.ToLevel(m.Log.GetLevel()), m.Log.GetLine()})
	case *grpcabi.FromPlugin_Progress:
		err = a.progress(int(m.Progress.GetPermille()), m.Progress.GetNote())
	case *grpcabi.FromPlugin_HttpRequest:
		err = c.request(ctx, m.HttpRequest.GetDocument())
	case *grpcabi.FromPlugin_Result:
		c.answer, c.replied = m.Result, true
		c.stream.CloseSend() //nolint:errcheck // the end of the stream tells
		c.grace = time.After(cancelGrace)
	}
	if err != nil {
		c.stop(err)
	}
}

// request has the sink send an HTTP request.
func (c *conversation) request(ctx context.Context, document []byte) *abi.Error {
	answer, err := c.attempt.request(ctx, document)
	if err == nil {
		c.stream.Send(grpcabi.AnswerMessage(answer)) //nolint:errcheck // the stream's end says why
	}
	return err
}

// stop tells the plugin to end the attempt. It has a grace for that.
func (c *conversation) stop(why *abi.Error) {
	c.stopped = why
	c.stream.Send(grpcabi.CancelMessage(why)) //nolint:errcheck // the stream's end says why
	c.grace = time.After(cancelGrace)
}

// conclude makes the outcome of how the stream ended. A process that did not
// end it is killed.
func (c *conversation) conclude(ended error) (abi.Result, bool, error) {
	fit := errors.Is(ended, io.EOF) || c.stopped != nil && ended != nil && c.process.alive() && status.Code(ended) != codes.Unavailable
	if ended == nil {
		c.process.leaving.Store(true)
		c.process.child.kill()
	}
	switch {
	case c.stopped != nil:
		return abi.Result{}, fit, c.stopped
	case c.replied:
		result, err := c.attempt.decode(c.answer)
		return result, fit, err
	case errors.Is(ended, io.EOF):
		return abi.Result{}, false, abi.Errorf(abi.CodeResultInvalid, "the plugin ended the attempt without a result")
	}
	return abi.Result{}, false, c.process.broken(c.attempt, ended)
}

// broken is the error of a stream that ended by itself.
func (p *process) broken(a *attempt, err error) *abi.Error {
	code := status.Code(err)
	if p.dies(code == codes.Unavailable || code == codes.Canceled) {
		return p.crashed(a)
	}
	switch code {
	case codes.ResourceExhausted:
		return abi.Errorf(abi.CodeLimitOutput, "the plugin sent a message that is longer than its limits allow (output_bytes, http_bytes): %.200s", status.Convert(err).Message())
	case codes.Unavailable, codes.Canceled:
		p.child.kill()
		return abi.Errorf(abi.CodePluginCrashed, "the plugin broke its connection and was killed: %.300s%s", status.Convert(err).Message(), p.lastWords())
	}
	return abi.Errorf(abi.CodeHandlerError, "the plugin failed outside of its handler: %s: %.500s", code, clean(status.Convert(err).Message()))
}

// dies reports whether the process is dead, or soon is when its connection broke.
func (p *process) dies(broken bool) bool {
	if broken {
		select {
		case <-p.child.exited:
		case <-time.After(deathGrace):
		}
	}
	select {
	case <-p.child.exited:
		return true
	default:
		return false
	}
}

// crashed is the error of an attempt whose process died.
func (p *process) crashed(a *attempt) *abi.Error {
	p.speech.heard.Wait()
	if p.child.cgroup.starved() || strings.Contains(p.speech.tail.String(), "out of memory") || strings.Contains(p.speech.tail.String(), "cannot allocate memory") {
		return abi.Errorf(abi.CodeLimitMemory, "the plugin took more memory than its limit of %d bytes and was killed (memory_bytes)%s", a.limits.MemoryBytes, p.lastWords())
	}
	return abi.Errorf(abi.CodePluginCrashed, "the plugin died of %s%s", p.child.end(), p.lastWords())
}

func (p *process) lastWords() string {
	if last := p.speech.tail.String(); last != "" {
		return "; its last words: " + last
	}
	return ""
}
