package abi

import (
	"encoding/hex"
	"strings"
)

// TraceContext is a traceparent taken apart: lower-case hex, as the header has it.
type TraceContext struct {
	TraceID string // 32 hex digits, not all zero
	SpanID  string // 16 hex digits, not all zero
	Sampled bool
}

// String is the traceparent header of version 00.
func (t TraceContext) String() string {
	flags := "00"
	if t.Sampled {
		flags = "01"
	}
	return "00-" + t.TraceID + "-" + t.SpanID + "-" + flags
}

// ParseTraceparent reads a traceparent header. ok is false for anything that
// the W3C recommendation tells a receiver to refuse: wrong lengths, upper case,
// version ff, all-zero ids.
// Source: https://www.w3.org/TR/trace-context/#traceparent-header
func ParseTraceparent(header string) (t TraceContext, ok bool) {
	parts := strings.Split(header, "-")
	if len(parts) < 4 || !lowerHex(parts[0], 2) || parts[0] == "ff" || (parts[0] == "00" && len(parts) != 4) {
		return TraceContext{}, false
	}
	if !lowerHex(parts[1], 32) || !lowerHex(parts[2], 16) || !lowerHex(parts[3], 2) || zero(parts[1]) || zero(parts[2]) {
		return TraceContext{}, false
	}
	flags, _ := hex.DecodeString(parts[3])
	return TraceContext{TraceID: parts[1], SpanID: parts[2], Sampled: flags[0]&1 == 1}, true
}

func lowerHex(s string, n int) bool {
	return len(s) == n && strings.Trim(s, "0123456789abcdef") == ""
}

func zero(s string) bool { return strings.Trim(s, "0") == "" }
