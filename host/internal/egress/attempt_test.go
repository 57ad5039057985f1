package egress

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/abi"
)

func TestAttempt_EndsWithTheCallAfterItsLast(t *testing.T) {
	w, url := toServer(t, func(http.ResponseWriter, *http.Request) {})
	w.limits(func(l *abi.Limits) { l.HTTPCalls = 3 })
	w.ok(w.get(url), 200, "")
	w.refused(w.get("http://evil.test/"), abi.CodeHTTPDenied, "no http grant") // what is refused counts too
	w.refused(w.get("nonsense"), abi.CodeHTTPInvalid, "the URL")
	_, err := w.try(abi.HTTPRequest{URL: url})
	w.ended(err, abi.CodeLimitHTTPCalls)
	_, err = w.try(abi.HTTPRequest{URL: "nonsense"})
	w.ended(err, abi.CodeLimitHTTPCalls)
	if w.attempt.Calls() != 3 || len(w.attempt.Records()) != 3 {
		t.Errorf("%d calls, %d records", w.attempt.Calls(), len(w.attempt.Records()))
	}
}

func TestAttempt_CountsBytesOfAllItsRequestsAndAnswers(t *testing.T) {
	hits := 0
	w, url := toServer(t, func(rw http.ResponseWriter, r *http.Request) {
		hits++
		n, _ := io.Copy(io.Discard, r.Body)
		fmt.Fprint(rw, strings.Repeat("x", int(n)))
	})
	w.limits(func(l *abi.Limits) { l.HTTPBytes = 10_000 })
	if r := w.do(abi.HTTPRequest{Method: "POST", URL: url, Body: make([]byte, 3000)}); len(r.Body) != 3000 {
		t.Errorf("%+v", r)
	}
	if n := w.attempt.Bytes(); n < 6000 || n > 7000 {
		t.Errorf("%d bytes", n)
	}
	_, err := w.try(abi.HTTPRequest{Method: "POST", URL: url, Body: make([]byte, 5000)})
	w.ended(err, abi.CodeLimitHTTPBytes)
	if hits != 1 {
		t.Errorf("%d requests reached the server: one that is too large is not sent", hits)
	}
	w.limits(func(l *abi.Limits) { l.HTTPBytes = 10_000 })
	_, err = w.try(abi.HTTPRequest{Method: "POST", URL: url, Body: make([]byte, 6000)})
	w.ended(err, abi.CodeLimitHTTPBytes)
	w.limits(func(l *abi.Limits) { l.HTTPBytes = 0 })
	_, err = w.try(abi.HTTPRequest{URL: url})
	w.ended(err, abi.CodeLimitHTTPBytes)
}

func TestAttempt_KeepsTheFirstThousandRecords(t *testing.T) {
	w, _ := toServer(t, func(http.ResponseWriter, *http.Request) {})
	w.limits(func(l *abi.Limits) { l.HTTPCalls = 2000 })
	for range 1001 {
		w.get("nonsense")
	}
	if n := len(w.attempt.Records()); n != 1000 || w.attempt.Calls() != 1001 {
		t.Errorf("%d records, %d calls", n, w.attempt.Calls())
	}
}

func TestAttempt_WithoutATraceBeginsOne(t *testing.T) {
	if a := NewAttempt(abi.DefaultLimits(), abi.Trace{Traceparent: parent, Tracestate: "a=b\r\nX: y"}); a.state != "" {
		t.Errorf("a tracestate of two lines is passed on: %q", a.state)
	}
	a := NewAttempt(abi.DefaultLimits(), abi.Trace{Traceparent: "nonsense", Tracestate: "a=b"})
	if _, ok := abi.ParseTraceparent(a.traceparent("b7ad6b7169203331")); !ok || a.state != "" {
		t.Errorf("%s %s", a.traceparent("b7ad6b7169203331"), a.state)
	}
}
