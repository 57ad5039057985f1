package oci

import (
	"encoding/json"
	"time"

	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
)

// Media types.
const (
	MediaTypeConfig    = "application/vnd.wasm.config.v0+json"
	MediaTypeModule    = "application/wasm"
	MediaTypeSignature = "application/vnd.lessee.signature.v1.minisign" // text of a .minisig file
)

// Artifact is a module and who signed it.
type Artifact struct {
	Module     []byte
	Name       string
	Version    string
	Signatures []string // texts of .minisig files
}

// config is the CNCF's description of a module.
type config struct {
	Created      time.Time       `json:"created"`
	Architecture string          `json:"architecture"`
	OS           string          `json:"os"`
	LayerDigests []digest.Digest `json:"layerDigests"`
}

// created stands in every artifact: the same module is the same artifact.
var created = time.Unix(0, 0).UTC()

func (a Artifact) config() []byte {
	data, _ := json.Marshal(config{created, "wasm", "wasip1", []digest.Digest{digest.FromBytes(a.Module)}}) // texts always encode
	return data
}

func (a Artifact) annotations() map[string]string {
	return map[string]string{
		ocispec.AnnotationCreated: created.Format(time.RFC3339),
		ocispec.AnnotationTitle:   a.Name,
		ocispec.AnnotationVersion: a.Version,
	}
}
