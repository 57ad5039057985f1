package main

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	fenced    = regexp.MustCompile("(?ms)^```.*?^```$")
	link      = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	quoted    = regexp.MustCompile("`([^`\n]+)`")
	fileName  = regexp.MustCompile(`^[\w.*-]+(/[\w.*-]+)*\.(go|sql|md|json|ya?ml|html)$`)
	directory = regexp.MustCompile(`^(abi|docs|examples|host|migrations|plugins|registry|sdk)(/[\w.-]+)*/?$`)
	function  = regexp.MustCompile(`^fn_\w+$`)
	testName  = regexp.MustCompile(`^Test[A-Z]\w*$`)
)

func TestDocs_EveryRelativeLinkLeadsSomewhere(t *testing.T) {
	for _, doc := range docs(t) {
		for _, m := range link.FindAllStringSubmatch(prose(t, doc), -1) {
			target, anchor, _ := strings.Cut(m[1], "#")
			if strings.Contains(target, "://") {
				continue
			}
			file := path.Join(path.Dir(doc), target)
			if target == "" {
				file = doc
			}
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s links to %s: %v", doc, m[1], err)
			} else if anchor != "" && !slices.Contains(anchors(t, file), anchor) {
				t.Errorf("%s links to %s, which has no such heading", doc, m[1])
			}
		}
	}
}

func TestDocs_EveryFileFunctionAndTestThatIsNamedExists(t *testing.T) {
	files := tree(t)
	tests := testNames(t, files)
	for _, doc := range docs(t) {
		for _, m := range quoted.FindAllStringSubmatch(prose(t, doc), -1) {
			switch name := m[1]; {
			case fileName.MatchString(name), directory.MatchString(name):
				if !named(files, strings.TrimSuffix(name, "/")) {
					t.Errorf("%s names %s: no such file", doc, name)
				}
			case function.MatchString(name):
				if !named(files, name+".sql") {
					t.Errorf("%s names %s: no such file in migrations/functions", doc, name)
				}
			case testName.MatchString(name):
				if !tests[name] {
					t.Errorf("%s names %s: no such test", doc, name)
				}
			}
		}
	}
}

func docs(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob("docs/*.md")
	if err != nil || len(found) == 0 {
		t.Fatalf("no docs: %v", err)
	}
	return append(found, "README.md")
}

// prose is a document without its blocks of code.
func prose(t *testing.T, doc string) string {
	t.Helper()
	text, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	return fenced.ReplaceAllString(string(text), "")
}

// anchors are the headings of a document, as links spell them.
func anchors(t *testing.T, doc string) (out []string) {
	t.Helper()
	for line := range strings.Lines(prose(t, doc)) {
		if heading := strings.TrimLeft(line, "#"); heading != line {
			spelled := regexp.MustCompile(`[^\w\- ]`).ReplaceAllString(strings.ToLower(strings.TrimSpace(heading)), "")
			out = append(out, strings.ReplaceAll(spelled, " ", "-"))
		}
	}
	return out
}

// tree lists the repository: files and directories, by slash-separated paths.
func tree(t *testing.T) (paths []string) {
	t.Helper()
	err := filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == ".git" {
			return fs.SkipDir
		}
		paths = append(paths, filepath.ToSlash(file))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

// named reports whether a name, which may leave out where a reader would look
// anyway, is that of a file. It may hold a *.
func named(files []string, name string) bool {
	for _, dir := range []string{"", "docs/", "host/internal/", "migrations/functions/", "host/internal/postgres/"} {
		if slices.ContainsFunc(files, func(file string) bool { ok, _ := path.Match(dir+name, file); return ok }) {
			return true
		}
	}
	return false
}

func testNames(t *testing.T, files []string) map[string]bool {
	t.Helper()
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	out := map[string]bool{}
	for _, file := range files {
		if !strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range declared.FindAllStringSubmatch(string(source), -1) {
			out[m[1]] = true
		}
	}
	return out
}
