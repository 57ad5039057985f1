package cli

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lessee-run/lessee/host/internal/signature"
)

// Made by minisign 0.11 under a password, with a memory limit.
const protectedKey = "untrusted comment: minisign encrypted secret key\n" +
	"RWRTY0IywShWt6hGbJIUATxMSMMXCf346NGRR+1qiedzlE8p9x0AABAAAAAAAAAAAAIAAAAAyR638LuR3+I8+fVaEOIlxNRKm0A3hwZUaJf86jgdOgWxVGT3TWFpcydom+/S1pXkk/au4q7eJSqkuq1nVelSXEzO9PKinWg2sFrLEhWhZ45XqMennblRMMn5ugcGaXz2489lXRKv8Kk=\n"

const protectedKeyID = "61E25A6BA9F9111F"

func TestModuleSign_WritesASignatureBesideAFileThatAddTakesAlong(t *testing.T) {
	i := install(t)
	secret, public := keyPair(t)
	id := keyID(t, public)
	file := write(t, "guest.wasm", commandModule("1"))
	i.run("key", "add", public, "--owner", "media", "--reason", "r").want(t, ExitOK)
	lessee(t, "module", "sign", file, "--key", secret).want(t, ExitOK, "is signed by key "+id, "lessee module add "+file)
	i.run("module", "add", file, "--version", "1").want(t, ExitOK, "module guest@1 is registered", "module guest@1 is signed by key "+id)
	i.run("module", "add", file).want(t, ExitOK, "was registered before", "module guest@1 was before signed by key "+id)
	i.run("module", "verify").want(t, ExitOK, "guest@1", id+" (media)", "ok")
	i.run("key", "list").want(t, ExitOK, id+"  media")
	found := decode[[]verification](t, i.run("module", "verify", "--json"))
	if len(found) != 1 || len(found[0].Signatures) != 1 || found[0].Signatures[0] != (signature.Finding{KeyID: id, Owner: "media"}) {
		t.Errorf("%+v", found)
	}
}

func TestModuleSign_SignsARegisteredModule(t *testing.T) {
	i := install(t)
	secret, public := keyPair(t)
	id := keyID(t, public)
	i.run("module", "add", write(t, "guest.wasm", commandModule("1")), "--version", "1").want(t, ExitOK)
	i.run("module", "verify").want(t, ExitOK, "guest@1", "-", "ok")
	i.run("module", "sign", "guest@1", "--key", secret).want(t, ExitOK, "lessee: module guest@1: it is signed by key "+id+", which is not registered", "guest@1 is signed by key "+id)
	i.run("module", "verify").want(t, ExitOK, id+" (unknown key)", "ok")
	i.run("key", "add", public, "--owner", "media", "--reason", "r").want(t, ExitOK)
	i.run("module", "sign", "guest@1", "--key", secret).want(t, ExitOK, "guest@1 was before signed by key "+id)
	i.run("key", "disable", id, "--reason", "lost").want(t, ExitOK)
	i.run("module", "verify", "guest@1").want(t, ExitOK, id+" (disabled key)", "ok")
	i.run("module", "sign", "guest@1", "--key", secret).want(t, ExitOK, "which is disabled: sign with another key")
}

func TestModuleSign_SignsNothingThatIsNotWhatItsDigestSays(t *testing.T) {
	i := install(t)
	secret, _ := keyPair(t)
	i.run("module", "add", write(t, "guest.wasm", commandModule("1")), "--version", "1").want(t, ExitOK)
	i.exec("alter table lessee.executor_module_registry drop constraint bytes_match_digest, drop constraint bytes_match_size, disable trigger module_check")
	i.exec("update lessee.executor_module_registry set bytes = bytes || '\\x00'")
	i.run("module", "sign", "guest@1", "--key", secret).want(t, ExitRefused, "not those that were registered", "register the module anew")
}

func TestModuleSign_RefusesWithTheReasonAndTheRemedy(t *testing.T) {
	i := install(t)
	secret, public := keyPair(t)
	file, protected := write(t, "guest.wasm", commandModule("1")), write(t, "protected.key", []byte(protectedKey))
	for name, c := range map[string]struct {
		args []string
		code int
		says []string
	}{
		"no key":                 {[]string{file}, ExitUsage, []string{"--key is missing", "lessee key generate"}},
		"a key that is missing":  {[]string{file, "--key", "/nowhere.key"}, ExitRefused, []string{"/nowhere.key"}},
		"a public key":           {[]string{file, "--key", public}, ExitRefused, []string{"no secret key of minisign", "lessee key generate"}},
		"a file that is missing": {[]string{"/nowhere.wasm", "--key", secret}, ExitRefused, []string{"/nowhere.wasm"}},
		"no such module":         {[]string{"guest@1", "--key", secret}, ExitNotFound, []string{`module "guest@1" is not registered`}},
		"nobody to ask":          {[]string{file, "--key", protected}, ExitUsage, []string{"no terminal", "--password-file"}},
		"a wrong password":       {[]string{file, "--key", protected, "--password-file", write(t, "wrong", []byte("battery staple"))}, ExitRefused, []string{"the password is wrong"}},
	} {
		t.Run(name, func(t *testing.T) { i.run(append([]string{"module", "sign"}, c.args...)...).want(t, c.code, c.says...) })
	}
	lessee(t, "module", "sign", file, "--key", protected, "--password-file", write(t, "right", []byte("correct horse"))).want(t, ExitOK, "by key "+protectedKeyID)
}

func TestModuleAdd_RefusesASignatureThatIsNotOfTheBytes(t *testing.T) {
	i := install(t)
	secret, public := keyPair(t)
	file, other := write(t, "guest.wasm", commandModule("1")), write(t, "other.wasm", commandModule("2"))
	i.run("key", "add", public, "--owner", "media", "--reason", "r").want(t, ExitOK)
	lessee(t, "module", "sign", other, "--key", secret).want(t, ExitOK)
	i.run("module", "add", file, "--signature", other+".minisig").want(t, ExitRefused, "of media, but other bytes than these")
	i.run("module", "add", file, "--signature", other).want(t, ExitRefused, "is no signature of minisign", "lessee module sign "+file)
	i.run("module", "add", file, "--signature", "/nowhere").want(t, ExitRefused, "/nowhere")
	if list := decode[[]any](t, i.run("module", "list", "--json")); len(list) > 0 {
		t.Errorf("a refusal leaves %v behind", list)
	}
}

func TestModuleVerify_FindsASignatureOfOtherBytes(t *testing.T) {
	i := install(t)
	secret, public := keyPair(t)
	dir := t.TempDir()
	file, other := filepath.Join(dir, "guest.wasm"), write(t, "other.wasm", commandModule("2"))
	if err := os.WriteFile(file, commandModule("1"), 0o600); err != nil {
		t.Fatal(err)
	}
	lessee(t, "module", "sign", other, "--key", secret).want(t, ExitOK)
	i.run("module", "add", file, "--version", "1", "--signature", other+".minisig").want(t, ExitOK, "which is not registered") // nobody can tell yet
	i.run("key", "add", public, "--owner", "media", "--reason", "r").want(t, ExitOK)
	i.run("module", "verify").want(t, ExitFailure, "WRONG", "but other bytes than these", "1 of 1 modules")
	i.run("module", "sign", "guest@1", "--key", secret).want(t, ExitRefused, "sign these with another key")
}
