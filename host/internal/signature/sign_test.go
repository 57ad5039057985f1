package signature_test

import (
	"strings"
	"testing"
	"time"

	"github.com/lessee-run/lessee/host/internal/signature"
	"github.com/lessee-run/lessee/registry"
)

// Ed25519 is deterministic: the same key, bytes and comments make the same text.
func TestSign_WritesWhatMinisignWrites(t *testing.T) {
	got, err := open(t, vectorSecret, "").Sign([]byte(vectorData), "m.wasm", time.Unix(1790000000, 0))
	if err != nil || got != (registry.ModuleSignature{KeyID: vectorID, Text: vectorSignature}) {
		t.Errorf("%v\n%s", err, got.Text)
	}
}

func TestVerify_TakesWhatMinisignSigned(t *testing.T) {
	key := parseKey(t, vectorPublic)
	for name, text := range map[string]string{"hashed": vectorSignature, "legacy": vectorLegacySignature, "with CRLF": strings.ReplaceAll(vectorSignature, "\n", "\r\n")} {
		s, err := signature.ParseSignature(text)
		if err != nil || s.KeyID != vectorID {
			t.Fatalf("%s: %+v, %v", name, s, err)
		}
		if f := signature.Verify([]byte(vectorData), []registry.ModuleSignature{s}, []registry.SigningKey{key}, nil); f[0].Problem != signature.None {
			t.Errorf("%s: %s", name, f[0])
		}
	}
}

func TestOpen_ReadsAProtectedKeyOfMinisignWithItsPasswordOnly(t *testing.T) {
	if !signature.Protected([]byte(protectedSecret)) || signature.Protected([]byte(vectorSecret)) {
		t.Error("it can't tell which key is protected")
	}
	if got, want := open(t, protectedSecret, protectedPassword).KeyID(), parseKey(t, protectedPublic).ID; got != want {
		t.Errorf("opened %s, not %s", got, want)
	}
	if _, err := signature.Open([]byte(protectedSecret), "wrong"); err == nil || !strings.Contains(err.Error(), "the password is wrong") {
		t.Errorf("a wrong password: %v", err)
	}
	if _, err := signature.Open([]byte(vectorPublic), ""); err == nil || !strings.Contains(err.Error(), "lessee key generate") {
		t.Errorf("a public key: %v", err)
	}
}

func TestGenerate_MakesKeysThatSign(t *testing.T) {
	secret, public, err := signature.Generate("")
	if err != nil || signature.Protected(secret) {
		t.Fatal(err)
	}
	signer, key := open(t, string(secret), ""), parseKey(t, string(public))
	if signer.KeyID() != key.ID {
		t.Errorf("the secret key is %s, the public one %s", signer.KeyID(), key.ID)
	}
	wantProblem(t, signature.None, sign(t, signer, "data"), key)
}

func TestSign_KeepsANameFromBreakingTheText(t *testing.T) {
	signer := open(t, vectorSecret, "")
	s, err := signer.Sign([]byte("data"), "a\nb\tc\x1b[2J.wasm", time.Unix(0, 0))
	if err != nil || !strings.Contains(s.Text, "\tfile:a?b?c?[2J.wasm\thashed\n") {
		t.Fatalf("%v\n%s", err, s.Text)
	}
	wantProblem(t, signature.None, s, parseKey(t, vectorPublic))
}

func TestParseKey_TakesAFileOrItsLine(t *testing.T) {
	want := registry.SigningKey{ID: vectorID, PublicKey: strings.Split(vectorPublic, "\n")[1], Enabled: true}
	for _, text := range []string{vectorPublic, want.PublicKey, " " + want.PublicKey + "\r\n"} {
		if key := parseKey(t, text); key != want {
			t.Errorf("%q: %+v", text, key)
		}
	}
	for _, text := range []string{"", vectorID, vectorSecret, vectorSignature, want.PublicKey[:55]} {
		if key, err := signature.ParseKey(text); err == nil || !strings.Contains(err.Error(), "begins with RW") {
			t.Errorf("%q: %+v, %v", text, key, err)
		}
	}
}

func TestParseKeyID_TakesItAsMinisignPrintsIt(t *testing.T) {
	for text, want := range map[string]string{vectorID: vectorID, "1b4c3cbe80a28be6": vectorID, "c3cbe80a28be6": "000C3CBE80A28BE6"} {
		if got, err := signature.ParseKeyID(text); got != want || err != nil {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "render", vectorID + "0"} {
		if _, err := signature.ParseKeyID(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func open(t *testing.T, secret, password string) signature.Signer {
	t.Helper()
	signer, err := signature.Open([]byte(secret), password)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func parseKey(t *testing.T, text string) registry.SigningKey {
	t.Helper()
	key, err := signature.ParseKey(text)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func sign(t *testing.T, signer signature.Signer, data string) registry.ModuleSignature {
	t.Helper()
	s, err := signer.Sign([]byte(data), "m.wasm", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// wantProblem verifies a signature of the bytes "data".
func wantProblem(t *testing.T, want signature.Problem, s registry.ModuleSignature, keys ...registry.SigningKey) {
	t.Helper()
	if f := signature.Verify([]byte("data"), []registry.ModuleSignature{s}, keys, nil); f[0].Problem != want {
		t.Errorf("%q, want %q", f[0].Problem, want)
	}
}
