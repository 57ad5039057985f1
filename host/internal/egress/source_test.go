package egress

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/registry"
)

func TestSource_AFileIsReadAgainWhenItChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	put := func(text string, at time.Time) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	s := NewSecrets(os.LookupEnv)
	s.Bind([]registry.SecretBinding{{Name: "api", Source: registry.SecretFile, Reference: path, Hosts: []string{"api.test"}, Header: "X-Key", Format: "{}", Enabled: true}})
	now := time.Now()
	put("first value\n", now)
	if got := s.read().bindings["api"].value; got != "first value" {
		t.Fatalf("got %q", got)
	}
	first := s.read()
	if s.read() != first {
		t.Error("a file that did not change makes a new reading")
	}
	put("other value\r\n", now.Add(time.Second))
	if got := s.read().bindings["api"].value; got != "other value" {
		t.Errorf("got %q", got)
	}
	if s.ScanOutput([]byte("first value")) == nil || s.ScanOutput([]byte("other value")) == nil {
		t.Error("a value is not guarded while it is replaced")
	}
	put("third value", now.Add(2*time.Second))
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if got := s.read().bindings["api"].value; got != "" {
		t.Errorf("the file is gone, and the value still %q", got)
	}
	s.Bind(nil)
	if s.ScanOutput([]byte("other value")) == nil {
		t.Error("a binding went, and its value is no longer guarded")
	}
}

func TestSource_SystemdCredentialsAreFilesOfTheirDirectory(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "api"), []byte("the credential"), 0o400); err != nil {
		t.Fatal(err)
	}
	env := func(name string) (string, bool) { return dir, name == "CREDENTIALS_DIRECTORY" }
	b := registry.SecretBinding{Name: "api", Source: registry.SecretSystemd, Reference: "api", Header: "X-Key", Format: "{}"}
	if err := Check(b, env); err != nil {
		t.Error(err)
	}
	for _, reference := range []string{"..", ".", "a/b", "../" + filepath.Base(dir) + "/api", "missing"} {
		if b.Reference = reference; Check(b, env) == nil {
			t.Errorf("%q was found", reference)
		}
	}
}

func TestCheck_SaysWhatIsWrongWithoutSayingTheSecret(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	environ := map[string]string{"SHORT": "1234567", "GOOD": "12345678", "LINES": "first line\nsecond line", "BLANK": " 12345678", "LESSEE_DSN": "postgres://u:p@h/d"}
	env := func(name string) (string, bool) { v, ok := environ[name]; return v, ok }
	for _, c := range []struct {
		source                          registry.SecretSource
		reference, header, format, text string
	}{
		{"env", "GOOD", "X", "{}", ""},
		{"env", "GOOD", "X", "Basic {base64}", ""},
		{"env", "GOOD", "X", "Basic", "makes no header"},
		{"env", "GOOD", "Host", "{}", "makes no header"},
		{"env", "GOOD", "X Y", "{}", "makes no header"},
		{"env", "MISSING", "X", "{}", "is not set"},
		{"env", "SHORT", "X", "{}", "7 bytes"},
		{"env", "LINES", "X", "{}", "line breaks"},
		{"env", "BLANK", "X", "{}", "blanks"},
		{"env", "LESSEE_DSN", "X", "{}", "own setting"},
		{"file", file("good", "12345678\n"), "X", "{}", ""},
		{"file", file("two lines", "12345678\n\n"), "X", "{}", "line breaks"},
		{"file", file("large", strings.Repeat("x", 8193)), "X", "{}", "longer than"},
		{"file", file("largest", strings.Repeat("x", 8192)+"\n"), "X", "{}", ""},
		{"file", file("empty", ""), "X", "{}", "0 bytes"},
		{"file", dir, "X", "{}", "no regular file"},
		{"file", "relative", "X", "{}", "absolute"},
		{"file", filepath.Join(dir, "missing"), "X", "{}", "no such file"},
		{"systemd", "api", "X", "{}", "CREDENTIALS_DIRECTORY"},
		{"vault", "api", "X", "{}", "unknown to this version"},
	} {
		err := Check(registry.SecretBinding{Name: "api", Source: c.source, Reference: c.reference, Header: c.header, Format: c.format}, env)
		if c.text == "" && err != nil || c.text != "" && (err == nil || !strings.Contains(err.Error(), c.text) || strings.Contains(err.Error(), "12345")) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

func TestAuthorize_FormatsTheValueAsTheBindingSays(t *testing.T) {
	for format, want := range map[string]string{"{}": "user:password", "Bearer {}": "Bearer user:password", "Basic {base64}": "Basic dXNlcjpwYXNzd29yZA==", "key={}, x={base64}": "key=user:password, x=dXNlcjpwYXNzd29yZA=="} {
		got, err := bound{registry.SecretBinding{Header: "X-Key", Format: format}, "user:password"}.header()
		if err != nil || got != want {
			t.Errorf("%s: %q, %v", format, got, err)
		}
	}
	_, err := bound{registry.SecretBinding{Header: "X-Key", Format: "Bearer"}, "user:password"}.header()
	if e := (*abi.Error)(nil); !errors.As(err, &e) || strings.Contains(e.Message, "password") {
		t.Error(err)
	}
}
