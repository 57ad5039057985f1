package devpg

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeBinaries makes a directory of programs that say they are of a version.
func fakeBinaries(t *testing.T, version string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "bin")
	script := fmt.Sprintf("#!/bin/sh\necho 'postgres (PostgreSQL) %s (Test %s-1)'\n", version, version)
	writePrograms(t, dir, script)
	return dir
}

func writePrograms(t *testing.T, dir, script string) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"initdb", "postgres"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func TestChooseBinaries(t *testing.T) {
	old, fifteen, beta := fakeBinaries(t, "14.9"), fakeBinaries(t, "15.3"), fakeBinaries(t, "19beta1")
	broken := filepath.Join(t.TempDir(), "bin")
	writePrograms(t, broken, "#!/bin/sh\nexit 1\n")
	for _, test := range []struct {
		name     string
		dirs     []string
		want     int
		dir, err string
	}{
		{"takes the newest", []string{old, fifteen, beta, broken}, 0, beta, ""},
		{"takes the version of the data", []string{old, fifteen, beta}, 15, fifteen, ""},
		{"names those that are too old", []string{old}, 0, "", old + " (version 14.9)"},
		{"names those that do not run", []string{broken}, 0, "", broken + " (ask for the version: exit status 1)"},
		{"says which version the data need", []string{fifteen}, 16, "", "the data was written by Postgres 16"},
		{"passes over directories without a server", []string{t.TempDir()}, 0, "", "no Postgres server of version 15 or newer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			bin, err := chooseBinaries(t.Context(), test.dirs, test.want)
			if bin.dir != test.dir || (err == nil) != (test.err == "") {
				t.Fatalf("got %q, %v", bin.dir, err)
			}
			if err != nil && !strings.Contains(err.Error(), test.err) {
				t.Errorf("%q does not say %q", err, test.err)
			}
		})
	}
}

func TestBinaryDirs_FollowsALinkToTheWholeInstallation(t *testing.T) {
	real, links := fakeBinaries(t, "15.3"), t.TempDir()
	if err := os.Symlink(filepath.Join(real, "postgres"), filepath.Join(links, "postgres")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", links)
	bin, err := chooseBinaries(t.Context(), binaryDirs()[:2], 0)
	if err != nil || bin.dir != real {
		t.Errorf("got %q, %v, want %q", bin.dir, err, real)
	}
}

func TestOpen_RefusesGivenBinariesThatAreTooOld(t *testing.T) {
	cfg := testConfig(publicDir(t))
	cfg.Binaries = fakeBinaries(t, "9.6.1")
	if _, err := Open(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "version 9.6.1") {
		t.Errorf("got %v", err)
	}
}
