package sdk

import (
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/sdk/internal/quick"
)

// maxStack bounds the stack of a panic in an attempt's record, in bytes.
const maxStack = 8 << 10

// resultWith is what a returned handler amounts to.
func resultWith[Out any](a *attempt, encoder *quick.Encoder[Out], output Out, err error) abi.Result {
	r := abi.Result{Status: abi.StatusOK}
	if err != nil {
		r = resultOf(err)
	}
	if r.Status != abi.StatusOK && r.Status != abi.StatusPark {
		return r
	}
	encoded, err := encoder.Encode(output)
	if err != nil {
		return failed(abi.Errorf(abi.CodeResultInvalid, "the output, a %T, does not encode as JSON: %v", output, err))
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	r.Output, r.Events, r.Enqueue, r.Commands = encoded, a.effects.Events, a.effects.Enqueue, a.effects.Commands
	return r
}

// resultOf turns a handler's error into a verdict without effects.
func resultOf(err error) abi.Result {
	r := abi.Result{Status: abi.StatusRetry}
	if v := (*verdict)(nil); errors.As(err, &v) {
		r.Status, r.RetryAfterMS = v.status, v.after.Milliseconds()
	}
	if r.Status != abi.StatusPark {
		r.Error = errorOf(err)
	}
	return r
}

func errorOf(err error) *abi.Error {
	e := &abi.Error{Code: abi.CodeHandlerError, Message: err.Error()}
	if own := (*abi.Error)(nil); errors.As(err, &own) && own != nil {
		e.Code, e.Detail = own.Code, own.Detail
		if err.Error() == own.Error() { // nothing was wrapped around it: the code stands beside the message
			e.Message = own.Message
		}
	}
	if c := (*coded)(nil); errors.As(err, &c) {
		e.Code = c.code
	}
	return e
}

func failed(err *abi.Error) abi.Result { return abi.Result{Status: abi.StatusFail, Error: err} }

// panicked is a retry: a panic tells nothing of whether the next attempt would
// fare better, and a class whose panics are final says so in permanent_codes.
func panicked(cause any) abi.Result {
	stack := debug.Stack()
	detail, _ := json.Marshal(map[string]string{"stack": string(stack[:min(len(stack), maxStack)])})
	e := abi.Errorf(abi.CodeGuestTrap, "the handler panicked: %v", cause)
	e.Detail = detail
	return abi.Result{Status: abi.StatusRetry, Error: e}
}

func decodePayload[In any](decoder *quick.Decoder[In], payload json.RawMessage) (In, error) {
	if len(payload) == 0 {
		return *new(In), nil
	}
	in, err := decoder.Decode(payload)
	if err != nil {
		return in, Permanent(abi.Errorf(abi.CodePayloadInvalid, "the payload is not what the handler takes: %s", describe(err)))
	}
	return in, nil
}

// describe says which JSON field is wrong, and how, without Go's own words
// where that is possible.
func describe(err error) string {
	wrong := (*json.UnmarshalTypeError)(nil)
	if !errors.As(err, &wrong) {
		return err.Error()
	}
	field := "the value"
	if wrong.Field != "" {
		field = fmt.Sprintf("field %q", wrong.Field)
	}
	return fmt.Sprintf("%s is a JSON %s, want a %s", field, wrong.Value, wrong.Type)
}
