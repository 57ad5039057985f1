package sdk_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/sdk"
)

func TestEveryEnvelopeOfTheVectorsIsAnswered(t *testing.T) {
	plugin := sdk.New(func(_ context.Context, payload json.RawMessage) (json.RawMessage, error) { return payload, nil })
	paths, err := filepath.Glob("../abi/testdata/envelope/*/*.json")
	invalid, err2 := filepath.Glob("../abi/testdata/envelope/invalid/*/*.json")
	if err != nil || err2 != nil || len(paths) == 0 || len(invalid) == 0 {
		t.Fatalf("no vectors: %v %v", err, err2)
	}
	for _, path := range append(paths, invalid...) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		result, err := abi.DecodeResult(plugin.Execute(context.Background(), nil, data))
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		dir := filepath.Base(filepath.Dir(path))
		if dir == "valid" && result.Status != abi.StatusOK {
			t.Errorf("%s: %+v", path, result.Error)
		}
		if dir != "valid" && (result.Status != abi.StatusFail || result.Error.Code != abi.Code(dir)) {
			t.Errorf("%s: got %+v, want a failure of code %s", path, result, dir)
		}
	}
}
