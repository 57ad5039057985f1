package signature

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"aead.dev/minisign"

	"github.com/lessee-run/lessee/registry"
)

// Generate makes a pair of keys: the texts of minisign's two files. With a
// password the secret one is encrypted under a key derived from it, which takes
// seconds and 1 GiB of memory, as does opening it: so it does for who guesses.
func Generate(password string) (secret, public []byte, err error) {
	publicKey, secretKey, err := minisign.GenerateKey(nil)
	if err != nil {
		return nil, nil, err
	}
	if password == "" {
		secret, err = secretKey.MarshalText()
	} else {
		secret, err = minisign.EncryptKey(password, secretKey)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("encode the secret key: %w", err)
	}
	if public, err = publicKey.MarshalText(); err != nil {
		return nil, nil, fmt.Errorf("encode the public key: %w", err)
	}
	return append(secret, '\n'), append(public, '\n'), nil
}

// Protected reports whether a secret key needs its password to be opened.
func Protected(secret []byte) bool { return minisign.IsEncrypted(bytes.TrimSpace(secret)) }

// Signer is a secret key, ready to sign.
type Signer struct {
	key minisign.PrivateKey
}

// Open reads the text of a secret key's file. The password is needed, and
// looked at, only if it is [Protected].
func Open(secret []byte, password string) (Signer, error) {
	secret = bytes.TrimSpace(secret)
	var s Signer
	if !Protected(secret) {
		if err := s.key.UnmarshalText(secret); err != nil {
			return s, fmt.Errorf("it is no secret key of minisign; lessee key generate makes one: %w", err)
		}
		return s, nil
	}
	var err error
	if s.key, err = minisign.DecryptKey(password, secret); err != nil {
		return s, errors.New("the password is wrong, or the file is damaged")
	}
	return s, nil
}

// KeyID is the id of the key.
func (s Signer) KeyID() string { return formatID(s.key.ID()) }

// Sign signs data. The signature says, and vouches for, when that was and what
// the bytes were called; nothing depends on either.
func (s Signer) Sign(data []byte, name string, at time.Time) (registry.ModuleSignature, error) {
	reader := minisign.NewReader(bytes.NewReader(data)) // signs the hash, as minisign has done since 0.10
	if _, err := io.Copy(io.Discard, reader); err != nil {
		return registry.ModuleSignature{}, fmt.Errorf("hash the module: %w", err)
	}
	comment := fmt.Sprintf("timestamp:%d\tfile:%s\thashed", at.Unix(), strings.Map(printable, name))
	text := reader.SignWithComments(s.key, comment, "signature from lessee")
	return registry.ModuleSignature{KeyID: s.KeyID(), Text: string(text)}, nil
}

// printable keeps a name from breaking the lines and fields of a signature.
func printable(r rune) rune {
	if unicode.IsPrint(r) {
		return r
	}
	return '?'
}

// ParseSignature reads the text of a .minisig file.
func ParseSignature(text string) (registry.ModuleSignature, error) {
	var s minisign.Signature
	if err := s.UnmarshalText([]byte(text)); err != nil {
		return registry.ModuleSignature{}, fmt.Errorf("it is no signature of minisign, which has four lines: %w", err)
	}
	return registry.ModuleSignature{KeyID: formatID(s.KeyID), Text: text}, nil
}
