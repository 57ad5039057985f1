package cli

import (
	"cmp"
	"context"
	"errors"
	"io/fs"

	"github.com/lessee-run/lessee/host/internal/postgres"
	"github.com/lessee-run/lessee/host/internal/signature"
	"github.com/lessee-run/lessee/registry"
)

// signatureSuffix is what minisign adds to the name of a file for its signature's.
const signatureSuffix = ".minisig"

// readSignature reads the signature of a module's file: the one at path, or the
// one beside it, if it is there.
func readSignature(file, path string) (*registry.ModuleSignature, error) {
	named := cmp.Or(path, file+signatureSuffix)
	text, err := readSmall(named)
	if path == "" && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, refused("read the signature: %w", err)
	}
	s, err := signature.ParseSignature(string(text))
	if err != nil {
		return nil, refused("%s can't be registered: %w\n  Sign anew: lessee module sign %s --key FILE", named, err, file)
	}
	return &s, nil
}

// refuseBroken keeps a signature out that is none of data: its row would be
// there for ever.
func refuseBroken(ctx context.Context, desk *postgres.Desk, data []byte, s registry.ModuleSignature) error {
	keys, err := desk.SigningKeys(ctx)
	if err != nil {
		return err
	}
	if f := signature.Verify(data, []registry.ModuleSignature{s}, keys, nil)[0]; f.Broken() {
		return refused("the signature can't be registered: %s", f)
	}
	return nil
}

// storedFindings verifies the signatures that are stored of a module.
func storedFindings(ctx context.Context, desk *postgres.Desk, m postgres.ModuleRecord, data []byte) ([]signature.Finding, error) {
	signatures, err := desk.Signatures(ctx, m.SHA256)
	if err != nil {
		return nil, err
	}
	keys, err := desk.SigningKeys(ctx)
	if err != nil {
		return nil, err
	}
	return signature.Verify(data, signatures, keys, nil), nil
}
