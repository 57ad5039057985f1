package oci

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"oras.land/oras-go/v2/registry/remote"
	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/credentials"
	"oras.land/oras-go/v2/registry/remote/retry"
)

// Scheme begins the addresses of this package: oci://registry/repository:tag.
const Scheme = "oci://"

// IsAddress reports whether text is meant as an address of a registry.
func IsAddress(text string) bool { return strings.HasPrefix(text, Scheme) }

// open finds the repository of an address. Logins are those of `docker login`;
// plain HTTP is for registries on this machine only.
func open(address string) (*remote.Repository, string, error) {
	repository, err := remote.NewRepository(strings.TrimPrefix(address, Scheme))
	if err != nil {
		return nil, "", fmt.Errorf("%s is no address of a module: it must be %sregistry/repository:tag: %w", address, Scheme, err)
	}
	if repository.Reference.Reference == "" {
		return nil, "", fmt.Errorf("%s has no tag: give one, as %s:1.0.0", address, address)
	}
	client := &auth.Client{Client: retry.DefaultClient, Cache: auth.NewCache()}
	client.SetUserAgent("lessee")
	if store, err := credentials.NewStoreFromDocker(credentials.StoreOptions{}); err == nil {
		client.Credential = credentials.Credential(store)
	}
	repository.Client, repository.PlainHTTP = client, loopback(repository.Reference.Registry)
	return repository, repository.Reference.Reference, nil
}

// loopback reports whether a registry's host is this machine.
func loopback(registry string) bool {
	host := (&url.URL{Host: registry}).Hostname()
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}
