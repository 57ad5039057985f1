//go:build linux

package process

import (
	"context"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/abi/grpcabi"
)

// execute runs one attempt on the process, which has no other. fit tells
// whether the process can be used again. What the plugin says goes to the
// attempt's sink, and nothing of it after the return.
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
	p.speech.listen(a)
	defer p.speech.leave()
	c := &conversation{process: p, attempt: a, stream: stream, hangUp: hangUp}
	return c.conclude(c.run(ctx, grpcabi.StartMessage(envelope, a.limits)))
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
