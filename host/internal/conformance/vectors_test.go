package conformance_test

import (
	"os"
	"testing"

	"github.com/lessee-run/lessee/host/internal/conformance"
	"github.com/lessee-run/lessee/host/internal/wasm/wasmtest"
)

func TestGo_ConformsToTheVectors(t *testing.T) {
	conforms(t, wasmtest.Build(t, "../../../sdk/testdata/vectors"))
}

// conforms runs the table of all languages.
func conforms(t *testing.T, module []byte) {
	t.Helper()
	outcomes, err := conformance.Vectors(t.Context(), workshop(t), module, os.DirFS("../../../abi/testdata"))
	if err != nil {
		t.Fatal(err)
	}
	judge(t, outcomes)
}

func judge(t *testing.T, outcomes []conformance.Outcome) {
	t.Helper()
	for _, o := range outcomes {
		t.Logf("%-5s %-9s %s (%s)", o.Verdict, o.Check, o.Holds, o.Reason)
		if o.Verdict == conformance.Fail {
			t.Errorf("%s: %s", o.Check, o.Reason)
		}
	}
}
