package oci

import (
	"context"
	"errors"
	"fmt"
	"time"

	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
	"oras.land/oras-go/v2/errdef"
	"oras.land/oras-go/v2/registry/remote"

	"oras.land/oras-go/v2/content"
)

// Push puts an artifact at an address, and returns the digest that names it
// for good.
func Push(ctx context.Context, address string, a Artifact) (string, error) {
	repository, tag, err := open(address)
	if err != nil {
		return "", err
	}
	manifest, err := pushModule(ctx, repository, a)
	if err != nil {
		return "", fmt.Errorf("push to %s: %w", address, err)
	}
	for _, signature := range a.Signatures {
		if err := pushSignature(ctx, repository, manifest, signature); err != nil {
			return "", fmt.Errorf("push a signature to %s: %w", address, err)
		}
	}
	if err := repository.Tag(ctx, manifest, tag); err != nil { // last: what has the name is whole
		return "", fmt.Errorf("tag %s: %w", address, err)
	}
	return manifest.Digest.String(), nil
}

func pushModule(ctx context.Context, to *remote.Repository, a Artifact) (ocispec.Descriptor, error) {
	config, err := pushBlob(ctx, to, MediaTypeConfig, a.config())
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	layer, err := pushBlob(ctx, to, MediaTypeModule, a.Module)
	if err != nil {
		return ocispec.Descriptor{}, err
	}
	return oras.PackManifest(ctx, to, oras.PackManifestVersion1_1, "", oras.PackManifestOptions{
		ConfigDescriptor: &config, Layers: []ocispec.Descriptor{layer}, ManifestAnnotations: a.annotations()})
}

// pushSignature makes an artifact that refers to the module's.
func pushSignature(ctx context.Context, to *remote.Repository, subject ocispec.Descriptor, text string) error {
	layer, err := pushBlob(ctx, to, MediaTypeSignature, []byte(text))
	if err != nil {
		return err
	}
	_, err = oras.PackManifest(ctx, to, oras.PackManifestVersion1_1, MediaTypeSignature, oras.PackManifestOptions{
		Subject: &subject, Layers: []ocispec.Descriptor{layer},
		ManifestAnnotations: map[string]string{ocispec.AnnotationCreated: created.Format(time.RFC3339)}})
	return err
}

func pushBlob(ctx context.Context, to *remote.Repository, mediaType string, data []byte) (ocispec.Descriptor, error) {
	blob := content.NewDescriptorFromBytes(mediaType, data)
	there, err := to.Exists(ctx, blob)
	if err != nil || there {
		return blob, err
	}
	_, err = oras.PushBytes(ctx, to, mediaType, data)
	if errors.Is(err, errdef.ErrAlreadyExists) {
		err = nil
	}
	return blob, err
}
