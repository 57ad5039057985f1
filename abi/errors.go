package abi

import (
	"encoding/json"
	"fmt"
)

// Code names a failure in the attempt's record. Executors may use codes of
// their own; those below are the host's and the SDKs'.
type Code string

// Codes for what the guest did wrong.
const (
	CodeHandlerError    Code = "handler_error"    // the handler returned an error without a code of its own
	CodeGuestTrap       Code = "guest_trap"       // the module trapped, or its runtime panicked
	CodeGuestExit       Code = "guest_exit"       // the program exited before it answered, or with a failing code
	CodePluginCrashed   Code = "plugin_crashed"   // the process of a native executor died, or was killed because it did not stop
	CodePointerInvalid  Code = "pointer_invalid"  // the result points outside the guest's memory
	CodeResultInvalid   Code = "result_invalid"   // the answer is no valid result
	CodeEnvelopeInvalid Code = "envelope_invalid" // the SDK could not read the envelope
	CodePayloadInvalid  Code = "payload_invalid"  // the payload is not what the handler takes
	CodeABIMismatch     Code = "abi_mismatch"     // module and host speak different versions
)

// Codes for limits of the class row; see [Limits].
const (
	CodeLimitFuel      Code = "limit_fuel"
	CodeLimitWall      Code = "limit_wall"
	CodeLimitMemory    Code = "limit_memory"
	CodeLimitStack     Code = "limit_stack"
	CodeLimitHostCalls Code = "limit_host_calls"
	CodeLimitInput     Code = "limit_input"
	CodeLimitOutput    Code = "limit_output"
	CodeLimitLog       Code = "limit_log"
	CodeLimitEffects   Code = "limit_effects"
	CodeLimitHTTPCalls Code = "limit_http_calls"
	CodeLimitHTTPBytes Code = "limit_http_bytes"
)

// Codes for what the host or the database found.
const (
	CodeNotGranted     Code = "not_granted"     // the result asks for what the class's grants don't hold
	CodeNotRegistered  Code = "not_registered"  // it names an unknown event type, command or class
	CodeResultSchema   Code = "result_schema"   // the output breaks the class's result schema
	CodeResultSecret   Code = "result_secret"   // the result holds the value of a credential
	CodeCommandFailed  Code = "command_failed"  // a command raised an error
	CodeCommandTimeout Code = "command_timeout" // a command ran out of time
	CodeCancelled      Code = "cancelled"       // an operator cancelled the job
	CodeInterrupted    Code = "interrupted"     // the host stopped; no fault of the job
	CodeHostError      Code = "host_error"      // the host failed; no fault of the job
	CodeHostLost       Code = "host_lost"       // the host stopped renewing its lease
	CodeOverdue        Code = "overdue"         // the host neither ended nor killed the attempt in time
)

// Error is a failure as it travels in a result and stands in an attempt's record.
type Error struct {
	Code    Code            `json:"code"`
	Message string          `json:"message"`
	Detail  json.RawMessage `json:"detail,omitempty"`
}

// Errorf returns an *Error with a formatted message.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }
