package signature_test

import (
	"strings"
	"testing"

	"github.com/lessee-run/lessee/host/internal/signature"
	"github.com/lessee-run/lessee/registry"
)

// team is a key pair and its row.
type team struct {
	signature.Signer
	row registry.SigningKey
}

func newTeam(t *testing.T, owner string) team {
	t.Helper()
	secret, public, err := signature.Generate("")
	if err != nil {
		t.Fatal(err)
	}
	row := parseKey(t, string(public))
	row.Owner = owner
	return team{open(t, string(secret), ""), row}
}

func TestCheck_TellsApartWhyASignatureDoesNotCount(t *testing.T) {
	media, other := newTeam(t, "media"), newTeam(t, "other")
	revoked := media.row
	revoked.Enabled = false
	impostor := other.row // another key under media's id
	impostor.ID = media.row.ID
	good, mixed := sign(t, media.Signer, "data"), sign(t, media.Signer, "data")
	mixed.KeyID = other.row.ID
	edited := good
	edited.Text = strings.Replace(good.Text, "file:m.wasm", "file:n.wasm", 1)
	for name, c := range map[string]struct {
		signatures []registry.ModuleSignature
		keys       []registry.SigningKey
		pinned     []string
		says       []string // empty: it counts
	}{
		"good":                          {signatures: some(good), keys: rows(media.row)},
		"good and pinned":               {signatures: some(good), keys: rows(media.row), pinned: []string{other.row.PublicKey, media.row.PublicKey}},
		"one good among others":         {signatures: some(sign(t, other.Signer, "else"), registry.ModuleSignature{KeyID: "0000000000000000"}, good), keys: rows(other.row, media.row)},
		"unsigned":                      {keys: rows(media.row), says: []string{"it is not signed: lessee module sign MODULE --key FILE"}},
		"by an unknown key":             {signatures: some(good), keys: rows(other.row), says: []string{"signed by key " + media.row.ID + ", which is not registered", "lessee key add"}},
		"by a disabled key":             {signatures: some(good), keys: rows(revoked), says: []string{"of media, which is disabled", "lessee key enable " + media.row.ID}},
		"by a key that is not pinned":   {signatures: some(good), keys: rows(media.row), pinned: []string{other.row.PublicKey}, says: []string{"of media, which is not among trusted_keys"}},
		"of other bytes":                {signatures: some(sign(t, media.Signer, "else")), keys: rows(media.row), says: []string{"but other bytes than these", "sign these with another key"}},
		"with another comment":          {signatures: some(edited), keys: rows(media.row), says: []string{"but other bytes"}},
		"by another key with that id":   {signatures: some(good), keys: rows(impostor), says: []string{"but other bytes"}},
		"under the id of another key":   {signatures: some(mixed), keys: rows(media.row, other.row), says: []string{"signature under key " + other.row.ID + " can't be read"}},
		"malformed":                     {signatures: some(registry.ModuleSignature{KeyID: media.row.ID, Text: "yours truly"}), keys: rows(media.row), says: []string{"can't be read"}},
		"two that are bad, each in its": {signatures: some(good, sign(t, other.Signer, "else")), keys: rows(revoked, other.row), says: []string{"which is disabled", "; ", "but other bytes"}},
		"a row with a key that is none": {signatures: some(good), keys: rows(registry.SigningKey{ID: media.row.ID, PublicKey: "RW", Enabled: true}), says: []string{"but other bytes"}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, policy := range []signature.Policy{signature.Off, signature.Warn, signature.Require, "requir"} {
				stage := signature.Check(policy, []byte("data"), c.signatures, c.keys, c.pinned)
				wantStage(t, stage, policy, c.says, "signed by key "+media.row.ID+" of media")
			}
		})
	}
}

func wantStage(t *testing.T, stage registry.Stage, policy signature.Policy, says []string, passes string) {
	t.Helper()
	state, warned := registry.StagePassed, false
	switch {
	case policy == signature.Off:
		state, says = registry.StageSkipped, []string{"signatures = off"}
	case len(says) == 0:
		says = []string{passes}
	case policy == signature.Warn:
		warned = true
	default:
		state = registry.StageFailed
	}
	if stage.Name != registry.StageSignature || stage.State != state || signature.Warned(stage) != warned {
		t.Errorf("%s: %+v, want %s, warned %v", policy, stage, state, warned)
	}
	for _, text := range says {
		if !strings.Contains(stage.Reason, text) {
			t.Errorf("%s: %q does not say %q", policy, stage.Reason, text)
		}
	}
}

// Who may write rows may register a key of his own under the id of a pinned one.
func TestCheck_PinsKeysAndNotTheirNames(t *testing.T) {
	media, thief := newTeam(t, "media"), newTeam(t, "media")
	s := sign(t, thief.Signer, "data")
	stage := signature.Check(signature.Require, []byte("data"), some(s), rows(thief.row), []string{media.row.PublicKey, thief.row.ID})
	if stage.State != registry.StageFailed || !strings.Contains(stage.Reason, "trusted_keys") {
		t.Errorf("%+v", stage)
	}
}

func TestCheckPinned_RefusesIdsAndSaysWhy(t *testing.T) {
	for says, pinned := range map[string][]string{
		"anybody can make a key of that id": {protectedPublic, vectorID},
		"begins with RW":                    {"media"},
	} {
		if err := signature.CheckPinned(pinned); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v: %v", pinned, err)
		}
	}
	if err := signature.CheckPinned([]string{protectedPublic}); err != nil {
		t.Error(err)
	}
}

func TestParsePolicy_NamesThePolicies(t *testing.T) {
	for _, p := range []signature.Policy{signature.Off, signature.Warn, signature.Require} {
		if got, err := signature.ParsePolicy(string(p)); got != p || err != nil {
			t.Errorf("%s: %s, %v", p, got, err)
		}
	}
	if got, err := signature.ParsePolicy("on"); err == nil || got != signature.Require || !strings.Contains(err.Error(), "must be off") {
		t.Errorf("%s, %v", got, err)
	}
}

func some(s ...registry.ModuleSignature) []registry.ModuleSignature { return s }

func rows(k ...registry.SigningKey) []registry.SigningKey { return k }
