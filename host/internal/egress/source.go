package egress

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/net/http/httpguts"

	"github.com/lessee-run/lessee/registry"
)

const (
	minSecret = 8       // bytes; a shorter one would be found in innocent text
	maxSecret = 8 << 10 // bytes; it has to fit into a header
)

// Env looks up a variable of the environment, as [os.LookupEnv] does.
type Env func(name string) (string, bool)

// Check reports why a binding's secret can't be used on this machine.
func Check(b registry.SecretBinding, env Env) error {
	s := source{SecretBinding: b, env: env}
	if err := s.refresh(); err != nil {
		return err
	}
	_, err := bound{SecretBinding: b, value: s.value}.header()
	return err
}

// source is where the value of a binding is found, and what was found last.
type source struct {
	registry.SecretBinding
	env   Env
	file  os.FileInfo // of the value, when it came from a file
	value string
}

// refresh finds the value again. A file is read only when it has changed.
func (s *source) refresh() error {
	switch s.Source {
	case registry.SecretEnv:
		if strings.HasPrefix(s.Reference, "LESSEE_") {
			return fmt.Errorf("the variable %s is the host's own setting, not a secret to send: use another one", s.Reference)
		}
		value, ok := s.env(s.Reference)
		if !ok {
			return s.found("", fmt.Errorf("the variable %s is not set for this process", s.Reference))
		}
		return s.found(value, nil)
	case registry.SecretFile:
		return s.refreshFile(s.Reference)
	case registry.SecretSystemd:
		dir, ok := s.env("CREDENTIALS_DIRECTORY")
		if !ok || dir == "" {
			return s.found("", errors.New("CREDENTIALS_DIRECTORY is not set: start the host as a systemd service with LoadCredential="))
		}
		if s.Reference != filepath.Base(s.Reference) || s.Reference == "." || s.Reference == ".." {
			return s.found("", fmt.Errorf("%q is no name of a systemd credential", s.Reference))
		}
		return s.refreshFile(filepath.Join(dir, s.Reference))
	}
	return s.found("", fmt.Errorf("source %q is unknown to this version of the host: use env, file or systemd", s.Source))
}

func (s *source) refreshFile(path string) error {
	if !filepath.IsAbs(path) {
		return s.found("", fmt.Errorf("%s is not an absolute path", path))
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return s.found("", err)
	case !info.Mode().IsRegular():
		return s.found("", fmt.Errorf("%s is no regular file", path))
	case s.value != "" && same(info, s.file):
		return nil
	}
	value, err := readSecret(path)
	if err = s.found(value, err); err == nil {
		s.file = info
	}
	return err
}

func same(a, b os.FileInfo) bool {
	return b != nil && os.SameFile(a, b) && a.ModTime().Equal(b.ModTime()) && a.Size() == b.Size()
}

func readSecret(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxSecret+3)) // one more than is allowed, and a line's end
	return strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r"), err
}

// found checks a value and keeps it; one that can't be used is forgotten.
func (s *source) found(value string, err error) error {
	switch {
	case err != nil:
	case len(value) < minSecret:
		err = fmt.Errorf("the secret has %d bytes: one of less than %d can't be told from other text, so it can't be guarded", len(value), minSecret)
	case len(value) > maxSecret:
		err = fmt.Errorf("the secret is longer than %d bytes", maxSecret)
	case !httpguts.ValidHeaderFieldValue(value) || strings.TrimSpace(value) != value:
		err = errors.New("the secret has line breaks, other control characters, or blanks at its ends")
	}
	if err != nil {
		value = ""
	}
	s.value = value
	return err
}
