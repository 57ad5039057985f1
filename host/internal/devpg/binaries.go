package devpg

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// oldestMajor is the first version of Postgres that the migrations run on.
const oldestMajor = 15

// binaries is a directory that holds initdb and postgres of one version.
type binaries struct {
	dir     string
	version string
	major   int
}

// findBinaries chooses the binaries: those of the data's own version when there is data, and the
// newest otherwise. What the machine does not have is fetched.
func (c *Cluster) findBinaries(ctx context.Context) (binaries, error) {
	want, err := dataMajor(c.files.data())
	if err != nil {
		return binaries{}, err
	}
	if c.cfg.Binaries != "" {
		return chooseBinaries(ctx, []string{c.cfg.Binaries}, want)
	}
	return c.chooseOrFetch(ctx, binaryDirs(), want)
}

func (c *Cluster) chooseOrFetch(ctx context.Context, dirs []string, want int) (binaries, error) {
	bin, missing := chooseBinaries(ctx, dirs, want)
	if missing == nil || ctx.Err() != nil {
		return bin, missing
	}
	bin, err := c.fetch(ctx, want)
	if err != nil {
		return bin, fmt.Errorf("%w; and could not fetch one: %w; %s", missing, err, remedy(want))
	}
	return bin, nil
}

func remedy(want int) string {
	if want != 0 {
		return fmt.Sprintf("install the server package of Postgres %d (Debian: apt-get install postgresql-%d), or pass --dsn", want, want)
	}
	return "install the postgresql server package (Debian: apt-get install postgresql) or pass --dsn"
}

// dataMajor is the version that wrote the data, 0 if there is none.
func dataMajor(data string) (int, error) {
	path := filepath.Join(data, "PG_VERSION")
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("find the version of the data: %w", err)
	}
	major, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("find the version of the data in %s: %w", path, err)
	}
	return major, nil
}

// binaryDirs lists where server binaries may be: what PATH leads to, then the places where the
// packagers put them.
func binaryDirs() []string {
	var dirs []string
	for _, name := range []string{"postgres", "initdb"} {
		if path, err := exec.LookPath(name); err == nil {
			dirs = append(dirs, filepath.Dir(path))
			// Debian keeps one directory per version and may link single programs from elsewhere.
			if real, err := filepath.EvalSymlinks(path); err == nil {
				dirs = append(dirs, filepath.Dir(real))
			}
		}
	}
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin",
		"/opt/homebrew/opt/postgresql*/bin", "/usr/local/opt/postgresql*/bin", "/usr/local/pgsql/bin",
	} {
		found, _ := filepath.Glob(pattern) // the only error is a bad pattern
		dirs = append(dirs, found...)
	}
	return dirs
}

// chooseBinaries picks the binaries of the wanted major version, or the newest if that is 0. The
// error names what was found and why it was passed over.
func chooseBinaries(ctx context.Context, dirs []string, want int) (binaries, error) {
	var fit []binaries
	var passed []string
	for _, dir := range dirs {
		bin, err := inspect(ctx, dir)
		switch {
		case errors.Is(err, os.ErrNotExist):
		case err != nil:
			passed = append(passed, fmt.Sprintf("%s (%v)", dir, err))
		case want == 0 && bin.major >= oldestMajor, want == bin.major:
			fit = append(fit, bin)
		default:
			passed = append(passed, fmt.Sprintf("%s (version %s)", dir, bin.version))
		}
	}
	if len(fit) == 0 {
		return binaries{}, missingError(want, passed)
	}
	newest := slices.MaxFunc(fit, func(a, b binaries) int { return a.major - b.major })
	return newest, nil
}

func missingError(want int, passed []string) error {
	need := fmt.Sprintf("no Postgres server of version %d or newer on this machine", oldestMajor)
	if want != 0 {
		need = fmt.Sprintf("the data was written by Postgres %d, and no server of that version is on this machine", want)
	}
	if len(passed) == 0 {
		return errors.New(need)
	}
	return fmt.Errorf("%s; passed over: %s", need, strings.Join(slices.Compact(passed), ", "))
}

// inspect asks the binaries in a directory for their version.
func inspect(ctx context.Context, dir string) (binaries, error) {
	for _, name := range []string{"initdb", "postgres"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return binaries{}, err
		}
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	output, err := exec.CommandContext(ctx, filepath.Join(dir, "postgres"), "--version").Output()
	if err != nil {
		return binaries{}, fmt.Errorf("ask for the version: %w", err)
	}
	return parseVersion(dir, string(output))
}

func parseVersion(dir, output string) (binaries, error) {
	// As in "postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)" or "postgres (PostgreSQL) 19beta1".
	match := regexp.MustCompile(`\) ((\d+)\S*)`).FindStringSubmatch(output)
	if match == nil {
		return binaries{}, fmt.Errorf("does not tell a version: %q", output)
	}
	major, err := strconv.Atoi(match[2])
	if err != nil {
		return binaries{}, fmt.Errorf("does not tell a version: %w", err)
	}
	return binaries{dir: dir, version: match[1], major: major}, nil
}
