package conformance

import (
	"encoding/binary"
	"fmt"
	"io/fs"
	"strings"
)

// What the guest named vectors sends when it is told {"do": "http"}.
const (
	wantHead = `{"method":"POST","url":"https://api.test/orders","headers":{"accept":["text/plain"],"x-two":["1","2"]},"credential":"crm","timeout_ms":1500,"follow_redirects":true}`
	wantBody = "a\x00b"
)

// requesting are answers of a host, and what the guest tells of them.
func requesting(fs.FS) ([]vector, error) {
	var vectors []vector
	for _, c := range []struct {
		name, told string // told: parts of the output
		answer     []byte
	}{
		{"a response", `"status":429,"url":"https://api.test/v2","retry_after":"7","body":"häppy\n","error_code":""`,
			document(`{"status":429,"headers":{"x":[],"retry-after":["7","8"]},"url":"https://api.test/v2"}`, "häppy\n")},
		{"a response without a body", `"status":204,"url":"u","retry_after":"","body":"","error_code":""`, document(`{"status":204,"headers":{},"url":"u"}`, "")},
		{"an error", `"status":0,"url":"","error_code":"http_denied","error_message":"grant it"`, document(`{"error":{"code":"http_denied","message":"grant it"}}`, "")},
		{"no document", broken, nil},
		{"a length beyond the end", broken, []byte{255, 255, 255, 255, '{', '}'}},
		{"a head that is no JSON", broken, document(`{"status":`, "")},
		{"a head of another shape", broken, document(`[]`, "")},
	} {
		vectors = append(vectors, vector{name: c.name, envelope: ordering(`{"do":"http"}`), answer: func([]byte, []byte) []byte { return c.answer }, judge: func(a answered) string {
			return tells(a, `{`+c.told+`}`)
		}})
	}
	return vectors, nil
}

// broken is told of what is no document.
const broken = `"status":0,"url":"","body":""`

func tells(a answered, told string) string {
	if len(a.sent) != 2 || !sameJSON([]byte(a.sent[0]), []byte(wantHead)) || a.sent[1] != wantBody {
		return fmt.Sprintf("it sends %q, want %s and %q", a.sent, wantHead, wantBody)
	}
	got, want := map[string]string{}, map[string]string{}
	collect(parse(a.result.Output), nil, got)
	collect(parse([]byte(told)), nil, want)
	for at, value := range want {
		if got[at] != value {
			return fmt.Sprintf("it tells %s %v, want %s", a.result.Output, errorText(a.failure()), told)
		}
	}
	if code := strings.Trim(got["/error_code"], `"`); strings.Contains(told, broken) && code != "http_failed" && code != "http_invalid" {
		return fmt.Sprintf("it tells %s, want error_code http_failed or http_invalid", a.result.Output)
	}
	return ""
}

// document is the length of its head, the head, the body.
func document(head, body string) []byte {
	return append(binary.LittleEndian.AppendUint32(nil, uint32(len(head))), head+body...)
}
