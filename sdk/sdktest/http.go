package sdktest

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/lessee-run/lessee/abi"
)

func (r *recorder[Out]) HTTP(request []byte) []byte {
	answer, err := abi.EncodeHTTPResponse(r.answer(request))
	if err != nil {
		panic(err) // a status, texts and bytes encode
	}
	return answer
}

func (r *recorder[Out]) answer(document []byte) abi.HTTPResponse {
	request, err := abi.DecodeHTTPRequest(document)
	if err != nil {
		return failure(abi.CodeHTTPInvalid, err.Error())
	}
	if r.handler == nil {
		return failure(abi.CodeHTTPDenied, "this test grants no HTTP: give it sdktest.HTTP(handler)")
	}
	out, err := http.NewRequest(request.Method, request.URL, bytes.NewReader(request.Body))
	if err != nil {
		return failure(abi.CodeHTTPInvalid, err.Error())
	}
	for name, values := range request.Headers {
		out.Header[http.CanonicalHeaderKey(name)] = values
	}
	if request.Credential != "" {
		out.Header.Set("Authorization", "credential "+request.Credential) // as a host would add its value
	}
	in := httptest.NewRecorder()
	r.handler.ServeHTTP(in, out)
	answer := abi.HTTPResponse{Status: in.Code, URL: request.URL, Headers: map[string][]string{}, Body: in.Body.Bytes()}
	for name, values := range in.Result().Header {
		answer.Headers[strings.ToLower(name)] = values
	}
	return answer
}

func failure(code abi.Code, message string) abi.HTTPResponse {
	return abi.HTTPResponse{Error: abi.Errorf(code, "%s", message)}
}
