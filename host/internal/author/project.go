package author

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/lessee-run/lessee/abi"
)

// ProjectFile makes a folder a plugin's.
const ProjectFile = "plugin.json"

// Project is a folder that holds a plugin, as its plugin.json tells.
type Project struct {
	Dir      string            `json:"-"`
	Name     string            `json:"name"`
	Version  string            `json:"version"`
	Language Language          `json:"language"`
	Wants    abi.Wants         `json:"wants,omitzero"`
	Schemas  abi.Schemas       `json:"schemas,omitzero"` // absent: what the SDK derives, if it does
	WarmUp   []json.RawMessage `json:"warm_up,omitempty"`
	Build    []string          `json:"build,omitempty"` // a command that makes the product; absent: the language's own
}

// ErrNoProject says that a folder is no plugin's.
var ErrNoProject = errors.New("it has no " + ProjectFile)

// Open reads the plugin.json of a folder.
func Open(dir string) (*Project, error) {
	data, err := os.ReadFile(filepath.Join(dir, ProjectFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is no plugin: %w. Make one with: lessee plugin new --lang go NAME", dir, ErrNoProject)
	}
	if err != nil {
		return nil, err
	}
	p := &Project{Dir: dir}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(p); err != nil {
		return nil, fmt.Errorf("%s: %w\n  It holds name, version and language, and may hold wants, schemas, warm_up and build", filepath.Join(dir, ProjectFile), err)
	}
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, ProjectFile), err)
	}
	return p, nil
}

var (
	projectName    = regexp.MustCompile(`^[a-z][a-z0-9_-]{0,62}$`)
	projectVersion = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}$`)
)

func (p *Project) check() error {
	if err := checkName(p.Name); err != nil {
		return err
	}
	if !projectVersion.MatchString(p.Version) {
		return fmt.Errorf("version %q can't be used: up to 64 of letters, digits and . + _ -, the first a letter or digit", p.Version)
	}
	if _, err := ParseLanguage(string(p.Language)); err != nil && len(p.Build) == 0 {
		return fmt.Errorf("language: %w; give \"build\", the command that makes %s", err, p.productName())
	}
	if len(p.Build) > 0 && !slices.ContainsFunc(p.Build, func(arg string) bool { return strings.Contains(arg, outputWord) }) {
		return fmt.Errorf("build: no argument holds %s, which stands for the file to make", outputWord)
	}
	return nil
}

func checkName(name string) error {
	if !projectName.MatchString(name) {
		return fmt.Errorf("the name %q can't be used: a lower-case letter, and then up to 62 of a-z 0-9 _ -", name)
	}
	return nil
}

// Product is the file that a build makes.
func (p *Project) Product() string { return filepath.Join(p.Dir, p.productName()) }

func (p *Project) productName() string {
	switch {
	case p.Language == GoNative:
		return p.Name + ".bin"
	case p.Language.Native():
		return p.Name + ".tar"
	}
	return p.Name + ".wasm"
}

// Stale reports whether a source is newer than the product, or there is none.
func (p *Project) Stale() (bool, error) {
	made, err := os.Stat(p.Product())
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	stale := false
	err = filepath.WalkDir(p.Dir, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case name != p.Dir && d.IsDir() && (passedOver(d.Name()) || d.Name() == pairsDir):
			return fs.SkipDir
		case d.IsDir() || passedOver(d.Name()):
			return nil
		}
		info, err := d.Info()
		stale = stale || err == nil && info.ModTime().After(made.ModTime())
		return err
	})
	return stale, err
}

// manifest is what the folder says of its module.
func (p *Project) manifest() abi.Manifest {
	return abi.Manifest{Name: p.Name, Version: p.Version, ABI: abi.Version, Wants: p.Wants, Schemas: p.Schemas, WarmUp: p.WarmUp}
}

func (p *Project) write() error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(p); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(p.Dir, ProjectFile), b.Bytes(), 0o644)
}
