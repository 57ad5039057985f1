package postgres_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/registry"
)

// A key and its signature of "test", as the authors of minisign publish them.
const (
	minisignKey = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3"
	minisignID  = "E7620F1842B4E81F"
	minisignSig = "untrusted comment: signature from minisign secret key\n" +
		"RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=\n" +
		"trusted comment: timestamp:1556193335\tfile:test\n" +
		"y/rUw2y8/hOUYjZU71eHp/Wo1KZ40fGy2VJEDl34XMJM+TX48Ss/17u3IvIfbVR1FkZZSNCisQbuQY+bHwhEBg==\n"
)

const (
	insertKey       = "insert into lessee.signing_key_registry (key_id, public_key, owner, reason) values ($1, $2, $3, 'tests')"
	insertSignature = "insert into lessee.module_signature (sha256, key_id, signature) values ($1, $2, $3)"
)

func TestSigningKeys_AreNamedByTheIdThatIsInThem(t *testing.T) {
	l := newLaw(t)
	l.exec(insertKey, nil, minisignKey, "media")
	want(l, minisignID, "select key_id from lessee.signing_key_registry where enabled and updated_by = session_user")
	for says, values := range map[string][]any{
		"the second line of a minisign .pub file":   {nil, "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO", "media"},
		"56 characters that begin with RW":          {nil, strings.Repeat("A", 56), "media"},
		"key E7620F1842B4E81F: public_key must be":  {nil, minisignKey + "\n", "media"},
		"key ?: public_key must be":                 {nil, "no base64: ä", "media"},
		"the id in the public key is " + minisignID: {strings.Repeat("0", 16), minisignKey, "media"},
		"a key needs an owner and a reason":         {minisignID, minisignKey, ""},
	} {
		l.refused("23514", []string{says}, insertKey, values...)
	}
	l.refused("23505", nil, insertKey, minisignID, minisignKey, "another")
}

func TestSigningKeys_ChangeTheirStateAndNeverWhatTheyAre(t *testing.T) {
	l := newLaw(t)
	l.exec(insertKey, nil, minisignKey, "media")
	for says, set := range map[string]string{
		"the id in the public key is " + minisignID: "key_id = '0000000000000000'",
		"a key keeps its id and its public key":     "public_key = 'RWQf6LRCGA9i53" + strings.Repeat("A", 42) + "'", // of the same id
	} {
		l.refused("23514", []string{says}, "update lessee.signing_key_registry set "+set)
	}
	l.exec("update lessee.signing_key_registry set enabled = false, reason = 'lost', owner = 'ops', exit_path = 'sign with another'")
	want(l, true, "select updated_at > created_at and not enabled from lessee.signing_key_registry")
}

func TestModuleSignatures_KeepTheTextOfAMinisigFileForEver(t *testing.T) {
	l := newLaw(t)
	digest := ask[string](l, "select sha256 from lessee.executor_module_registry")
	cut := strings.Replace(minisignSig, "ZwoNN=", "", 1)
	for says, values := range map[string][]any{
		"the text of a minisign .minisig file":     {digest, nil, "signed, yours truly"},
		"must be the text of a minisign":           {digest, nil, minisignSig[strings.Index(minisignSig, "\n")+1:]},
		"it must be the text":                      {digest, nil, strings.Join(strings.Split(cut, "\n")[:2], "\n")},
		"must be the text of a minisign .minisig ": {digest, nil, strings.Replace(minisignSig, "RUQf", "RV", 1)},
		"the id in the signature is " + minisignID: {digest, strings.Repeat("0", 16), minisignSig},
		"module_signature_signature_check":         {digest, nil, strings.Replace(minisignSig, "\tfile", strings.Repeat("\tfile", 1000), 1)},
	} {
		l.refused("23514", []string{says}, insertSignature, values...)
	}
	l.refused("23503", nil, insertSignature, strings.Repeat("ab", 32), nil, minisignSig)
	l.exec(insertSignature, digest, nil, minisignSig) // its key may be registered later
	l.refused("23505", nil, insertSignature, digest, nil, minisignSig)
	l.refused("23514", []string{"is immutable; sign with another key"}, "update lessee.module_signature set signature = signature")
}

func TestModuleSignatures_AreFetchedWithTheModuleAndTheKeysThatAreRegistered(t *testing.T) {
	l := newLaw(t)
	digest := ask[string](l, "select sha256 from lessee.executor_module_registry")
	expect := func(keys ...registry.SigningKey) {
		t.Helper()
		m, err := l.store.FetchModule(t.Context(), digest)
		if err != nil || string(m.Bytes) != "any bytes" || len(m.Signatures) != 1 || m.Signatures[0] != (registry.ModuleSignature{KeyID: minisignID, Text: minisignSig}) {
			t.Fatalf("%+v, %v", m, err)
		}
		if !slices.Equal(m.Keys, keys) {
			t.Errorf("keys: %+v, want %+v", m.Keys, keys)
		}
	}
	if m, err := l.store.FetchModule(t.Context(), digest); err != nil || len(m.Signatures)+len(m.Keys) > 0 {
		t.Errorf("unsigned: %+v, %v", m, err)
	}
	l.exec(insertSignature, digest, nil, minisignSig)
	expect()
	l.exec(insertKey, nil, minisignKey, "media")
	expect(registry.SigningKey{ID: minisignID, PublicKey: minisignKey, Owner: "media", Enabled: true})
	l.exec("update lessee.signing_key_registry set enabled = false")
	expect(registry.SigningKey{ID: minisignID, PublicKey: minisignKey, Owner: "media"})
}

func TestSigning_IsNewsToHosts(t *testing.T) {
	l := newLaw(t)
	digest := ask[string](l, "select sha256 from lessee.executor_module_registry")
	last := ask[int64](l, "select lessee.fn_registry_version()")
	for _, step := range []struct {
		sql  string
		args []any
	}{
		{insertSignature, []any{digest, nil, minisignSig}},
		{insertKey, []any{nil, minisignKey, "media"}},
		{"update lessee.signing_key_registry set enabled = false", nil},
	} {
		l.exec(step.sql, step.args...)
		version := ask[int64](l, "select lessee.fn_registry_version()")
		if version == last {
			t.Errorf("%s: no host hears of it", step.sql)
		}
		last = version
	}
}

func TestOperatorRole_RegistersKeysAndSignaturesAndDeletesNone(t *testing.T) {
	l := newLaw(t)
	digest := ask[string](l, "select sha256 from lessee.executor_module_registry")
	pool := l.login("lessee_operator")
	for _, step := range []struct {
		sql  string
		args []any
	}{
		{insertKey, []any{nil, minisignKey, "media"}},
		{insertSignature, []any{digest, nil, minisignSig}},
		{"update lessee.signing_key_registry set enabled = false, reason = 'lost'", nil},
	} {
		if _, err := pool.Exec(t.Context(), step.sql, step.args...); err != nil {
			t.Errorf("%s: %v", step.sql, err)
		}
	}
	for _, sql := range []string{"delete from lessee.signing_key_registry", "delete from lessee.module_signature", "update lessee.module_signature set signature = ''"} {
		_, err := pool.Exec(t.Context(), sql)
		l.isRefusal(err, "42501")
	}
}
