package egress

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"

	"github.com/lessee-run/lessee/abi"
)

// hop is one request of a call: the guest's own, or one that a redirect asks for.
type hop struct {
	method     string
	target     target
	header     http.Header // the guest's
	body       []byte
	credential string // empty: none
}

func firstHop(r abi.HTTPRequest) (hop, error) {
	t, err := parseTarget(r.URL)
	if err != nil {
		return hop{}, err
	}
	header, err := guestHeader(r.Headers)
	if err != nil {
		return hop{}, err
	}
	return hop{r.Method, t, header, r.Body, r.Credential}, nil
}

// send makes one request, counts it and records it, however it ends.
func (c *Client) send(ctx context.Context, a *Attempt, h hop, secrets *reading) (abi.HTTPResponse, error) {
	record, err := a.begin()
	if err != nil {
		return abi.HTTPResponse{}, err
	}
	record.URL = h.target.shown()
	if methodAllowed(h.method) {
		record.Method = h.method
	}
	response, err := c.exchange(ctx, a, h, secrets, record)
	a.end(record, err)
	return response, err
}

func (c *Client) exchange(ctx context.Context, a *Attempt, h hop, secrets *reading, record *Record) (abi.HTTPResponse, error) {
	rule, err := c.rule(h.method, h.target, h.credential)
	if err != nil {
		return abi.HTTPResponse{}, err
	}
	request, err := h.request(ctx, a, secrets, record.SpanID)
	if err != nil {
		return abi.HTTPResponse{}, err
	}
	line := h.method + " " + request.URL.RequestURI() + " HTTP/1.1" + request.URL.Host
	if err := a.spend(headBytes(line, request.Header)+int64(len(h.body)), &record.RequestBytes); err != nil {
		return abi.HTTPResponse{}, err
	}
	answer, err := rule.transport.RoundTrip(request)
	if err != nil {
		return abi.HTTPResponse{}, failure(ctx, err)
	}
	defer answer.Body.Close()
	return h.read(ctx, a, answer, secrets, record)
}

// request is what is sent: the guest's headers, the trace, and at last the credential.
func (h hop) request(ctx context.Context, a *Attempt, secrets *reading, span string) (*http.Request, error) {
	request, err := http.NewRequestWithContext(httptrace.WithClientTrace(ctx, leftoverTrace()), h.method, h.target.url.String(), bytes.NewReader(h.body))
	if err != nil {
		return nil, abi.Errorf(abi.CodeHTTPInvalid, "the request can't be sent: its method or URL is malformed")
	}
	if h.guarded(secrets) {
		if err := wholeAndReadable(h.header); err != nil {
			return nil, err
		}
	}
	request.Header = h.header.Clone()
	for name, value := range map[string]string{"User-Agent": "lessee", "Accept-Encoding": "identity"} {
		if request.Header.Values(name) == nil {
			request.Header.Set(name, value)
		}
	}
	request.Header.Set("Traceparent", a.traceparent(span))
	request.Header.Del("Tracestate")
	if a.state != "" {
		request.Header.Set("Tracestate", a.state)
	}
	if h.credential == "" {
		return request, nil
	}
	return request, secrets.authorize(request.Header, h.credential, h.target)
}

// read takes an answer as far as the attempt's budget goes.
func (h hop) read(ctx context.Context, a *Attempt, answer *http.Response, secrets *reading, record *Record) (abi.HTTPResponse, error) {
	record.Status = answer.StatusCode
	if err := a.spend(headBytes("HTTP/1.1 "+answer.Status, answer.Header), &record.ResponseBytes); err != nil {
		return abi.HTTPResponse{}, err
	}
	response := abi.HTTPResponse{Status: answer.StatusCode, Headers: lowered(answer.Header), URL: h.target.url.String()}
	if err := h.inspect(answer, secrets); err != nil {
		return abi.HTTPResponse{}, err
	}
	body, err := io.ReadAll(io.LimitReader(answer.Body, a.left()+1))
	if err := a.spend(int64(len(body)), &record.ResponseBytes); err != nil {
		return abi.HTTPResponse{}, err
	}
	if err != nil {
		return abi.HTTPResponse{}, failure(ctx, err)
	}
	record.SHA256, response.Body = digest(body), body
	if name := secrets.find(body); name != "" {
		return abi.HTTPResponse{}, foundSecret(name)
	}
	return response, nil
}

// inspect looks at the head of an answer before its body is read.
func (h hop) inspect(answer *http.Response, secrets *reading) error {
	for name, values := range answer.Header {
		if found := secrets.find([]byte(name), []byte(strings.Join(values, "\n"))); found != "" {
			return foundSecret(found)
		}
	}
	if answer.StatusCode < 200 {
		return abi.Errorf(abi.CodeHTTPFailed, "the server answered %d, a change of protocol that nobody asked for", answer.StatusCode)
	}
	if encoding := strings.ToLower(strings.Join(answer.Header.Values("Content-Encoding"), ",")); encoding != "" && encoding != "identity" && h.guarded(secrets) {
		return abi.Errorf(abi.CodeHTTPFailed, "the server compressed its answer, though it was asked not to; an answer of a host that has a credential must be readable")
	}
	return nil
}

// guarded reports whether the server may know a secret.
func (h hop) guarded(secrets *reading) bool {
	return h.credential != "" || secrets.knownTo(h.target.host)
}

func foundSecret(name string) error {
	return abi.Errorf(abi.CodeHTTPSecret, "the answer holds the value of the credential %q, so it is withheld: ask the server for an answer without it", name)
}
