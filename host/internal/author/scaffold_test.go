package author

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

func TestScaffold_LeavesAFolderThatHoldsSomethingAlone(t *testing.T) {
	p := newProject(t)
	_, err := Scaffold(shipped, Go, "greet", p.Dir)
	wantSaid(t, err, "is there, and not empty", "--dir")
}

func TestScaffold_RefusesANameThatNoModuleCouldHave(t *testing.T) {
	for _, name := range []string{"", "Greet", "1st", "../greet", "a b", strings.Repeat("a", 64)} {
		if _, err := Scaffold(shipped, Go, name, filepath.Join(t.TempDir(), "x")); err == nil {
			t.Errorf("%q was taken", name)
		}
	}
}

func TestScaffold_SaysWhenThisBinaryHasNoSDK(t *testing.T) {
	_, err := Scaffold(fstest.MapFS{}, Go, "greet", t.TempDir())
	if !errors.Is(err, ErrNoKit) {
		t.Errorf("%v", err)
	}
	wantSaid(t, err, "use a release of lessee")
}

func TestScaffold_MakesForEveryLanguageWhatItsREADMENames(t *testing.T) {
	for l := range kits() {
		p, err := Scaffold(shipped, l, "greet", filepath.Join(t.TempDir(), "greet"))
		if err != nil {
			t.Fatalf("%s: %v", l, err)
		}
		for _, name := range []string{"README.md", ".gitignore", ProjectFile, sdkDir, "tests/greets.input.json", "tests/greets.expected.json"} {
			if _, err := os.Stat(filepath.Join(p.Dir, name)); err != nil {
				t.Errorf("%s: %v", l, err)
			}
		}
		readme, err := os.ReadFile(filepath.Join(p.Dir, "README.md"))
		if err != nil || strings.Contains(string(readme), "{{") || !strings.Contains(string(readme), "lessee plugin push --class greet") {
			t.Errorf("%s: %v\n%s", l, err, readme)
		}
		if _, err := Open(p.Dir); err != nil {
			t.Errorf("%s: %v", l, err)
		}
	}
}

func TestScaffold_AsksForTheGoThatTheSDKNeeds(t *testing.T) {
	mod, err := os.ReadFile("../../../go.mod")
	if err != nil || !strings.Contains(string(mod), "\ngo "+goVersion+"\n") {
		t.Errorf("go.mod does not ask for go %s, as the SDK of a new plugin does (%v)", goVersion, err)
	}
}

func TestOpen_SaysWhatIsWrongWithAPluginJSON(t *testing.T) {
	for text, says := range map[string]string{
		`{`: "unexpected EOF",
		`{"name": "a", "version": "1", "language": "go", "want": {}}`:                  `unknown field "want"`,
		`{"name": "A", "version": "1", "language": "go"}`:                              "lower-case letter",
		`{"name": "a", "version": "", "language": "go"}`:                               "version",
		`{"name": "a", "version": "1", "language": "cobol"}`:                           `there is no SDK for "cobol"`,
		`{"name": "a", "version": "1", "language": "cobol", "build": ["make"]}`:        "{out}",
		`{"name": "a", "version": "1", "language": "go", "build": ["make", "-o", ""]}`: "{out}",
	} {
		p := &Project{Dir: t.TempDir()}
		put(t, p, ProjectFile, text)
		_, err := Open(p.Dir)
		wantSaid(t, err, ProjectFile, says)
	}
	_, err := Open(t.TempDir())
	wantSaid(t, err, "lessee plugin new")
}

func TestOpen_TakesAnyLanguageThatHasABuild(t *testing.T) {
	p := &Project{Dir: t.TempDir()}
	put(t, p, ProjectFile, `{"name": "a", "version": "1", "language": "zig", "build": ["zig", "build-exe", "-femit-bin={out}"]}`)
	if _, err := Open(p.Dir); err != nil {
		t.Error(err)
	}
}
