package signature

import (
	"slices"
	"strings"
	"time"

	"aead.dev/minisign"

	"github.com/lessee-run/lessee/registry"
)

// Verify looks at each signature of data. keys are those that are registered;
// pinned, if there are any, are the only public keys that count.
func Verify(data []byte, signatures []registry.ModuleSignature, keys []registry.SigningKey, pinned []string) []Finding {
	out := make([]Finding, len(signatures))
	for i, s := range signatures {
		out[i] = verify(data, s, keys, pinned)
	}
	return out
}

func verify(data []byte, s registry.ModuleSignature, keys []registry.SigningKey, pinned []string) Finding {
	found := Finding{KeyID: s.KeyID}
	var parsed minisign.Signature
	if parsed.UnmarshalText([]byte(s.Text)) != nil || formatID(parsed.KeyID) != s.KeyID {
		found.Problem = Malformed
		return found
	}
	at := slices.IndexFunc(keys, func(k registry.SigningKey) bool { return k.ID == s.KeyID })
	if at < 0 {
		found.Problem = UnknownKey
		return found
	}
	found.Owner = keys[at].Owner
	public, err := publicKey(keys[at].PublicKey)
	switch {
	case err != nil || !minisign.Verify(public, data, []byte(s.Text)):
		found.Problem = Mismatch
	case !keys[at].Enabled:
		found.Problem = DisabledKey
	case len(pinned) > 0 && !isPinned(public, pinned):
		found.Problem = UnpinnedKey
	}
	return found
}

func isPinned(public minisign.PublicKey, pinned []string) bool {
	return slices.ContainsFunc(pinned, func(entry string) bool {
		key, err := publicKey(entry)
		return err == nil && key.Equal(public)
	})
}

// warning begins the reason of a stage that passed by [Warn] alone.
const warning = "warning: "

// Check is the signature stage of a module's admission: one signature that
// counts is enough. See [Verify] for keys and pinned.
func Check(policy Policy, data []byte, signatures []registry.ModuleSignature, keys []registry.SigningKey, pinned []string) registry.Stage {
	if policy == Off {
		return registry.Stage{Name: registry.StageSignature, State: registry.StageSkipped, Reason: "signatures = off on this host"}
	}
	began := time.Now()
	reason, counts := judge(Verify(data, signatures, keys, pinned))
	stage := registry.Stage{Name: registry.StageSignature, State: registry.StagePassed, Reason: reason}
	switch {
	case counts:
	case policy == Warn:
		stage.Reason = warning + reason
	default:
		stage.State, stage.Reason = registry.StageFailed, "signatures = require on this host, and "+reason
	}
	stage.TookMS = time.Since(began).Milliseconds()
	return stage
}

// Warned reports whether a stage that [Check] returned passed by [Warn] alone.
func Warned(stage registry.Stage) bool {
	return stage.State == registry.StagePassed && strings.HasPrefix(stage.Reason, warning)
}

// judge says whether a module's findings suffice, and in words why.
func judge(findings []Finding) (reason string, counts bool) {
	if len(findings) == 0 {
		return "it is not signed: lessee module sign MODULE --key FILE", false
	}
	reasons := make([]string, len(findings))
	for i, f := range findings {
		if f.Problem == None {
			return f.String(), true
		}
		reasons[i] = f.String()
	}
	return strings.Join(reasons, "; "), false
}
