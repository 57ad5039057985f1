//go:build sdks

package conformance_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/author"
	"github.com/lessee-run/lessee/host/internal/conformance"
)

// nativeSources are the programs named vectors, and the file of a template that
// they take the place of.
var nativeSources = map[author.Language]struct{ vectors, program string }{
	author.Python:   {"python/testdata/vectors.py", "handler.py"},
	author.Node:     {"node/testdata/vectors.mjs", "main.mjs"},
	author.GoNative: {"testdata/vectors/main.go", "main.go"},
}

// asProgram lets the Go guest be a process, which says itself who it is and what
// it wants. The handler is the same.
var asProgram = strings.NewReplacer(
	"plugin.Main()", "process.Serve(plugin)",
	"sdk.Register(handle)", `sdk.Register(handle, sdk.Named("vectors", "0.1.0"), sdk.WantsHTTP())`,
	`"github.com/lessee-run/lessee/sdk"`, `"github.com/lessee-run/lessee/sdk"; "github.com/lessee-run/lessee/sdk/process"`,
)

// The engine of processes runs the table that the engine of modules runs.
func TestEveryNativeSDKConformsToTheVectors(t *testing.T) {
	w, err := author.OpenWorkshop(t.Context(), sharedCache)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close(context.Background()) //nolint:errcheck // the test has said what it has to say
	for _, language := range author.NativeLanguages() {
		t.Run(string(language), func(t *testing.T) {
			outcomes, err := conformance.Vectors(t.Context(), w, nativeVectors(t, w, language), os.DirFS("../../../abi/testdata"))
			if err != nil {
				t.Fatal(err)
			}
			judge(t, outcomes)
		})
	}
}

// nativeVectors is what an author builds of the program named vectors.
func nativeVectors(t *testing.T, w *author.Workshop, language author.Language) []byte {
	t.Helper()
	source := nativeSources[language]
	text, err := os.ReadFile(filepath.Join("../../../sdk", source.vectors))
	if err != nil {
		t.Fatal(err)
	}
	p, err := author.Scaffold(os.DirFS("../../.."), language, "vectors", filepath.Join(t.TempDir(), "vectors"))
	if err != nil {
		t.Fatal(err)
	}
	program := string(text)
	if language == author.GoNative {
		program = asProgram.Replace(program)
	} else {
		p.Wants = abi.Wants{HTTP: true}
	}
	if err := os.WriteFile(filepath.Join(p.Dir, source.program), []byte(program), 0o600); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	if _, err := author.Build(t.Context(), w, p, &said); err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	module, err := os.ReadFile(p.Product())
	if err != nil {
		t.Fatal(err)
	}
	return module
}
