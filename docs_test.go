package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	link  = regexp.MustCompile(`\]\(([^)#:]+)(#[^)]*)?\)`)
	quote = regexp.MustCompile("`([\\w./*-]+\\.(?:go|sql|md|yml))`")
)

// What the docs name has to be there, or the map leads astray.
func TestDocs_NameOnlyFilesThatExist(t *testing.T) {
	docs, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range append(docs, "README.md") {
		text, err := os.ReadFile(doc)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(doc), m[1])); err != nil {
				t.Errorf("%s links to %s: %v", doc, m[1], err)
			}
		}
		for _, m := range quote.FindAllStringSubmatch(string(text), -1) {
			if !named(m[1]) {
				t.Errorf("%s names %s, which is nowhere", doc, m[1])
			}
		}
	}
}

// named looks where the docs' short names live: at the root, beside the host's
// packages, and among the SQL functions.
func named(path string) bool {
	for _, dir := range []string{"", "host", "host/internal", "host/internal/postgres", "migrations", "migrations/functions"} {
		if found, err := filepath.Glob(filepath.Join(dir, path)); err == nil && len(found) > 0 {
			return true
		}
	}
	return strings.HasPrefix(path, "host.") // the operator's own host.yml
}
