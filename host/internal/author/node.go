package author

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// nodeModules is where Node finds the packages that an SDK builds with.
const nodeModules = "node_modules"

// usesNode reports whether a language's compiler comes from npm.
func (l Language) usesNode() bool { return l == AssemblyScript || l == JavaScript || l == Node }

// linkPackages lets a project find its SDK by name, and makes the packages that
// the SDK builds with those that are on this machine already: of the checkout
// that lessee is built or run in, or those that [InstallPackages] has
// installed. Where there are none, the build says so.
func linkPackages(p *Project) error {
	if !p.Language.usesNode() {
		return nil
	}
	name := map[Language]string{JavaScript: "@lessee/sdk", AssemblyScript: "@lessee/sdk-as", Node: "lessee"}[p.Language]
	up := strings.Repeat("../", strings.Count(name, "/")+1)
	if err := link(filepath.FromSlash(up+sdkDir), filepath.Join(p.Dir, nodeModules, filepath.FromSlash(name))); err != nil {
		return err
	}
	for _, dir := range packageDirs(p.Language) {
		if _, err := os.Stat(dir); err == nil {
			return link(dir, filepath.Join(p.Dir, sdkDir, nodeModules))
		}
	}
	return nil
}

// link makes a symbolic link, unless what is there leads somewhere.
func link(target, name string) error {
	if _, err := os.Stat(name); err == nil {
		return nil
	}
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.Symlink(target, name)
}

func packageDirs(l Language) []string {
	var dirs []string
	if root := checkout(); root != "" {
		dirs = append(dirs, filepath.Join(root, "sdk", string(l), nodeModules))
	}
	if dir, err := packagesOf(l); err == nil {
		dirs = append(dirs, filepath.Join(dir, nodeModules))
	}
	return dirs
}

// packagesOf is where [InstallPackages] works.
func packagesOf(l Language) (string, error) {
	cache, err := os.UserCacheDir()
	return filepath.Join(cache, "lessee", "sdk", string(l)), err
}

// InstallPackages installs, once for all projects of this user, the packages
// that a language's SDK builds with, in the versions of its lock file.
func InstallPackages(ctx context.Context, shipped fs.FS, l Language, said io.Writer) (string, error) {
	if !l.usesNode() {
		return "", fmt.Errorf("%s needs no packages of npm: %s", l, l.toolchain())
	}
	k, err := kitOf(shipped, l)
	if err != nil {
		return "", err
	}
	dir, err := packagesOf(l)
	if err != nil {
		return "", err
	}
	for _, name := range []string{"package.json", "package-lock.json"} {
		data, err := fs.ReadFile(shipped, k.root+"/"+name)
		if err == nil {
			err = writeFile(filepath.Join(dir, name), data)
		}
		if err != nil {
			return "", err
		}
	}
	cmd := exec.CommandContext(ctx, "npm", "ci", "--no-audit", "--no-fund")
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, said, said
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("npm ci in %s: %w", dir, toolError(l, "npm", err))
	}
	return dir, nil
}

// checkout is the source that this binary is run in, or lies in; empty: neither.
func checkout() string {
	wd, _ := os.Getwd()          // without it, one place less to look
	binary, _ := os.Executable() // the same
	for _, dir := range []string{wd, filepath.Dir(binary)} {
		if root := checkoutOf(dir); root != "" {
			return root
		}
	}
	return ""
}

func checkoutOf(dir string) string {
	for {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && bytes.HasPrefix(mod, []byte("module github.com/lessee-run/lessee\n")) && hasSDKs(dir) {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// hasSDKs tells a checkout from the copy of the SDK in a project.
func hasSDKs(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "sdk", "c"))
	return err == nil
}
