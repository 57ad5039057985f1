package author

import (
	"encoding/json"
	"slices"

	"github.com/lessee-run/lessee/abi"
)

// codeUnfit is the code of what would keep a class from running a module at all.
const codeUnfit abi.Code = "class_broken"

// fits says why a class can't run on a module, by its manifest; nil: it can. A
// want of HTTP is no reason here: requests that nobody granted are refused.
func (c Class) fits(manifest *abi.Manifest) *abi.Error {
	if manifest == nil {
		return nil
	}
	wants := manifest.Wants
	wants.HTTP = false
	if denied := c.Grants.Denied(wants); denied != "" {
		return abi.Errorf(codeUnfit, "%s", denied)
	}
	config := c.Config
	if len(config) == 0 {
		config = json.RawMessage("{}") // as a row has it
	}
	if wrong := violations(manifest.Schemas.Config, config); wrong != "" {
		return abi.Errorf(codeUnfit, "the config breaks the schema of the module: %s", wrong)
	}
	return nil
}

// takes says why the database would refuse a payload at enqueue; nil: it takes it.
func (c Class) takes(manifest *abi.Manifest, payload json.RawMessage) *abi.Error {
	if n := int64(len(payload)); n > c.Limits.InputBytes {
		return abi.Errorf(abi.CodeLimitInput, "the payload has %d bytes, class %s takes at most %d (input_bytes)", n, c.Name, c.Limits.InputBytes)
	}
	if wrong := violations(c.PayloadSchema, payload); wrong != "" {
		return abi.Errorf(abi.CodePayloadInvalid, "the payload breaks the schema of class %s: %s", c.Name, wrong)
	}
	if manifest == nil {
		return nil
	}
	if wrong := violations(manifest.Schemas.Payload, payload); wrong != "" {
		return abi.Errorf(abi.CodePayloadInvalid, "the payload breaks the schema of the module, which runs class %s: %s", c.Name, wrong)
	}
	return nil
}

// commits says why the database would not commit a result; nil: it would, as
// far as can be known without it.
func (c Class) commits(manifest *abi.Manifest, r abi.Result) *abi.Error {
	for _, command := range r.Commands {
		if why := c.mayNot(manifest, "run command", command.Name, "commands", c.Grants.Commands); why != nil {
			return why
		}
	}
	for _, followUp := range r.Enqueue {
		if why := c.mayNot(manifest, "enqueue class", followUp.Class, "classes", c.Grants.Classes); why != nil {
			return why
		}
	}
	for _, event := range r.Events {
		if why := c.mayNot(manifest, "emit event", event.Type, "events", c.Grants.Events); why != nil {
			return why
		}
	}
	if r.Status != abi.StatusOK {
		return nil
	}
	if wrong := violations(c.ResultSchema, r.Output); wrong != "" {
		return abi.Errorf(abi.CodeResultSchema, "the output breaks the result schema of class %s: %s", c.Name, wrong)
	}
	if manifest == nil {
		return nil
	}
	if wrong := violations(manifest.Schemas.Output, r.Output); wrong != "" {
		return abi.Errorf(abi.CodeResultSchema, "the output breaks the schema of the module, which made it: %s", wrong)
	}
	return nil
}

// mayNot holds one effect against the grants, and they against the manifest.
func (c Class) mayNot(manifest *abi.Manifest, verb, name, key string, granted []string) *abi.Error {
	wanted := []string{name} // by a module without a manifest
	if manifest != nil {
		wanted = map[string][]string{"commands": manifest.Wants.Commands, "classes": manifest.Wants.Classes, "events": manifest.Wants.Events}[key]
	}
	switch {
	case !slices.Contains(wanted, name):
		return abi.Errorf(abi.CodeNotGranted, "the module does not want to %s %s by its manifest, so no grant of it counts; add it to wants.%s in %s", verb, name, key, ProjectFile)
	case !slices.Contains(granted, name):
		return abi.Errorf(abi.CodeNotGranted, "class %s may not %s %s; add it to grants.%s", c.Name, verb, name, key)
	}
	return nil
}
