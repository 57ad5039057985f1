package registry

import (
	"slices"
	"strings"
)

// Snapshot is one reading of the registry. It never changes; a host replaces
// the whole of it when the database says that something changed.
type Snapshot struct {
	Version  int64 // registry_version of the database when it was read
	Settings Settings
	Pending  []string        // digests of modules that no host has admitted yet
	Native   []string        // those of native ones
	Secrets  []SecretBinding // disabled ones too
	classes  map[string]Class
}

// NewSnapshot returns a snapshot of classes, which it copies.
func NewSnapshot(version int64, settings Settings, classes []Class) *Snapshot {
	s := &Snapshot{Version: version, Settings: settings, classes: make(map[string]Class, len(classes))}
	for _, c := range classes {
		s.classes[c.Name] = c
	}
	return s
}

// Resolve returns the class of that name, if it is registered and enabled.
func (s *Snapshot) Resolve(name string) (Class, bool) {
	c, ok := s.classes[name]
	return c, ok && c.Enabled
}

// Enabled lists the enabled classes, sorted by name.
func (s *Snapshot) Enabled() []Class {
	var out []Class
	for _, c := range s.classes {
		if c.Enabled {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b Class) int { return strings.Compare(a.Name, b.Name) })
	return out
}
