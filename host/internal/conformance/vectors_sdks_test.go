//go:build sdks

package conformance_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/host/internal/author"
)

// sources are the guests named vectors, and where a template has its handler.
var sources = map[author.Language]struct{ vectors, handler string }{
	author.Rust:           {"rust/testdata/vectors.rs", "src/lib.rs"},
	author.C:              {"c/testdata/vectors.c", "handler.c"},
	author.AssemblyScript: {"assemblyscript/testdata/vectors.ts", "handler.ts"},
	author.JavaScript:     {"js/testdata/vectors.mjs", "handler.mjs"},
	author.Go:             {"testdata/vectors/main.go", "main.go"},
}

func TestEverySDKConformsToTheVectors(t *testing.T) {
	for language, source := range sources {
		if language == author.Go {
			continue // TestGo_ConformsToTheVectors
		}
		t.Run(string(language), func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("../../../sdk", source.vectors))
			if err != nil {
				t.Fatal(err)
			}
			conforms(t, built(t, language, "vectors", string(text), abi.Schemas{}))
		})
	}
}

// built is the module of a new plugin whose handler is replaced by that source,
// built as its author would. The file keeps the name that the source has for itself.
func built(t *testing.T, language author.Language, name, source string, schemas abi.Schemas) []byte {
	t.Helper()
	dir := filepath.Join(t.TempDir(), name)
	p, err := author.Scaffold(os.DirFS("../../.."), language, name, dir)
	if err != nil {
		t.Fatal(err)
	}
	p.Wants, p.Schemas = abi.Wants{HTTP: true}, schemas
	if err := os.WriteFile(filepath.Join(dir, sources[language].handler), []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	if _, err := author.Build(t.Context(), workshop(t), p, &said); err != nil {
		t.Fatalf("%v\n%s", err, said.String())
	}
	module, err := os.ReadFile(p.Product())
	if err != nil {
		t.Fatal(err)
	}
	return module
}
