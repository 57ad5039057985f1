package process

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// bundleFile says, in the root of a bundle, how to start it.
const bundleFile = "plugin.json"

// Bounds of a bundle.
const (
	maxBundleFiles = 50_000
	maxBundleBytes = 2 << 30
)

// bundle is a tree of files, copied to where only this host writes.
type bundle struct {
	dir   string
	files []entry // sorted by path
}

// entry is a file of a bundle.
type entry struct {
	path       string // with slashes, relative
	digest     string
	executable bool
}

// Listing is the canonical listing of a bundle that lies in a directory, as
// bytes; its sha256 is the module's digest. A line for each file, sorted by
// path: its sha256, x or -, its path.
func Listing(dir string) ([]byte, error) {
	files, err := scan(dir)
	return listing(files), err
}

func listing(files []entry) []byte {
	var b bytes.Buffer
	for _, f := range files {
		fmt.Fprintf(&b, "%s %s %s\n", f.digest, map[bool]string{true: "x", false: "-"}[f.executable], f.path)
	}
	return b.Bytes()
}

// scan reads every file below dir. Only plain files and directories may be there.
func scan(dir string) (files []entry, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // only read
	err = fs.WalkDir(root.FS(), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil || d.IsDir():
			return err
		case !d.Type().IsRegular():
			return fmt.Errorf("%s is neither a file nor a directory: a bundle holds nothing else, so put copies where links are", path)
		case len(files) == maxBundleFiles:
			return fmt.Errorf("it has more than %d files", maxBundleFiles)
		}
		f, err := hashed(root, path)
		files = append(files, f)
		return err
	})
	slices.SortFunc(files, func(a, b entry) int { return strings.Compare(a.path, b.path) })
	return files, err
}

func hashed(root *os.Root, path string) (entry, error) {
	f, err := root.Open(path)
	if err != nil {
		return entry{}, err
	}
	defer f.Close() //nolint:errcheck // only read
	info, err := f.Stat()
	if err != nil {
		return entry{}, err
	}
	if strings.ContainsAny(path, "\n\r") {
		return entry{}, fmt.Errorf("%q has a line break in its name", path)
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, f); err != nil {
		return entry{}, err
	}
	return entry{filepath.ToSlash(path), hex.EncodeToString(hash.Sum(nil)), info.Mode()&0o111 != 0}, nil
}

// verify looks whether the files are still those that were checked.
func (b *bundle) verify() error {
	now, err := scan(b.dir)
	if err != nil {
		return fmt.Errorf("look at the bundle again: %w", err)
	}
	if slices.Equal(now, b.files) {
		return nil
	}
	return fmt.Errorf("the bundle has changed since it was checked: %s; it is not run. Disable and enable the class to have it copied anew", difference(b.files, now))
}

func difference(before, now []entry) string {
	for _, f := range now {
		if i := slices.IndexFunc(before, func(b entry) bool { return b.path == f.path }); i < 0 {
			return f.path + " is new"
		} else if before[i] != f {
			return f.path + " is another"
		}
	}
	return "files are gone"
}

// command reads bundleFile.
func (b *bundle) command() ([]string, error) {
	data, err := os.ReadFile(filepath.Join(b.dir, bundleFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf(`the bundle has no %s in its root: put {"command": ["python3", "main.py"]} there`, bundleFile)
	} else if err != nil {
		return nil, err
	}
	var doc struct {
		Command []string `json:"command"`
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&doc); err != nil {
		return nil, fmt.Errorf("%s of the bundle can't be read: %w", bundleFile, err)
	}
	if len(doc.Command) == 0 || doc.Command[0] == "" {
		return nil, fmt.Errorf("%s of the bundle names no command", bundleFile)
	}
	return doc.Command, nil
}
