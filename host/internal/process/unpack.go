//go:build linux

package process

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// unpackTar unpacks a bundle whose bytes have been checked already.
func (e *Engine) unpackTar(digest string, r io.ReadSeeker) (*bundle, error) {
	return e.fill(digest, func(root *os.Root) error {
		if _, err := r.Seek(0, io.SeekStart); err != nil {
			return err
		}
		return unpack(root, tar.NewReader(r))
	})
}

// copyDirectory copies a bundle, and checks the copy.
func (e *Engine) copyDirectory(digest, dir string) (*bundle, error) {
	b, err := e.fill(digest, func(root *os.Root) error {
		source, err := os.OpenRoot(dir)
		if err != nil {
			return err
		}
		defer source.Close() //nolint:errcheck // only read
		files, err := scan(dir)
		for _, f := range files {
			err = errors.Join(err, copyFile(root, source, f))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(listing(b.files))
	if found := hex.EncodeToString(sum[:]); found != digest {
		removeAll(b.dir)
		return nil, fmt.Errorf("the files of the bundle have the sha256 %s: they are not those that were registered, so they are not run; register them anew, or put the old files back", found)
	}
	return b, nil
}

func copyFile(to, from *os.Root, f entry) error {
	in, err := from.Open(f.path)
	if err != nil {
		return err
	}
	defer in.Close() //nolint:errcheck // only read
	return put(to, f.path, f.executable, in)
}

// fill makes a directory for a bundle, has it filled, and makes it read-only.
func (e *Engine) fill(digest string, with func(*os.Root) error) (*bundle, error) {
	dir, err := os.MkdirTemp(e.slot.bundles(), digest[:12]+"-")
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	defer root.Close() //nolint:errcheck // written files are closed
	b := &bundle{dir: dir}
	if err := errors.Join(with(root), lock(dir)); err != nil {
		removeAll(dir)
		return nil, err
	}
	if b.files, err = scan(dir); err != nil {
		removeAll(dir)
		return nil, err
	}
	return b, nil
}

// commanded finds the program that a bundle is run by.
func (e *Engine) commanded(b *bundle) (*artifact, error) {
	args, err := b.command()
	if err != nil {
		return nil, err
	}
	if strings.HasPrefix(args[0], "./") {
		file, err := os.Open(filepath.Join(b.dir, filepath.FromSlash(path.Clean("/"+args[0]))))
		if err != nil {
			return nil, fmt.Errorf("the command of the bundle: %w", err)
		}
		defer file.Close() //nolint:errcheck // only read
		binary, _, err := seal(file)
		if err != nil {
			return nil, err
		}
		return &artifact{binary: binary, bundle: b, args: args}, checkBinary(binary)
	}
	program := e.config.Interpreters[args[0]]
	if program == "" {
		return nil, fmt.Errorf("the bundle is to be run by %q, which this host does not allow: name it in interpreters of its configuration (interpreters: {%s: /usr/bin/%s})", args[0], args[0], args[0])
	}
	return &artifact{bundle: b, path: program, args: args}, nil
}

// unpack writes files and directories, and refuses everything else.
func unpack(root *os.Root, r *tar.Reader) error {
	var files, bytes int64
	for {
		h, err := r.Next()
		if err == io.EOF {
			return nil
		} else if err != nil {
			return fmt.Errorf("read the bundle: %w", err)
		}
		name := strings.TrimPrefix(path.Clean("/"+h.Name), "/")
		switch h.Typeflag {
		case tar.TypeDir, tar.TypeXGlobalHeader:
			continue
		case tar.TypeReg:
		default:
			return fmt.Errorf("%s in the bundle is neither a file nor a directory: a bundle holds nothing else, so pack with tar --dereference", h.Name)
		}
		if files, bytes = files+1, bytes+h.Size; files > maxBundleFiles || bytes > maxBundleBytes {
			return fmt.Errorf("the bundle is larger than %d files or %d bytes", maxBundleFiles, maxBundleBytes)
		}
		if err := put(root, name, h.Mode&0o111 != 0, r); err != nil {
			return fmt.Errorf("unpack the bundle: %w", err)
		}
	}
}

func put(root *os.Root, name string, executable bool, r io.Reader) error {
	if dir := path.Dir(name); dir != "." {
		if err := root.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	mode := os.FileMode(0o644)
	if executable {
		mode = 0o755
	}
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Chmod(mode&^0o222), f.Close())
}

// lock takes the right to write from a tree, and leaves that to read to all:
// plugins have users of their own.
func lock(dir string) error {
	return filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			return os.Chmod(path, 0o555)
		}
		return err
	})
}

// removeAll removes a tree that lock has been at.
func removeAll(dir string) {
	filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error { //nolint:errcheck // what stays is found at the next start
		if err == nil && d.IsDir() {
			return os.Chmod(path, 0o700)
		}
		return nil
	})
	os.RemoveAll(dir) //nolint:errcheck // what stays is found at the next start
}
