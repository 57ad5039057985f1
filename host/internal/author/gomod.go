package author

import (
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
)

// nativeModules are the modules that sdk/process is built with. A test holds the
// list to what the compiler says.
func nativeModules() []string {
	return []string{
		"github.com/fatih/color", "github.com/golang/protobuf", "github.com/hashicorp/go-hclog", "github.com/hashicorp/go-plugin", "github.com/hashicorp/yamux",
		"github.com/mattn/go-colorable", "github.com/mattn/go-isatty", "github.com/oklog/run", "golang.org/x/net", "golang.org/x/sys", "golang.org/x/text",
		"google.golang.org/genproto/googleapis/rpc", "google.golang.org/grpc", "google.golang.org/protobuf",
	}
}

var requirement = regexp.MustCompile(`(?m)^(?:require )?\t?([a-z][^\s]*/[^\s]+) (v[^\s]+)(?: // indirect)?$`)

// goModules are the module files of the SDK with sdk/process: what it requires,
// in the versions of this release, so that a plugin is built with what was tried.
func goModules(shipped fs.FS) (map[string]string, error) {
	mod, err := fs.ReadFile(shipped, "go.mod")
	if err != nil {
		return nil, fmt.Errorf("go.mod: %w", ErrNoKit)
	}
	sum, err := fs.ReadFile(shipped, "go.sum")
	if err != nil {
		return nil, fmt.Errorf("go.sum: %w", ErrNoKit)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "module github.com/lessee-run/lessee\n\ngo %s\n\nrequire (\n", goVersion)
	for _, found := range requirement.FindAllStringSubmatch(string(mod), -1) {
		if slices.Contains(nativeModules(), found[1]) {
			fmt.Fprintf(&b, "\t%s %s\n", found[1], found[2])
		}
	}
	b.WriteString(")\n")
	return map[string]string{"go.mod": b.String(), "go.sum": string(sum), "../go.sum": string(sum)}, nil
}
