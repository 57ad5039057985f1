package author

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/registry"
)

// Class is a class row as far as a run depends on it.
type Class struct {
	registry.Class
	PayloadSchema json.RawMessage
	ResultSchema  json.RawMessage
}

// ClassOf is the class that a module runs in when nothing else is said: the
// default limits, and grants for all that its manifest wants. HTTP is the
// exception: only who runs it can say where it may go.
func ClassOf(m *Module) Class {
	c := Class{Class: registry.Class{Name: "plugin", Runtime: registry.RuntimeWASM, ModuleDigest: m.Info.Digest, Enabled: true,
		Limits: abi.DefaultLimits(), Concurrency: 1, Isolation: registry.IsolationJob}}
	if m.Info.Contract == ContractNative {
		c.Runtime, c.Process, c.Containment = registry.RuntimeGoPlugin, registry.DefaultProcess(), registry.ContainmentBest
	}
	if manifest := m.Info.Manifest; manifest != nil {
		if manifest.Name != "" {
			c.Name = manifest.Name
		}
		c.Grants = registry.Grants{Classes: manifest.Wants.Classes, Commands: manifest.Wants.Commands, Events: manifest.Wants.Events}
	}
	return c
}

// Adopt makes c the class that `lessee class show --json` printed.
func (c *Class) Adopt(row []byte) error {
	var r struct {
		Class           string             `json:"class"`
		EffectiveLimits abi.Limits         `json:"effective_limits"`
		Grants          registry.Grants    `json:"grants"`
		Config          json.RawMessage    `json:"config"`
		PayloadSchema   json.RawMessage    `json:"payload_schema"`
		ResultSchema    json.RawMessage    `json:"result_schema"`
		Isolation       registry.Isolation `json:"isolation"`
	}
	if err := json.Unmarshal(row, &r); err != nil {
		return fmt.Errorf("it is no class as lessee class show --json prints it: %w", err)
	}
	if r.Class == "" || r.EffectiveLimits.WallMS == 0 {
		return fmt.Errorf("it is no class as lessee class show --json prints it: class or effective_limits is missing")
	}
	c.Name, c.Limits, c.Grants, c.Config, c.Isolation = r.Class, r.EffectiveLimits, r.Grants, present(r.Config), r.Isolation
	c.PayloadSchema, c.ResultSchema = present(r.PayloadSchema), present(r.ResultSchema)
	return nil
}

// present is data, unless it is JSON's null.
func present(data json.RawMessage) json.RawMessage {
	if bytes.Equal(bytes.TrimSpace(data), []byte("null")) {
		return nil
	}
	return data
}

// SetLimits changes single limits, by their keys in a class row.
func (c *Class) SetLimits(limits map[string]any) error {
	data, err := json.Marshal(limits)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&c.Limits); err != nil {
		return fmt.Errorf("limits: %w; the keys are those that docs/abi.md lists, such as fuel, wall_ms and memory_bytes", err)
	}
	return nil
}
