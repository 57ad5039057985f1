package host_test

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/author"
	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/host/internal/wasm/wasmtest"
	"github.com/lessee-run/lessee/registry"
)

// What `lessee plugin run` says of a job is what a host does with it: the same
// result, the same fuel to the last unit, the same error.
func TestHost_AndPluginRunGiveTheSameResultFuelAndErrors(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.guest(map[string]any{"limits": object{"output_bytes": 1000, "log_bytes": 200, "fuel": 20_000_000, "wall_ms": 2_000}, "config": object{"region": "eu"},
		"retry_policy": object{"max_attempts": 1}})
	i.host(nil)
	m := tryGuest(t, i.cache)
	for name, c := range map[string]struct {
		payload string
		state   job.State
		code    abi.Code
	}{
		"a result":                {`{"output": {"b": [1, 2.50, "ü"], "a": null}}`, job.Succeeded, ""},
		"an error of the handler": {`{"fail": "no luck"}`, job.DeadLettered, abi.CodeHandlerError},
		"a payload of no use":     {`{"sleep_ms": "x"}`, job.DeadLettered, abi.CodePayloadInvalid},
		"too much output":         {`{"output": "` + strings.Repeat("x", 2000) + `"}`, job.DeadLettered, abi.CodeLimitOutput},
		"too long":                {`{"sleep_ms": 60000}`, job.DeadLettered, abi.CodeLimitWall},
		"too much work":           {`{"output": [` + strings.Repeat("[1],", 100_000) + `1]}`, job.DeadLettered, abi.CodeLimitFuel},
		"a command not granted":   {`{"commands": [{"name": "publish"}]}`, job.DeadLettered, abi.CodeNotGranted},
	} {
		t.Run(name, func(t *testing.T) {
			id := i.enqueue("guest", c.payload)
			i.awaitState(id, c.state)
			attempt := i.attemptOf(id)
			got, err := m.Run(t.Context(), attempt.class, attempt.envelope)
			if err != nil {
				t.Fatal(err)
			}
			if code := codeOf(attempt.err); code != c.code || codeOf(got.Error) != code || messageOf(got.Error) != messageOf(attempt.err) {
				t.Errorf("the host says %v, plugin run %v", attempt.err, got.Error)
			}
			if got.Usage.Fuel != attempt.fuel && c.code != abi.CodeLimitWall { // how far a clock lets it come is chance
				t.Errorf("on the host it took %d of fuel, in plugin run %d", attempt.fuel, got.Usage.Fuel)
			}
			if c.state == job.Succeeded && !sameJSON(t, attempt.output, got.Result.Output) {
				t.Errorf("the host committed %s, plugin run answers %s", attempt.output, got.Result.Output)
			}
		})
	}
}

// tryGuest is the tests' own guest, as `lessee plugin run` has it.
func tryGuest(t *testing.T, cache string) *author.Module {
	t.Helper()
	w, err := author.OpenWorkshop(t.Context(), cache)
	if err != nil {
		t.Fatal(err)
	}
	m, err := w.Load(t.Context(), wasmtest.Build(t, "./testdata/guest"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(context.Background()); err != nil {
			t.Error(err)
		}
		if err := w.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return m
}

// ran is what became of a job's only attempt, and what it was given.
type ran struct {
	class    author.Class
	envelope []byte
	err      *abi.Error
	fuel     int64
	output   []byte
}

func (i *installation) attemptOf(id int64) (r ran) {
	i.t.Helper()
	j := job.Job{ID: id}
	var span, limits string
	var failure []byte
	err := i.pool.QueryRow(i.t.Context(), `
		select a.class, a.attempt, q.max_attempts, a.leased_at, q.enqueued_at, p.payload, a.trace_id, a.sampled, a.span_id,
		       a.error, (a.usage ->> 'fuel')::bigint, coalesce(q.output, 'null'), (lessee.fn_default_limits() || c.limits)::text, c.config
		from lessee.job_attempt a join lessee.job q on q.id = a.job_id join lessee.job_payload p on p.job_id = a.job_id
		join lessee.executor_class_registry c on c.class = a.class where a.job_id = $1`, id).
		Scan(&j.Class, &j.Attempt, &j.MaxAttempts, &j.LeasedAt, &j.EnqueuedAt, &j.Payload, &j.Trace.TraceID, &j.Trace.Sampled, &span,
			&failure, &r.fuel, &r.output, &limits, &r.class.Config)
	if err == nil && failure != nil {
		err = json.Unmarshal(failure, &r.err)
	}
	if err == nil {
		err = json.Unmarshal([]byte(limits), &r.class.Limits)
	}
	if err != nil {
		i.t.Fatalf("the attempt of job %d: %v", id, err)
	}
	r.class.Name, r.class.Isolation = j.Class, registry.IsolationJob
	if r.envelope, err = abi.EncodeEnvelope(j.Envelope(&r.class.Class, span)); err != nil {
		i.t.Fatal(err)
	}
	return r
}

func codeOf(e *abi.Error) abi.Code {
	if e == nil {
		return ""
	}
	return e.Code
}

func messageOf(e *abi.Error) string {
	if e == nil {
		return ""
	}
	return e.Message
}

func sameJSON(t *testing.T, a, b []byte) bool {
	t.Helper()
	var x, y any
	if err := json.Unmarshal(a, &x); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, &y); err != nil {
		t.Fatal(err)
	}
	return reflect.DeepEqual(x, y)
}
