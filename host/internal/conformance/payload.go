package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/author"
)

func everywhere(node) bool { return true }

func isString(n node) bool { return kindOf(n.value) == "a string" }

func isNumber(n node) bool { return kindOf(n.value) == "a number" }

func checkTypes(ctx context.Context, t *trial) (finding, error) {
	return t.survives(ctx, mutants(t.sample.payload, everywhere, nil, true, 7, "text", []any{}, map[string]any{}, absent{}))
}

func checkTexts(ctx context.Context, t *trial) (finding, error) {
	return t.survives(ctx, mutants(t.sample.payload, isString, literals(
		`""`, `" "`, `"\u0001\u001f\u007f"`, `"\"\\\/\b\f\n\r\t"`, `"\u00fc\ud83d\ude00"`, `"ü😀\u2028\u202e\ufeff"`, `"e\u0301\ufffd\uffff"`, `"<script>&'%s%n{}"`)...))
}

func checkNumbers(ctx context.Context, t *trial) (finding, error) {
	return t.survives(ctx, mutants(t.sample.payload, isNumber, literals(
		"0", "-0", "-1", "0.1", "1e2", "1E-2", "2147483648", "-2147483649", "9007199254740993", "9223372036854775807", "-9223372036854775808", "18446744073709551616",
		"1.7976931348623157e308", "5e-324", "1e400", "123456789012345678901234567890.5")...))
}

func literals(texts ...string) (values []any) {
	for _, text := range texts {
		values = append(values, literal{text})
	}
	return values
}

// checkLarge makes every string of the example so long that the payload is as
// large as the class allows.
func checkLarge(ctx context.Context, t *trial) (finding, error) {
	return t.survives(ctx, large(t.sample.payload, t.class.Limits.InputBytes))
}

func large(payload json.RawMessage, size int64) []mutant {
	room := max(0, int(size)-len(payload)-64)
	list := "[" + strings.TrimSuffix(strings.Repeat("7,", room/2), ",") + "]"
	return append(mutants(payload, isString, literal{`"` + strings.Repeat("x", room) + `"`}),
		mutants(payload, func(n node) bool { return len(n.path) == 0 || kindOf(n.value) == "an array" }, literal{`"` + strings.Repeat(`\n`, room/2) + `"`}, literal{list})...)
}

// depth is one that Postgres still takes.
const depth = 450

func checkDeep(ctx context.Context, t *trial) (finding, error) {
	return t.survives(ctx, mutants(t.sample.payload, everywhere,
		literal{strings.Repeat("[", depth) + strings.Repeat("]", depth)}, literal{strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth)}))
}

// survives runs payloads that no author thought of. Any result is fine, a
// failure not least; a trap is not, unless a schema keeps the payload away.
func (t *trial) survives(ctx context.Context, mutants []mutant) (finding, error) {
	if len(mutants) == 0 {
		return skips("the example has nothing of that kind: give one that has"), nil
	}
	worst := passes("%d payloads", len(mutants))
	for _, m := range mutants {
		report, err := t.run(ctx, t.module, t.class, m.payload)
		if err != nil {
			return finding{}, err
		}
		found := t.judge(m, report)
		if found.verdict == Pass && found.reason != "" {
			worst.reason = found.reason
		}
		if worst = worst.worse(found); worst.verdict == Fail || found.verdict == Warn && limited(report.Error.Code) {
			break // a failure says enough, and a limit takes long to hit
		}
	}
	return worst, nil
}

func (t *trial) judge(m mutant, report author.Report) finding {
	e := report.Error
	if !faults(e) {
		return finding{verdict: Pass}
	}
	found := blame("with "+m.what, e)
	switch {
	case e.Code == abi.CodeLimitLog || e.Code == abi.CodeLimitOutput || e.Code == abi.CodeLimitMemory:
		return passes("with %s it ends with %s", m.what, e.Code)
	case limited(e.Code): // it computes, and holds a slot
		found.verdict = Warn
	case t.guarded(m.payload):
		found.verdict = Warn
		found.reason += ". The schema of payloads keeps such a job away; a class without it would not"
	}
	return found
}

// guarded says whether the database would refuse the payload.
func (t *trial) guarded(payload json.RawMessage) bool {
	schemas := []json.RawMessage{}
	if len(t.class.PayloadSchema) > 0 {
		schemas = append(schemas, t.class.PayloadSchema)
	}
	if m := t.info.Manifest; m != nil && len(m.Schemas.Payload) > 0 {
		schemas = append(schemas, m.Schemas.Payload)
	}
	return len(schemas) > 0 && !takes(payload, schemas...)
}

// checkEnvelopes changes what is around the payload.
func checkEnvelopes(ctx context.Context, t *trial) (finding, error) {
	for _, c := range t.envelopes() {
		report, err := t.module.Run(ctx, t.class, c.bytes)
		if err != nil {
			return finding{}, err
		}
		switch status := report.Status(); {
		case faults(report.Error) && !c.other:
			return blame(c.what, report.Error), nil
		case c.alike && status != t.sample.report.Status():
			return fails("%s, it ends with %s, %s; without, with %s. Fields that are not known are to be passed over: later hosts send more",
				c.what, status, errorText(report.Error), t.sample.report.Status()), nil
		case c.other && t.sample.good() && (status == string(abi.StatusOK) || status == string(abi.StatusPark)):
			return warns("%s, it ends with %s: it does not look at the field abi. Answer fail with code %s", c.what, status, abi.CodeABIMismatch), nil
		}
	}
	return passes("%d envelopes", len(t.envelopes())), nil
}

// envelopeCase is an envelope, and what is expected of it: at least a result.
type envelopeCase struct {
	what  string
	bytes []byte
	alike bool // the status must be that of the sample
	other bool // of another version: it must fail
}

func (t *trial) envelopes() []envelopeCase {
	e := t.envelope(t.sample.payload)
	plain, _ := abi.EncodeEnvelope(e) // its parts are JSON
	full := e
	full.Job.IdempotencyKey, full.Trace.Tracestate = "a key, ü \"quoted\"", "a=b,c=d"
	last := e
	last.Job.Attempt = last.Job.MaxAttempts
	unknown := `{"later":{"deep":[null,1,"x"]},"abi":1,` + strings.Replace(strings.Replace(string(plain[1:]), `"abi":1,`, "", 1), `"job":{`, `"job":{"later":[{}],`, 1)
	without := t.envelope(nil)
	null := t.envelope(json.RawMessage("null"))
	return []envelopeCase{
		{what: "with every optional field", bytes: encoded(full), alike: true},
		{what: "with fields of a later host", bytes: []byte(unknown), alike: true},
		{what: "with white space", bytes: []byte(" " + strings.Replace(string(plain), ",", " ,\n\t ", 3) + "\n"), alike: true},
		{what: "at its last attempt", bytes: encoded(last)},
		{what: "without a payload", bytes: encoded(without)},
		{what: "with null as the payload", bytes: encoded(null)},
		{what: "with an envelope of ABI v2", bytes: []byte(strings.Replace(string(plain), `"abi":1`, fmt.Sprintf(`"abi":%d`, abi.Version+1), 1)), other: true},
	}
}

func encoded(e abi.Envelope) []byte {
	data, _ := abi.EncodeEnvelope(e) // its parts are JSON
	return data
}
