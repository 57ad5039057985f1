package signature

// Finding is what there is to say of one signature of a module.
type Finding struct {
	KeyID   string  `json:"key_id"`
	Owner   string  `json:"owner,omitempty"` // of the key, if it is registered
	Problem Problem `json:"problem,omitempty"`
}

// Problem is why a signature does not count.
type Problem string

// The problems of a signature; the one that is named first is told.
const (
	None        Problem = ""             // it counts
	Malformed   Problem = "malformed"    // no text of a .minisig file
	UnknownKey  Problem = "unknown_key"  // its key is not registered
	Mismatch    Problem = "mismatch"     // of other bytes, or of another key with that id
	DisabledKey Problem = "disabled_key" // its key is revoked
	UnpinnedKey Problem = "unpinned_key" // this host trusts other keys only
)

// Broken reports whether the signature is none of the module's, whoever is trusted.
func (f Finding) Broken() bool { return f.Problem == Malformed || f.Problem == Mismatch }

// String says what was found, and what to do about it.
func (f Finding) String() string {
	by := "signed by key " + f.KeyID
	if f.Owner != "" {
		by += " of " + f.Owner
	}
	if f.Problem == None {
		return by
	}
	by = "it is " + by
	switch f.Problem {
	case Malformed:
		return "its signature under key " + f.KeyID + " can't be read: sign with another key"
	case UnknownKey:
		return by + ", which is not registered: if you trust it, lessee key add FILE.pub"
	case Mismatch:
		return by + ", but other bytes than these: find out who changed them, or sign these with another key"
	case DisabledKey:
		return by + ", which is disabled: sign with another key, or lessee key enable " + f.KeyID
	}
	return by + ", which is not among trusted_keys of this host: sign with one that is, or add its public key there"
}
