package egress

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/lessee-run/lessee/abi"
)

const maxRecords = 1000

// Record is one request of an attempt, as its row keeps it.
type Record struct {
	Method        string     `json:"method"`
	URL           string     `json:"url"` // without query; empty when it could not be read
	Status        int        `json:"status,omitempty"`
	Error         *abi.Error `json:"error,omitempty"`
	StartedAt     time.Time  `json:"started_at"`
	MS            int64      `json:"ms"`
	RequestBytes  int64      `json:"request_bytes"` // 0: it was not sent
	ResponseBytes int64      `json:"response_bytes"`
	SHA256        string     `json:"sha256,omitempty"` // of the answer's body
	SpanID        string     `json:"span_id"`
}

// Attempt is what one attempt has used, and the trace it belongs to. It serves
// one goroutine at a time, as a guest does.
type Attempt struct {
	calls, maxCalls int64
	bytes, maxBytes int64
	trace           abi.TraceContext
	state           string
	records         []Record
}

// NewAttempt returns an attempt that has used nothing yet.
func NewAttempt(limits abi.Limits, trace abi.Trace) *Attempt {
	a := &Attempt{maxCalls: limits.HTTPCalls, maxBytes: limits.HTTPBytes, state: trace.Tracestate}
	var ok bool
	if a.trace, ok = abi.ParseTraceparent(trace.Traceparent); !ok {
		a.trace = abi.TraceContext{TraceID: randomHex(16)}
	}
	if !ok || !httpguts.ValidHeaderFieldValue(a.state) {
		a.state = ""
	}
	return a
}

// Records lists its requests in their order, each hop of a redirect among
// them, and those that were refused; at most the first 1000.
func (a *Attempt) Records() []Record { return a.records }

// Calls is how many requests it made, as [abi.Usage] has it.
func (a *Attempt) Calls() int64 { return a.calls }

// Bytes is the size of its requests and answers, as [abi.Usage] has it.
func (a *Attempt) Bytes() int64 { return a.bytes }

// begin counts a request. The error is the limit, and ends the attempt.
func (a *Attempt) begin() (*Record, error) {
	if a.calls >= a.maxCalls {
		return nil, abi.Errorf(abi.CodeLimitHTTPCalls, "the attempt made more HTTP requests than its limit of %d (http_calls); each hop of a redirect counts", a.maxCalls)
	}
	a.calls++
	return &Record{StartedAt: time.Now().UTC(), SpanID: randomHex(8)}, nil
}

// end keeps the record of a request.
func (a *Attempt) end(r *Record, err error) {
	r.MS = time.Since(r.StartedAt).Milliseconds()
	if err != nil && !errors.As(err, &r.Error) {
		r.Error = abi.Errorf(abi.CodeInterrupted, "the attempt ended before the request did")
	}
	if len(a.records) < maxRecords {
		a.records = append(a.records, *r)
	}
}

func (a *Attempt) left() int64 { return a.maxBytes - a.bytes }

// spend counts n bytes into total too. The error is the limit, and ends the attempt.
func (a *Attempt) spend(n int64, total *int64) error {
	*total += n
	if a.bytes += n; a.bytes > a.maxBytes {
		return abi.Errorf(abi.CodeLimitHTTPBytes, "the attempt's HTTP requests and answers are larger than its limit of %d bytes (http_bytes)", a.maxBytes)
	}
	return nil
}

// traceparent makes a request a child of the attempt's own span.
func (a *Attempt) traceparent(span string) string {
	t := a.trace
	t.SpanID = span
	return t.String()
}

// randomHex never is all zero: the first digit is taken from 1 to f.
func randomHex(bytes int) string {
	data := make([]byte, bytes)
	rand.Read(data) //nolint:errcheck // never fails, says its documentation
	data[0] |= 0x10
	return hex.EncodeToString(data)
}

func digest(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}
