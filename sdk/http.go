package sdk

import (
	"cmp"
	"context"
	"time"

	"github.com/lessee-run/lessee/abi"
)

// Request is an HTTP request that the host makes for the handler.
type Request struct {
	Method          string              // empty: GET
	URL             string              // absolute, http or https
	Header          map[string][]string // an http.Header fits
	Body            []byte
	Credential      string        // name of a credential that the class grants; the host adds its value, which no handler sees
	Timeout         time.Duration // 0: as long as the attempt may take
	FollowRedirects bool          // false: a 3xx is the answer
}

// Response is the answer to a [Request], whatever its status.
type Response struct {
	Status int
	Header map[string][]string // names in lower case
	URL    string              // of the last request, after redirects
	Body   []byte              // as it travelled: a content-encoding is the handler's to undo
}

// Fetch sends a request that the class's grants allow. The error is an
// *[abi.Error]: http_failed (name, connection, time) is worth another attempt,
// and http_denied, http_invalid and http_secret, which no repetition mends, are
// [Permanent]. A limit of the class that is hit ends the attempt.
func Fetch(ctx context.Context, r Request) (Response, error) {
	a, ok := attemptFrom(ctx)
	if !ok {
		return Response{}, errNoAttempt
	}
	request, err := abi.EncodeHTTPRequest(abi.HTTPRequest{
		Method: cmp.Or(r.Method, "GET"), URL: r.URL, Headers: r.Header, Credential: r.Credential,
		TimeoutMS: r.Timeout.Milliseconds(), FollowRedirects: r.FollowRedirects, Body: r.Body,
	})
	if err != nil {
		return Response{}, Permanent(abi.Errorf(abi.CodeHTTPInvalid, "encode the request: %v", err))
	}
	answer, err := abi.DecodeHTTPResponse(a.host.HTTP(request))
	switch {
	case err != nil:
		return Response{}, err
	case answer.Error == nil:
		return Response{Status: answer.Status, Header: answer.Headers, URL: answer.URL, Body: answer.Body}, nil
	case answer.Error.Code == abi.CodeHTTPFailed:
		return Response{}, answer.Error
	}
	return Response{}, Permanent(answer.Error)
}
