//go:build sdks

package conformance_test

import (
	"testing"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/author"
	"github.com/lessee-run/lessee/host/internal/conformance"
)

// A generator that is seeded when the module starts is part of what is kept.
func TestAssemblyScriptDrawsOtherNumbersInEachJob_ThoughItDrewAtTheStart(t *testing.T) {
	const source = `
import { Call, Json, ok, Result } from "@lessee/sdk-as";
let first = Math.random();
export function handle(call: Call, input: Json): Result {
  first += 1;
  return ok(Math.random());
}`
	schemas := abi.Schemas{Payload: []byte(`true`), Output: []byte(`{"type":"number"}`)}
	got := check(t, built(t, author.AssemblyScript, "chance", source, schemas), `{}`)["random"]
	if got.Verdict != conformance.Pass {
		t.Errorf("%s: %s", got.Verdict, got.Reason)
	}
}
