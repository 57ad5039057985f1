package oci

import (
	"context"
	"encoding/json"
	"fmt"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2/content"
	"oras.land/oras-go/v2/registry/remote"
)

// What is read at most, in bytes, and how many artifacts that refer to a module
// are looked at: the registry is not ours.
const (
	maxManifest  = 4 << 20
	maxModule    = 1 << 30
	maxSignature = 64 << 10
	maxReferrers = 256
)

// Pull fetches the artifact at an address. Every part has the digest that the
// manifest names; whose signatures count is not looked at here.
func Pull(ctx context.Context, address string) (Artifact, error) {
	repository, tag, err := open(address)
	if err != nil {
		return Artifact{}, err
	}
	a, err := pull(ctx, repository, tag)
	if err != nil {
		return Artifact{}, fmt.Errorf("pull %s: %w", address, err)
	}
	return a, nil
}

func pull(ctx context.Context, from *remote.Repository, tag string) (Artifact, error) {
	at, err := from.Resolve(ctx, tag)
	if err != nil {
		return Artifact{}, err
	}
	manifest, err := readManifest(ctx, from, at)
	if err != nil {
		return Artifact{}, err
	}
	layer, err := only(manifest, MediaTypeModule, maxModule)
	if err != nil {
		return Artifact{}, err
	}
	a := Artifact{Name: manifest.Annotations[ocispec.AnnotationTitle], Version: manifest.Annotations[ocispec.AnnotationVersion]}
	if a.Module, err = content.FetchAll(ctx, from, layer); err != nil {
		return Artifact{}, err
	}
	a.Signatures, err = signatures(ctx, from, at)
	return a, err
}

func readManifest(ctx context.Context, from *remote.Repository, at ocispec.Descriptor) (m ocispec.Manifest, err error) {
	if at.MediaType != ocispec.MediaTypeImageManifest {
		return m, fmt.Errorf("it is a %s, not a manifest of one module", at.MediaType)
	}
	if at.Size > maxManifest {
		return m, fmt.Errorf("its manifest has %d bytes, at most %d are read", at.Size, maxManifest)
	}
	data, err := content.FetchAll(ctx, from, at)
	if err != nil {
		return m, err
	}
	return m, json.Unmarshal(data, &m)
}

// only is the one layer of a manifest, which must be of that type.
func only(m ocispec.Manifest, mediaType string, most int64) (ocispec.Descriptor, error) {
	if len(m.Layers) != 1 || m.Layers[0].MediaType != mediaType {
		return ocispec.Descriptor{}, fmt.Errorf("it has %d layers, and must have one of %s: is it a container image?", len(m.Layers), mediaType)
	}
	if size := m.Layers[0].Size; size > most {
		return ocispec.Descriptor{}, fmt.Errorf("its layer has %d bytes, at most %d are read", size, most)
	}
	return m.Layers[0], nil
}

// signatures are those that the registry says refer to the module. Registries
// disagree on what the type of an artifact is, so each manifest is asked.
func signatures(ctx context.Context, from *remote.Repository, subject ocispec.Descriptor) (texts []string, err error) {
	looked := 0
	err = from.Referrers(ctx, subject, "", func(found []ocispec.Descriptor) error {
		for _, at := range found {
			if looked++; looked > maxReferrers {
				return fmt.Errorf("more than %d artifacts refer to it", maxReferrers)
			}
			manifest, err := readManifest(ctx, from, at)
			if err != nil {
				return err
			}
			if manifest.ArtifactType != MediaTypeSignature {
				continue
			}
			layer, err := only(manifest, MediaTypeSignature, maxSignature)
			if err != nil {
				return err
			}
			text, err := content.FetchAll(ctx, from, layer)
			if err != nil {
				return err
			}
			texts = append(texts, string(text))
		}
		return nil
	})
	return texts, err
}
