//go:build sdks

package guesttest

import (
	"reflect"
	"testing"

	"github.com/lessee-run/lessee/abi"
)

// What the guest named vectors sends when it is told {"do": "http"}.
const (
	wantHead = `{"method":"POST","url":"https://api.test/orders","headers":{"accept":["text/plain"],"x-two":["1","2"]},"credential":"crm","timeout_ms":1500,"follow_redirects":true}`
	wantBody = "a\x00b"
)

func framesHTTP(t *testing.T, g *Guest) {
	const broken = `{"status":0,"url":"","retry_after":"","body":"","error_code":"http_failed"}`
	for _, c := range []struct {
		name, output, message string
		answer                []byte
	}{
		{"a response", `{"status":429,"url":"https://api.test/v2","retry_after":"7","body":"häppy\n","error_code":""}`, "",
			Document(`{"status":429,"headers":{"x":[],"retry-after":["7","8"]},"url":"https://api.test/v2"}`, "häppy\n")},
		{"a response without a body", `{"status":204,"url":"u","retry_after":"","body":"","error_code":""}`, "",
			Document(`{"status":204,"headers":{},"url":"u"}`, "")},
		{"an error", `{"status":0,"url":"","retry_after":"","body":"","error_code":"http_denied"}`, "grant it",
			Document(`{"error":{"code":"http_denied","message":"grant it"}}`, "")},
		{"no document", broken, "", nil},
		{"a length beyond the end", broken, "", []byte{255, 255, 255, 255, '{', '}'}},
		{"a head that is no JSON", broken, "", Document(`{"status":`, "")},
		{"a head of another shape", broken, "", Document(`[]`, "")},
	} {
		t.Run(c.name, func(t *testing.T) {
			g.HTTP = func(head, body []byte) []byte {
				if !same(head, []byte(wantHead)) || string(body) != wantBody {
					t.Errorf("it sends %s and %q, want %s and %q", head, body, wantHead, wantBody)
				}
				return c.answer
			}
			got := run(t, g, envelope(`{"do":"http"}`))
			told, _ := decode(got.Output).(map[string]any)
			message, _ := told["error_message"].(string)
			delete(told, "error_message")
			if got.Status != abi.StatusOK || !reflect.DeepEqual(told, decode([]byte(c.output))) || c.message != "" && message != c.message {
				t.Errorf("it tells %s %v, want %s", got.Output, got.Error, c.output)
			}
			if (told["error_code"] != "") != (message != "") {
				t.Errorf("error code %q, message %q", told["error_code"], message)
			}
		})
	}
}
