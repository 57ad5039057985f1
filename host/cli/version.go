package cli

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/lessee-run/lessee/abi"
)

// release is the version of this source tree, in leases and in the versions of shipped modules.
const release = "0.1.0"

type versionInfo struct {
	Version  string `json:"version"`
	Revision string `json:"revision"`
	Modified bool   `json:"modified"`
	ABI      int    `json:"abi"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}

func (a *app) versionCommand() *cobra.Command {
	c := &cobra.Command{Use: "version", Short: "What this binary is", Args: cobra.NoArgs, Example: "  lessee version --json"}
	asJSON := jsonFlag(c)
	c.RunE = func(*cobra.Command, []string) error {
		a.started = true
		v := version()
		if *asJSON {
			return a.printJSON(v)
		}
		revision := v.Revision
		if v.Modified {
			revision += " (modified)"
		}
		return a.fields([][2]string{{"lessee", v.Version}, {"revision", revision}, {"abi", "v1"}, {"go", v.Go}, {"platform", v.Platform}})
	}
	return c
}

func version() versionInfo {
	v := versionInfo{Version: release, ABI: abi.Version, Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			v.Revision = s.Value
		case "vcs.modified":
			v.Modified = s.Value == "true"
		}
	}
	return v
}
