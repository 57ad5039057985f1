package conformance

import (
	"context"
	"fmt"
	"io/fs"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/author"
)

// vector is an envelope for the guest named vectors of an SDK, and what must
// become of it.
type vector struct {
	name     string
	envelope []byte
	answer   func(head, body []byte) []byte // of the host to an HTTP request; nil: none is sent
	stops    bool                           // the job is cancelled when it reports progress
	judge    func(answered) string          // what is wrong; empty: nothing
}

// answered is what became of a vector.
type answered struct {
	result abi.Result
	err    *abi.Error // of the attempt, which came to no result then
	heard  []string   // lines and reports, in order
	sent   []string   // heads and bodies of requests
}

// failure is the error of the attempt or of its result.
func (a answered) failure() *abi.Error {
	if a.err != nil {
		return a.err
	}
	return a.result.Error
}

// errNotOffered is the code with which a guest says that its SDK leaves that out.
const errNotOffered abi.Code = "not_offered"

// Vectors holds an SDK to the vectors of the contract. module is the guest named
// vectors of its language, which does what its payload says:
//
//	{"do": "result", "result": R}  answers R, made by the SDK's own means
//	{"do": "typed", …}             takes name, count, price, paid, tags by type and gives them back
//	{"do": "host"}                 logs, reports progress, asks whether it is cancelled
//	{"do": "http"}                 sends a request, tells the response
//	{"do": "panic"}                breaks down by what its language has for that
//	anything else                  tells the envelope as the SDK read it
//
// testdata is abi/testdata. All languages run the same table.
func Vectors(ctx context.Context, w *author.Workshop, module []byte, testdata fs.FS) ([]Outcome, error) {
	m, err := w.Load(ctx, module)
	if err != nil {
		return nil, fmt.Errorf("admit the guest: %w", err)
	}
	defer m.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing is left to do with what it held
	var outcomes []Outcome
	for _, group := range []struct {
		id, holds string
		vectors   func(fs.FS) ([]vector, error)
	}{
		{"envelopes", "every valid envelope is read", validEnvelopes},
		{"refusals", "every invalid envelope fails by its code", invalidEnvelopes},
		{"results", "every valid result can be made", validResults},
		{"rejects", "no invalid result is committed", invalidResults},
		{"typed", "a payload is taken by type, or refused by the pointer of what is wrong", typed},
		{"host", "it speaks to the host", speaking},
		{"requests", "HTTP requests and responses are framed", requesting},
		{"panic", "a panic tells the place in the source", panicking},
	} {
		vectors, err := group.vectors(testdata)
		if err != nil {
			return nil, err
		}
		found, err := runVectors(ctx, m, vectors)
		if err != nil {
			return nil, err
		}
		outcomes = append(outcomes, Outcome{group.id, group.holds, found.verdict, found.reason, found.where})
	}
	return outcomes, nil
}

// runVectors runs each twice, because the first run may be kinder than those that
// start from a restored memory.
func runVectors(ctx context.Context, m *author.Module, vectors []vector) (finding, error) {
	for _, v := range vectors {
		for range 2 {
			got := v.run(ctx, m)
			if ctx.Err() != nil {
				return finding{}, ctx.Err()
			}
			if e := got.failure(); e != nil && e.Code == errNotOffered {
				return skips("the SDK leaves it out: %s", e.Message), nil
			}
			if wrong := v.judge(got); wrong != "" {
				return fails("%s: %s", v.name, wrong), nil
			}
		}
	}
	return passes("%d vectors", len(vectors)), nil
}

func (v vector) run(ctx context.Context, m *author.Module) answered {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	host := &listener{vector: v}
	if v.stops {
		host.stop = func() { cancel(abi.Errorf(abi.CodeCancelled, "the job was cancelled")) }
	}
	class := author.ClassOf(m)
	result, _, err := m.Execute(ctx, &class.Class, v.envelope, host)
	got := answered{result: result, heard: host.heard, sent: host.sent}
	got.err, _ = err.(*abi.Error) //nolint:errorlint // Execute says that it is nil or one
	return got
}

// listener is the host that a vector's guest sees.
type listener struct {
	vector vector
	heard  []string
	sent   []string
	stop   func()
}

func (l *listener) Log(level abi.Level, line string) {
	l.heard = append(l.heard, fmt.Sprintf("log %d %s", level, line))
}

func (l *listener) Progress(permille int, note string) {
	l.heard = append(l.heard, fmt.Sprintf("progress %d %s", permille, note))
	if l.stop != nil {
		l.stop()
	}
}

// HTTP answers a request as the vector says.
func (l *listener) HTTP(_ context.Context, document []byte) ([]byte, error) {
	if l.vector.answer == nil || len(document) < 4 {
		return nil, abi.Errorf(abi.CodeHostError, "no request was expected")
	}
	size := int(document[0]) | int(document[1])<<8 | int(document[2])<<16
	head, body := document[4:4+size], document[4+size:]
	l.sent = append(l.sent, string(head), string(body))
	return l.vector.answer(head, body), nil
}
