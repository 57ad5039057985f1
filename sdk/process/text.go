//go:build !wasip1

package process

import (
	"strings"

	"github.com/lessee-run/lessee/abi"
)

// valid makes text what a protobuf string may hold.
func valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }

// failure is the answer to an HTTP request that got none.
func failure(format string, args ...any) []byte {
	answer, _ := abi.EncodeHTTPResponse(abi.HTTPResponse{Error: abi.Errorf(abi.CodeHTTPFailed, format, args...)}) // plain text encodes
	return answer
}
