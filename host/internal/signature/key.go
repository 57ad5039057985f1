package signature

import (
	"fmt"
	"regexp"
	"strings"

	"aead.dev/minisign"

	"github.com/lessee-run/lessee/registry"
)

// ParseKey reads a public key: the text of a .pub file, or its second line
// alone. The key it returns is enabled and nobody's.
func ParseKey(text string) (registry.SigningKey, error) {
	key, err := publicKey(text)
	if err != nil {
		return registry.SigningKey{}, err
	}
	return registry.SigningKey{ID: formatID(key.ID()), PublicKey: key.String(), Enabled: true}, nil
}

func publicKey(text string) (key minisign.PublicKey, err error) {
	if err := key.UnmarshalText([]byte(strings.TrimSpace(text))); err != nil {
		return key, fmt.Errorf("it is no public key of minisign: a comment and a line of 56 characters that begins with RW, or that line alone: %w", err)
	}
	return key, nil
}

// formatID is an id as rows have it. minisign leaves leading zeros out.
func formatID(id uint64) string { return fmt.Sprintf("%016X", id) }

var keyID = regexp.MustCompile(`^[0-9A-F]{1,16}$`)

// ParseKeyID reads the id of a key as a person writes it.
func ParseKeyID(text string) (string, error) {
	id := strings.ToUpper(strings.TrimSpace(text))
	if !keyID.MatchString(id) {
		return "", fmt.Errorf("%q is no id of a key: it must be up to 16 hexadecimal digits", text)
	}
	return strings.Repeat("0", 16-len(id)) + id, nil
}

// CheckPinned says which entry of a host's list of trusted keys can't be used.
func CheckPinned(pinned []string) error {
	for _, entry := range pinned {
		if _, err := ParseKeyID(entry); err == nil {
			return fmt.Errorf("%q is the id of a key, and anybody can make a key of that id: give the public key itself; lessee key list --json shows it", entry)
		}
		if _, err := publicKey(entry); err != nil {
			return fmt.Errorf("%q: %w", entry, err)
		}
	}
	return nil
}
