package wasm

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/lessee-run/lessee/abi"
)

// maxManifest bounds a manifest, in bytes.
const maxManifest = 1 << 20

// manifest reads what a module says of itself; nil when it says nothing.
func (o *outline) manifest() (*abi.Manifest, error) {
	switch {
	case len(o.manifests) == 0:
		return nil, nil
	case len(o.manifests) > 1:
		return nil, fmt.Errorf("it has %d custom sections %s, and only one can speak for it: build it anew, and pack one manifest into it", len(o.manifests), abi.ManifestSection)
	case len(o.manifests[0]) > maxManifest:
		return nil, fmt.Errorf("its manifest has %d bytes, at most %d are read: shorten its schemas or its warm-up calls", len(o.manifests[0]), maxManifest)
	}
	m, err := abi.DecodeManifest(o.manifests[0])
	if err != nil {
		return nil, fmt.Errorf("custom section %s: %w. Mend the manifest, and pack it into the module again", abi.ManifestSection, err)
	}
	return &m, nil
}

// WithManifest returns the module with m as its manifest, in the place of one
// that it may have. An ABI version of 0 stands for that of this release.
func WithManifest(module []byte, m abi.Manifest) ([]byte, error) {
	if m.ABI == 0 {
		m.ABI = abi.Version
	}
	encoded, err := json.Marshal(m)
	if err == nil {
		_, err = abi.DecodeManifest(encoded)
	}
	if err != nil {
		return nil, fmt.Errorf("encode the manifest: %w", err)
	}
	out, err := withoutManifest(module)
	if err != nil {
		return nil, err
	}
	name := append(binary.AppendUvarint(nil, uint64(len(abi.ManifestSection))), abi.ManifestSection...)
	out = binary.AppendUvarint(append(out, sectionCustom), uint64(len(name)+len(encoded)))
	return append(append(out, name...), encoded...), nil
}

// withoutManifest copies a module but for its manifests.
func withoutManifest(module []byte) ([]byte, error) {
	if err := checkHeader(module); err != nil {
		return nil, err
	}
	out := append([]byte(nil), module[:headerBytes]...)
	r := &reader{data: module[headerBytes:]}
	for len(r.data) > 0 {
		section := r.data
		id := r.byte()
		body := &reader{data: r.bytes(r.u32())}
		if err := errors.Join(r.err, body.err); err != nil {
			return nil, fmt.Errorf("the module is damaged: section %d: %w", id, err)
		}
		if id == sectionCustom && body.name() == abi.ManifestSection {
			continue
		}
		out = append(out, section[:len(section)-len(r.data)]...)
	}
	return out, nil
}
