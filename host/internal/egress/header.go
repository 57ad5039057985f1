package egress

import (
	"net/http"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/lessee-run/lessee/abi"
)

const (
	maxHeaders     = 100      // values of a request
	maxHeaderBytes = 32 << 10 // of all names and values of a request
)

// forbidden reports whether a header is the connection's own business, which
// this package does. Trace context is no such: the host's replaces the guest's in silence.
func forbidden(name string) bool {
	switch name {
	case "Host", "Content-Length", "Transfer-Encoding", "Connection", "Keep-Alive", "Te", "Trailer", "Upgrade", "Expect", "Http2-Settings", "Alt-Used":
		return true
	}
	return strings.HasPrefix(name, "Proxy-")
}

// guestHeader checks the headers that a guest gives, and returns them as they are sent.
func guestHeader(given map[string][]string) (http.Header, error) {
	header, count, size := http.Header{}, 0, 0
	for name, values := range given {
		if !httpguts.ValidHeaderFieldName(name) {
			return nil, abi.Errorf(abi.CodeHTTPInvalid, "the header name %.80q is none: use letters, digits and hyphens", name)
		}
		name = http.CanonicalHeaderKey(name)
		if forbidden(name) {
			return nil, abi.Errorf(abi.CodeHTTPInvalid, "the header %s is the host's to set: leave it out", name)
		}
		for _, value := range values {
			if !httpguts.ValidHeaderFieldValue(value) {
				return nil, abi.Errorf(abi.CodeHTTPInvalid, "the header %.80s has a line break or another control character in its value", name)
			}
			count, size = count+1, size+len(name)+len(value)
			header.Add(name, value)
		}
	}
	if count > maxHeaders || size > maxHeaderBytes {
		return nil, abi.Errorf(abi.CodeHTTPInvalid, "the request has %d header values of %d bytes: at most %d of %d are sent", count, size, maxHeaders, maxHeaderBytes)
	}
	return header, nil
}

// wholeAndReadable refuses headers that would hide a secret from the scan of
// the answer: compressed, or in pieces.
func wholeAndReadable(header http.Header) error {
	for _, name := range []string{"Accept-Encoding", "Range", "If-Range"} {
		if header.Values(name) != nil {
			return abi.Errorf(abi.CodeHTTPInvalid, "the header %s can't go to a host that has a credential, because its answer must be whole and readable: leave it out", name)
		}
	}
	return nil
}

// headBytes is the size of a head as HTTP/1.1 would write it.
func headBytes(line string, header http.Header) int64 {
	n := len(line) + len("\r\n\r\n")
	for name, values := range header {
		for _, value := range values {
			n += len(name) + len(": ") + len(value) + len("\r\n")
		}
	}
	return int64(n)
}

// lowered is an answer's header as the guest gets it.
func lowered(header http.Header) map[string][]string {
	out := make(map[string][]string, len(header))
	for name, values := range header {
		key := strings.ToLower(name)
		out[key] = append(out[key], values...)
	}
	return out
}
