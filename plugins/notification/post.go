package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// newClient follows no redirect: what is signed for one server is not for
// another. It keeps no connections, because net/http sends a request that has an
// Idempotency-Key again by itself when a kept one breaks.
func newClient() *http.Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy, transport.DisableKeepAlives = nil, true
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

const maxAnswer = 64 << 10 // bytes of an answer that are read

// post sends a body of JSON once, and returns what a server that accepted it says.
func (m *message) post(ctx context.Context, client *http.Client, to string, body []byte, headers map[string]string) (string, error) {
	var begun atomic.Bool // something may have reached the server
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaders: func() { begun.Store(true) }})
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return "", permanent(codeConfigInvalid, "the URL of channel %s can't be used", m.name) // it may be a secret
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "lessee-notification/1.0")
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	answer, err := client.Do(r)
	switch {
	case err != nil && begun.Load():
		return "", retry(codeUnknown, "%s", reason(err))
	case err != nil:
		return "", retry(codeUnreachable, "the server of %s can't be reached: %s", m.name, reason(err))
	}
	defer answer.Body.Close()                                     //nolint:errcheck // only read
	text, _ := io.ReadAll(io.LimitReader(answer.Body, maxAnswer)) // the status has said it
	return strings.TrimSpace(answer.Status + " " + string(text)), m.verdict(answer, clip(string(text)))
}

// reason is an error of net/http without the URL.
func reason(err error) string {
	if u := (*url.Error)(nil); errors.As(err, &u) {
		err = u.Err
	}
	return clip(err.Error())
}

// verdict is what a status means.
func (m *message) verdict(answer *http.Response, words string) error {
	code := answer.StatusCode
	switch {
	case code/100 == 2:
		return nil
	case code == http.StatusRequestTimeout, code == http.StatusTooEarly, code == http.StatusTooManyRequests, code >= 500:
		if wait, ok := wanted(answer.Header); ok {
			return retryAfter(wait, codeDeferred, "the server of %s answers %s: %s", m.name, answer.Status, words)
		}
		return retry(codeDeferred, "the server of %s answers %s: %s", m.name, answer.Status, words)
	case code/100 == 3:
		return permanent(codeRefused, "the server of %s answers %s: a redirect is not followed; put the new address into the channel", m.name, answer.Status)
	}
	return permanent(codeRefused, "the server of %s answers %s: %s", m.name, answer.Status, words)
}

// wanted reads Retry-After: seconds, which Discord gives with decimals, or a date.
func wanted(header http.Header) (time.Duration, bool) {
	text := strings.TrimSpace(header.Get("Retry-After"))
	if seconds, err := strconv.ParseFloat(text, 64); err == nil && seconds >= 0 {
		return time.Duration(min(seconds, maxWait.Seconds()) * float64(time.Second)), true
	}
	at, err := http.ParseTime(text)
	return max(0, time.Until(at)), err == nil
}
