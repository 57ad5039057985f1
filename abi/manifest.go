package abi

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// ManifestSection is the name of the custom section that holds the manifest of
// a module, as JSON.
const ManifestSection = "lessee.manifest"

// Manifest is what a module says of itself. What it wants is held against what
// the class grants: a want that is not granted is an error of admission, and a
// grant that the module does not want is none.
type Manifest struct {
	Name    string            `json:"name,omitempty"`    // of the plugin
	Version string            `json:"version,omitempty"` // of the plugin
	ABI     int               `json:"abi"`               // version of the contract
	Wants   Wants             `json:"wants"`
	Schemas Schemas           `json:"schemas"`
	WarmUp  []json.RawMessage `json:"warm_up,omitempty"` // payloads to run before the state is kept; their results are dropped
}

// Wants are the grants that a module can't do without. Empty: it does without any.
type Wants struct {
	Classes  []string `json:"classes,omitempty"`  // follow-ups
	Commands []string `json:"commands,omitempty"` // registered functions
	Events   []string `json:"events,omitempty"`   // event types
	HTTP     bool     `json:"http,omitempty"`     // any HTTP at all; the class says where to
}

// Schemas are JSON Schemas of what the handler takes and gives. Absent: anything.
type Schemas struct {
	Payload json.RawMessage `json:"payload,omitempty"`
	Output  json.RawMessage `json:"output,omitempty"`
	Config  json.RawMessage `json:"config,omitempty"`
}

// DecodeManifest reads a manifest. Unknown fields are refused, because a
// misspelt want would be lost in silence.
func DecodeManifest(data []byte) (Manifest, error) {
	var m Manifest
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&m); err != nil {
		return Manifest{}, fmt.Errorf("the manifest is no JSON of the shape that docs/abi.md shows: %w", err)
	}
	if d.More() {
		return Manifest{}, fmt.Errorf("the manifest has something after its JSON value")
	}
	if m.ABI != Version {
		return Manifest{}, fmt.Errorf("the manifest names ABI v%d, this release speaks v%d: set \"abi\": %d, or build with the SDK of that release", m.ABI, Version, Version)
	}
	return m, nil
}
