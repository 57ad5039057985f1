package oci

import (
	"io"
	"log"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-containerregistry/pkg/registry"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"oras.land/oras-go/v2"
)

// address is one in a registry of this test's own.
func address(t *testing.T, options ...registry.Option) string {
	t.Helper()
	server := httptest.NewServer(registry.New(append(options, registry.Logger(log.New(io.Discard, "", 0)))...))
	t.Cleanup(server.Close)
	t.Setenv("DOCKER_CONFIG", t.TempDir())
	return Scheme + strings.TrimPrefix(server.URL, "http://") + "/team/greet:0.1.0"
}

func TestPullBringsBackWhatPushSent(t *testing.T) {
	for name, options := range map[string][]registry.Option{"with the referrers API": {registry.WithReferrersSupport(true)}, "without it": nil} {
		t.Run(name, func(t *testing.T) {
			at := address(t, options...)
			sent := Artifact{Module: []byte("\x00asm\x01\x00\x00\x00"), Name: "greet", Version: "0.1.0", Signatures: []string{"signed by a", "signed by b"}}
			first, err := Push(t.Context(), at, sent)
			if err != nil {
				t.Fatal(err)
			}
			if again, err := Push(t.Context(), at, sent); err != nil || again != first {
				t.Errorf("the same again is %s, not %s (%v)", again, first, err)
			}
			got, err := Pull(t.Context(), at)
			if err != nil {
				t.Fatal(err)
			}
			if !sameSet(got.Signatures, sent.Signatures) {
				t.Errorf("signatures %q", got.Signatures)
			}
			got.Signatures, sent.Signatures = nil, nil
			if !reflect.DeepEqual(got, sent) {
				t.Errorf("%+v came back as %+v", sent, got)
			}
		})
	}
}

func sameSet(a, b []string) bool {
	count := map[string]int{}
	for i := range a {
		count[a[i]]++
	}
	for i := range b {
		count[b[i]]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}

func TestPushKeepsTheLayoutOfTheCNCF(t *testing.T) {
	at := address(t)
	if _, err := Push(t.Context(), at, Artifact{Module: []byte("module"), Name: "greet", Version: "0.1.0"}); err != nil {
		t.Fatal(err)
	}
	repository, tag, err := open(at)
	if err != nil {
		t.Fatal(err)
	}
	found, err := repository.Resolve(t.Context(), tag)
	if err != nil {
		t.Fatal(err)
	}
	m, err := readManifest(t.Context(), repository, found)
	if err != nil || m.Config.MediaType != "application/vnd.wasm.config.v0+json" || len(m.Layers) != 1 || m.Layers[0].MediaType != "application/wasm" {
		t.Errorf("%+v, %v", m, err)
	}
	_, config, err := oras.FetchBytes(t.Context(), repository.Blobs(), m.Config.Digest.String(), oras.DefaultFetchBytesOptions)
	if err != nil || !strings.Contains(string(config), `"architecture":"wasm","os":"wasip1","layerDigests":["`+m.Layers[0].Digest.String()+`"]`) {
		t.Errorf("%s, %v", config, err)
	}
}

func TestPullRefusesWhatIsNoModule(t *testing.T) {
	at := address(t)
	repository, tag, err := open(at)
	if err != nil {
		t.Fatal(err)
	}
	layer, err := oras.PushBytes(t.Context(), repository, "application/vnd.oci.image.layer.v1.tar", []byte("an image"))
	if err != nil {
		t.Fatal(err)
	}
	image, err := oras.PackManifest(t.Context(), repository, oras.PackManifestVersion1_1, "application/vnd.test", oras.PackManifestOptions{Layers: []ocispec.Descriptor{layer}})
	if err != nil {
		t.Fatal(err)
	}
	if err := repository.Tag(t.Context(), image, tag); err != nil {
		t.Fatal(err)
	}
	if _, err := Pull(t.Context(), at); err == nil || !strings.Contains(err.Error(), "is it a container image?") {
		t.Errorf("%v", err)
	}
}

func TestAnAddressNeedsRepositoryAndTag(t *testing.T) {
	for at, says := range map[string]string{"oci://": "no address of a module", "oci://ghcr.io/me/greet": "has no tag", "oci://ghcr.io": "no address of a module"} {
		if _, err := Pull(t.Context(), at); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", at, err)
		}
	}
}

func TestPlainHTTPIsForThisMachineOnly(t *testing.T) {
	for registry, want := range map[string]bool{"localhost:5000": true, "127.0.0.1:5000": true, "[::1]:5000": true, "ghcr.io": false, "10.0.0.1:5000": false, "localhost.example.com": false} {
		if loopback(registry) != want {
			t.Errorf("%s: plain HTTP is %v", registry, !want)
		}
	}
}
