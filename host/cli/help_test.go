package cli

import (
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

func TestHelp_OfTheRootIsAsWritten(t *testing.T) {
	want, err := os.ReadFile("testdata/help.golden")
	if err != nil {
		t.Fatal(err)
	}
	if got := lessee(t, "--help").want(t, ExitOK).out; got != string(want) {
		t.Errorf("lessee --help is not testdata/help.golden any more:\n%s", got)
	}
}

func TestHelp_ExitCodesAreDocumented(t *testing.T) {
	lessee(t, "help", "exit-codes").want(t, ExitOK, "  0  done", "  5  no database", "  7  job wait, plugin run")
}

func TestHelp_EveryCommandSaysWhatItDoesAndShowsHow(t *testing.T) {
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		for _, child := range c.Commands() {
			walk(child)
		}
		if c.Short == "" {
			t.Errorf("%s has no short help", c.CommandPath())
		}
		if c.Runnable() && !c.HasSubCommands() && !strings.HasPrefix(c.Example, "  lessee ") {
			t.Errorf("%s has no example", c.CommandPath())
		}
		for _, line := range strings.Split(c.Long, "\n") {
			if len([]rune(line)) > 90 {
				t.Errorf("%s: a line of its help is too long: %s", c.CommandPath(), line)
			}
		}
	}
	walk((&app{}).root())
}

func TestUsage_MistakesEndWithCode2AndTheWayToTheHelp(t *testing.T) {
	for _, c := range []struct{ line, says string }{
		{"clas", `unknown command "clas" for "lessee"; did you mean "class"?`},
		{"job lis", `unknown command "lis" for "lessee job"; did you mean "list"?`},
		{"job list --bogus", "unknown flag: --bogus"},
		{"job show", "accepts 1 arg(s), received 0"},
		{"job show 1 --json --output", "[json output]"},
		{"version x", "unknown command"},
		{"migrate down", "--yes"},
	} {
		lessee(t, strings.Fields(c.line)...).want(t, ExitUsage, c.says)
	}
}

func TestVersion_SpeaksJSON(t *testing.T) {
	v := decode[versionInfo](t, lessee(t, "version", "--json"))
	if v.Version != release || v.ABI != 1 {
		t.Errorf("version: %+v", v)
	}
	lessee(t, "version").want(t, ExitOK, release)
	lessee(t, "--version").want(t, ExitOK, release)
}

func TestCompletion_HasAScriptForEveryShell(t *testing.T) {
	for _, shell := range []string{"bash", "zsh", "fish", "powershell"} {
		lessee(t, "completion", shell).want(t, ExitOK, "lessee")
	}
}
