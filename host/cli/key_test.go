package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/host/internal/postgres"
	"github.com/lessee-run/lessee/host/internal/signature"
)

// keyPair makes a key without a password, and returns its files.
func keyPair(t *testing.T) (secret, public string) {
	t.Helper()
	secret = filepath.Join(t.TempDir(), "media.key")
	lessee(t, "key", "generate", secret, "--no-password").want(t, ExitOK, "lessee module sign MODULE --key "+secret)
	return secret, strings.TrimSuffix(secret, ".key") + ".pub"
}

// keyID reads the id out of a public key's file.
func keyID(t *testing.T, public string) string {
	t.Helper()
	text, err := os.ReadFile(public)
	if err != nil {
		t.Fatal(err)
	}
	key, err := signature.ParseKey(string(text))
	if err != nil {
		t.Fatal(err)
	}
	return key.ID
}

func TestKeyGenerate_KeepsTheSecretKeyFromOthersAndWritesOverNothing(t *testing.T) {
	secret, public := keyPair(t)
	if info, err := os.Stat(secret); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	before := keyID(t, public)
	lessee(t, "key", "generate", secret, "--no-password").want(t, ExitRefused, secret+" is there already")
	if err := os.Remove(secret); err != nil {
		t.Fatal(err)
	}
	lessee(t, "key", "generate", secret, "--no-password").want(t, ExitRefused, public+" is there already")
	if _, err := os.Stat(secret); err == nil || keyID(t, public) != before {
		t.Error("a refusal leaves something behind")
	}
	lessee(t, "key", "generate", "/nowhere/a.key", "--no-password").want(t, ExitRefused, "/nowhere")
}

func TestKeyGenerate_TakesThePasswordFromAFile(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "media.key")
	lessee(t, "key", "generate", secret, "--password-file", write(t, "password", []byte("correct horse\nnot this\n"))).want(t, ExitOK)
	text, err := os.ReadFile(secret)
	if err != nil || !signature.Protected(text) {
		t.Errorf("the secret key is not protected: %v", err)
	}
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"no terminal":   {nil, ExitUsage, "give --password-file"},
		"no file":       {[]string{"--password-file", "/nowhere"}, ExitRefused, "/nowhere"},
		"an empty line": {[]string{"--password-file", write(t, "empty", []byte("\nsecond\n"))}, ExitRefused, "is empty"},
		"too big":       {[]string{"--password-file", write(t, "big", make([]byte, maxSmall+1))}, ExitRefused, "is over 65536 bytes"},
		"both":          {[]string{"--password-file", secret, "--no-password"}, ExitUsage, "no-password"},
	} {
		path := filepath.Join(t.TempDir(), "other.key")
		lessee(t, append([]string{"key", "generate", path}, c.args...)...).want(t, c.code, c.says)
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s: the key is there", name)
		}
	}
}

func TestKeyAdd_RegistersAPublicKeyOnce(t *testing.T) {
	i := install(t)
	secret, public := keyPair(t)
	id := keyID(t, public)
	i.run("key", "add", public, "--reason", "r").want(t, ExitUsage, "--owner and --reason")
	i.run("key", "add", secret, "--owner", "media", "--reason", "r").want(t, ExitRefused, "can't be registered", "begins with RW")
	i.run("key", "add", "/nowhere.pub", "--owner", "media", "--reason", "r").want(t, ExitRefused, "/nowhere.pub")
	i.run("key", "add", public, "--owner", "media", "--reason", "builds").want(t, ExitOK, "key "+id+" of media is registered")
	i.run("key", "add", public, "--owner", "thief", "--reason", "r").want(t, ExitOK, "key "+id+" of media was registered before")
	keys := decode[[]postgres.KeyRecord](t, i.run("key", "list", "--json"))
	if len(keys) != 1 || keys[0].KeyID != id || keys[0].Owner != "media" || keys[0].Reason != "builds" || !keys[0].Enabled {
		t.Errorf("%+v", keys)
	}
	i.exec("insert into lessee.signing_key_registry (public_key, owner, reason) values ('RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3', 'a', 'b')")
	other := write(t, "other.pub", []byte("RWQf6LRCGA9i53"+strings.Repeat("A", 42)))
	i.run("key", "add", other, "--owner", "thief", "--reason", "r").want(t, ExitRefused, "another public key is registered under the id E7620F1842B4E81F", "no accident")
}

func TestKeyDisable_RevokesAndEnableTakesItBack(t *testing.T) {
	i := install(t)
	_, public := keyPair(t)
	id := keyID(t, public)
	i.run("key", "add", public, "--owner", "media", "--reason", "builds").want(t, ExitOK)
	i.run("key", "disable", id).want(t, ExitUsage, "--reason is missing")
	i.run("key", "disable", "media", "--reason", "r").want(t, ExitUsage, `"media" is no id of a key`)
	i.run("key", "disable", "ABCD", "--reason", "r").want(t, ExitNotFound, "key 000000000000ABCD is not registered", "lessee key list")
	i.run("key", "disable", strings.ToLower(id), "--reason", "lost").want(t, ExitOK, "key "+id+" is disabled")
	i.run("key", "list").want(t, ExitOK, id, "media", "no", "lost")
	i.run("key", "enable", id, "--reason", "found").want(t, ExitOK, "key "+id+" is enabled")
}
