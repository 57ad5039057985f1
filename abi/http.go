package abi

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"
)

// Codes of an [HTTPResponse] that the guest may handle. A limit that is hit
// ends the attempt instead; see [CodeLimitHTTPCalls].
const (
	CodeHTTPInvalid Code = "http_invalid" // the request document is malformed, or asks for what no request may hold
	CodeHTTPDenied  Code = "http_denied"  // no grant of the class allows it, or the address is refused
	CodeHTTPFailed  Code = "http_failed"  // name, connection, TLS, time, or a broken answer
	CodeHTTPSecret  Code = "http_secret"  // the request or the answer holds the value of a credential
)

// HTTPRequest is what a guest asks of the host function http. It travels as a
// document: the length of the head, the head as JSON, the body.
type HTTPRequest struct {
	Method          string              `json:"method"`
	URL             string              `json:"url"`
	Headers         map[string][]string `json:"headers,omitempty"`
	Credential      string              `json:"credential,omitempty"`       // name of a bound credential; the host adds its value
	TimeoutMS       int64               `json:"timeout_ms,omitempty"`       // milliseconds; 0: as long as the attempt may take
	FollowRedirects bool                `json:"follow_redirects,omitempty"` // false: a 3xx is the answer
	Body            []byte              `json:"-"`
}

// HTTPResponse is the host's answer: a status, or an error and nothing else.
type HTTPResponse struct {
	Status  int                 `json:"status,omitempty"`
	Headers map[string][]string `json:"headers,omitempty"` // names in lower case
	URL     string              `json:"url,omitempty"`     // of the last request, after redirects
	Error   *Error              `json:"error,omitempty"`
	Body    []byte              `json:"-"` // as it travelled: a content-encoding is the guest's to undo
}

// EncodeHTTPRequest returns r as the document that a host reads.
func EncodeHTTPRequest(r HTTPRequest) ([]byte, error) { return encodeDocument(r, r.Body) }

// EncodeHTTPResponse returns r as the document that a guest reads.
func EncodeHTTPResponse(r HTTPResponse) ([]byte, error) { return encodeDocument(r, r.Body) }

// DenyHTTP returns the answer, as a document, to a request that nobody may send.
func DenyHTTP(why string) []byte {
	document, _ := EncodeHTTPResponse(HTTPResponse{Error: Errorf(CodeHTTPDenied, "%s", why)}) // plain text encodes
	return document
}

// DecodeHTTPRequest reads a request document; its Body is part of data. Every
// failure is an *Error of code [CodeHTTPInvalid]. Unknown fields are refused,
// because a misspelt credential or timeout would be lost in silence.
func DecodeHTTPRequest(data []byte) (HTTPRequest, error) {
	var r HTTPRequest
	body, err := decodeDocument(data, &r, true)
	switch {
	case err != nil:
		return HTTPRequest{}, Errorf(CodeHTTPInvalid, "the request is no document of ABI v%d: %.300s", Version, err) // the guest chose what it quotes
	case r.TimeoutMS < 0:
		return HTTPRequest{}, Errorf(CodeHTTPInvalid, "timeout_ms is %d: it can't be negative; leave it out for none", r.TimeoutMS)
	}
	r.Body = body
	return r, nil
}

// DecodeHTTPResponse reads an answer; its Body is part of data. A later host
// may send more fields than this version knows.
func DecodeHTTPResponse(data []byte) (HTTPResponse, error) {
	var r HTTPResponse
	body, err := decodeDocument(data, &r, false)
	switch {
	case err != nil:
		return HTTPResponse{}, Errorf(CodeHTTPInvalid, "the answer is no document of ABI v%d: %.300s", Version, err)
	case r.Error == nil && (r.Status < 100 || r.Status > 999):
		return HTTPResponse{}, Errorf(CodeHTTPInvalid, "the answer has neither a status nor an error")
	case r.Error != nil && (r.Status != 0 || len(body) > 0):
		return HTTPResponse{}, Errorf(CodeHTTPInvalid, "the answer has an error, and a status or a body beside it")
	}
	r.Body = body
	return r, nil
}

const headLength = 4 // bytes of a document before its head

func encodeDocument(head any, body []byte) ([]byte, error) {
	text, err := encode(head)
	if err != nil {
		return nil, err
	}
	data := make([]byte, 0, headLength+len(text)+len(body))
	data = binary.LittleEndian.AppendUint32(data, uint32(len(text)))
	return append(append(data, text...), body...), nil
}

func decodeDocument(data []byte, head any, strict bool) (body []byte, err error) {
	if len(data) < headLength {
		return nil, errors.New("it is shorter than the 4 bytes that tell the length of its head")
	}
	size, rest := binary.LittleEndian.Uint32(data), data[headLength:]
	if uint64(size) > uint64(len(rest)) {
		return nil, errors.New("its head would end after its last byte")
	}
	text, body := rest[:size], rest[size:]
	if !utf8.Valid(text) {
		return nil, errors.New("its head is not valid UTF-8")
	}
	if !bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("{")) {
		return nil, errors.New("its head is not a JSON object")
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	if strict {
		dec.DisallowUnknownFields()
	}
	if err := dec.Decode(head); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, errors.New("its head has bytes after the JSON object")
	}
	return body, nil
}
