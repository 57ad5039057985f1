package cli

import (
	"context"
	"fmt"
	"os"
	"path"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/host/internal/author/oci"
	"github.com/lessee-run/lessee/host/internal/signature"
	"github.com/lessee-run/lessee/host/internal/wasm"
)

func (a *app) pluginPullCommand() *cobra.Command {
	c := &cobra.Command{Use: "pull oci://ADDRESS", Short: "Fetch a module from an OCI registry", Args: cobra.ExactArgs(1),
		Long: `Fetches a module and the signatures that refer to it, and writes them beside one
another. Whose signatures count is decided where the module is registered, by
the host's policy. A file that is there and differs is left as it is.`,
		Example: "  lessee plugin pull oci://ghcr.io/me/greet:0.1.0\n  lessee plugin pull oci://ghcr.io/me/greet:0.1.0 --output vendor/greet.wasm"}
	output := c.Flags().StringP("output", "o", "", "file to write (default: the artifact's name and .wasm)")
	c.RunE = a.run(func(ctx context.Context, args []string) error {
		if !oci.IsAddress(args[0]) {
			return misused("%s is no address: it must be %sregistry/repository:tag", args[0], oci.Scheme)
		}
		artifact, err := oci.Pull(ctx, args[0])
		if err != nil {
			return err
		}
		if *output == "" {
			*output = artifactFile(args[0], artifact.Name)
		}
		return a.savePulled(*output, artifact)
	})
	return c
}

// artifactFile is a file's name for an artifact. The name that it gives itself
// counts only if it can be no path.
func artifactFile(address, name string) string {
	if !moduleName.MatchString(name) {
		name, _, _ = strings.Cut(path.Base(address), ":")
		name, _, _ = strings.Cut(name, "@")
	}
	return name + ".wasm"
}

func (a *app) savePulled(file string, artifact oci.Artifact) error {
	info, err := wasm.Inspect(artifact.Module)
	if err != nil {
		return refused("no host would run what was fetched: %w", err)
	}
	files := map[string][]byte{file: artifact.Module}
	for i, text := range artifact.Signatures {
		s, err := signature.ParseSignature(text)
		if err != nil {
			a.warn("a signature that was fetched can't be read, and is left out: %v", err)
			continue
		}
		name := file + signatureSuffix
		if i > 0 {
			name = file + "." + s.KeyID + signatureSuffix
		}
		files[name] = []byte(text)
	}
	for name, data := range files {
		if err := absentOrSame(name, data); err != nil {
			return err
		}
	}
	for name, data := range files {
		if err := os.WriteFile(name, data, 0o644); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(a.out, "%s  %s, contract %s, sha256 %s, %d signatures\n  register it: lessee plugin push %s\n", file, size(info.Size), info.Contract, info.Digest[:12], len(files)-1, file)
	return err
}
