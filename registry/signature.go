package registry

// SigningKey is a row of signing_key_registry as a host needs it.
type SigningKey struct {
	ID        string `json:"key_id"`     // 16 hex digits, as minisign prints it
	PublicKey string `json:"public_key"` // in one line, as in minisign's .pub files
	Owner     string `json:"owner"`
	Enabled   bool   `json:"enabled"` // false: revoked
}

// ModuleSignature is a row of module_signature: who signed a module's bytes, and how.
type ModuleSignature struct {
	KeyID string `json:"key_id"`
	Text  string `json:"signature"` // of a .minisig file
}
