package conformance

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/wasm"
)

// runExamples runs each payload once, as a job that was enqueued now.
func (t *trial) runExamples(ctx context.Context, payloads []json.RawMessage) error {
	if len(payloads) == 0 {
		payloads = []json.RawMessage{json.RawMessage("{}")}
	}
	for i, payload := range payloads {
		report, err := t.module.Try(ctx, t.class, payload)
		if err != nil {
			return err
		}
		t.examples = append(t.examples, example{fmt.Sprintf("example %d", i+1), payload, report})
	}
	for _, fits := range []func(example) bool{example.good, example.answered} {
		if i := slices.IndexFunc(t.examples, fits); i >= 0 && t.sample == nil {
			t.sample = &t.examples[i]
		}
	}
	return nil
}

// answered says whether the handler came to a result of its own.
func (e example) answered() bool {
	return e.report.Result != nil && e.report.Refused == "" && !faults(e.report.Error)
}

func (e example) good() bool {
	return e.answered() && (e.report.Result.Status == abi.StatusOK || e.report.Result.Status == abi.StatusPark)
}

// faults tells an error that no handler means from one that it answers.
func faults(e *abi.Error) bool { return e != nil && remedy(e.Code) != "" }

// remedy is what the host wants instead of what has this code; empty: the code
// is none of a fault.
func remedy(code abi.Code) string {
	switch code {
	case abi.CodeGuestTrap:
		return "The host wants a result: answer what can't be done with status fail or retry, and an error that says why"
	case abi.CodeGuestExit:
		return "The host wants a result: return from the handler instead of exiting, with status fail or retry if it went wrong"
	case abi.CodePointerInvalid:
		return abi.ExportExecute + " must return ptr<<32|len of bytes in its memory that stay until the next call"
	case abi.CodeResultInvalid:
		return `The host wants one JSON object such as {"status": "ok", "output": …}, as docs/abi.md shows, that Postgres can store`
	case abi.CodeResultSchema:
		return "Answer what schemas.output of the manifest says, or mend the schema"
	case abi.CodeNotGranted:
		return "The manifest must want every class, command and event that a result holds, or the class can't grant it"
	case abi.CodeABIMismatch, abi.CodeEnvelopeInvalid:
		return "Build it with the SDK of this release"
	}
	if limited(code) {
		return "Bound what a payload can ask for, or let the class allow more"
	}
	return ""
}

func limited(code abi.Code) bool { return strings.HasPrefix(string(code), "limit_") }

// blame says what is wrong with a run that faulted.
func blame(what string, e *abi.Error) finding {
	return fails("%s: %s. %s", what, e, remedy(e.Code)).at(place(e))
}

// onFault is the finding for the first example that faulted with such a code.
func (t *trial) onFault(is func(abi.Code) bool) (finding, bool) {
	for _, e := range t.examples {
		if why := e.report.Error; why != nil && e.report.Refused != atEnqueue && is(why.Code) {
			return blame(e.name, why), true
		}
	}
	return finding{}, false
}

func anyOf(codes ...abi.Code) func(abi.Code) bool {
	return func(code abi.Code) bool { return slices.Contains(codes, code) }
}

// atEnqueue is how a report says that the job would not have been made.
const atEnqueue = "at enqueue"

func checkAnswers(_ context.Context, t *trial) (finding, error) {
	if found, wrong := t.onFault(anyOf(abi.CodeGuestTrap, abi.CodeGuestExit, abi.CodeABIMismatch, abi.CodeEnvelopeInvalid)); wrong {
		return found, nil
	}
	good, refused := 0, 0
	for _, e := range t.examples {
		switch {
		case e.report.Refused != "" && e.report.Result == nil:
			if refused++; refused == len(t.examples) {
				return fails("%s does not reach the handler: it is refused %s: %s. Give a payload that it takes (--payload, or tests/NAME.input.json)", e.name, e.report.Refused, e.report.Error.Message), nil
			}
		case e.good():
			good++
		}
	}
	if t.sample != nil && good == 0 {
		return warns("no example ends with success: %s ends with %s, %s. Much can't be checked by that: give a payload that the handler takes (--payload, or tests/NAME.input.json)",
			t.sample.name, t.sample.report.Result.Status, cmp.Or(errorText(t.sample.report.Error), "no error")).at(place(t.sample.report.Error)), nil
	}
	return passes("%d of %d end with success", good, len(t.examples)), nil
}

func errorText(e *abi.Error) string {
	if e == nil {
		return ""
	}
	return e.Error()
}

func checkResults(_ context.Context, t *trial) (finding, error) {
	found, wrong := t.onFault(anyOf(abi.CodeResultInvalid, abi.CodePointerInvalid))
	if wrong {
		return found, nil
	}
	return passes(""), nil
}

func checkOutputs(_ context.Context, t *trial) (finding, error) {
	found, wrong := t.onFault(anyOf(abi.CodeResultSchema))
	if m := t.info.Manifest; !wrong && (m == nil || len(m.Schemas.Output) == 0) && len(t.class.ResultSchema) == 0 {
		return skips("there is no schema of outputs"), nil
	}
	if wrong {
		return found, nil
	}
	return passes(""), nil
}

func checkGrants(_ context.Context, t *trial) (finding, error) {
	found, wrong := t.onFault(anyOf(abi.CodeNotGranted, abi.CodeResultSecret))
	if wrong {
		return found, nil
	}
	return passes(""), nil
}

func checkLimits(_ context.Context, t *trial) (finding, error) {
	if found, wrong := t.onFault(limited); wrong {
		return found, nil
	}
	for _, e := range t.examples {
		used, limits := e.report.Usage, t.class.Limits
		for _, axis := range []struct {
			key         string
			used, limit int64
		}{
			{"fuel", used.Fuel, limits.Fuel}, {"memory_bytes", used.MemoryBytes, limits.MemoryBytes}, {"host_calls", used.HostCalls, limits.HostCalls},
			{"output_bytes", used.OutputBytes, limits.OutputBytes}, {"log_bytes", used.LogBytes, limits.LogBytes},
		} {
			if axis.used > axis.limit/2 {
				return warns("%s uses %d of %d %s: one twice as large would fail. Use less, or let the class allow more", e.name, axis.used, axis.limit, axis.key), nil
			}
		}
	}
	return passes(""), nil
}

func checkLog(_ context.Context, t *trial) (finding, error) {
	for _, e := range t.examples {
		for _, line := range e.report.Log {
			if strings.Contains(line.Text, "\uFFFD") && !strings.Contains(string(e.payload), "\uFFFD") {
				return warns("%s logs what is no UTF-8 text, or holds NUL, and is kept with \uFFFD in its place: %.200q. Log text; bytes as hex or base64", e.name, line.Text), nil
			}
		}
	}
	return passes(""), nil
}

// checkStdout finds lines of level info that no call of the host can have made.
func checkStdout(_ context.Context, t *trial) (finding, error) {
	if t.info.Contract == wasm.ContractCommand {
		return skips("stdout of a program is its result"), nil
	}
	for _, e := range t.examples {
		lines := 0
		for _, line := range e.report.Log {
			if line.Level == "info" {
				lines++
			}
			if int64(lines) > e.report.Usage.HostCalls {
				return warns("%s prints to stdout: %.200q. The host keeps that as a log line; as a program (contract command) it would spoil the result. Log by the SDK, with a level", e.name, line.Text), nil
			}
		}
	}
	return passes(""), nil
}
