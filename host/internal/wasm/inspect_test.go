package wasm

import (
	"strings"
	"testing"

	"github.com/lessee-run/lessee/abi"
)

func good() guest { return guest{version: abi.Version, alloc: 1024} }

func TestInspectTellsTheContract(t *testing.T) {
	info, err := Inspect(good().assemble())
	if err != nil {
		t.Fatal(err)
	}
	if info.Contract != ContractCore || info.MemoryBytes != pageSize || len(info.Digest) != 64 || len(info.Exports) != 4 {
		t.Errorf("got %+v", info)
	}
	command := good()
	command.also = abi.ExportStart
	if info, err = Inspect(command.assemble()); err != nil || info.Contract != ContractCommand {
		t.Errorf("got %+v, %v", info, err)
	}
}

func TestInspectRefusesWithTheReasonAndTheRemedy(t *testing.T) {
	importing := func(s symbol) []byte {
		g := good()
		g.imports = []symbol{s}
		return g.assemble()
	}
	without := good()
	without.without = abi.ExportAlloc
	misshaped := good()
	misshaped.also = abi.ExportReseed
	damaged := good().assemble()
	cases := map[string]struct {
		binary []byte
		want   []string
	}{
		"empty":              {nil, []string{"no WebAssembly", "go build"}},
		"text":               {[]byte("#!/bin/sh\necho"), []string{"no WebAssembly", "23 21 2f 62"}},
		"component":          {[]byte("\x00asm\x0d\x00\x01\x00"), []string{"component", "wasip1"}},
		"future version":     {[]byte("\x00asm\x02\x00\x00\x00"), []string{"version 2"}},
		"empty module":       {[]byte("\x00asm\x01\x00\x00\x00"), []string{"lessee_execute", "-buildmode=c-shared"}},
		"truncated":          {damaged[:len(damaged)-1], []string{"damaged", "middle of a section"}},
		"missing export":     {without.assemble(), []string{"does not export lessee_alloc", "c-shared"}},
		"optional export":    {misshaped.assemble(), []string{"exports lessee_reseed as function ()->()", "(i32 i32)->()"}},
		"foreign import":     {importing(symbol{module: "env", name: "f"}), []string{"imports env.f"}},
		"unknown function":   {importing(symbol{module: abi.ImportModule, name: "teleport"}), []string{"lessee_v1.teleport", "SDK"}},
		"wrong type":         {importing(symbol{module: abi.ImportModule, name: abi.ImportCancelled}), []string{"lessee_v1.cancelled as (i32 i32 i32)->()", "()->(i32)"}},
		"imported memory":    {importing(symbol{module: "env", name: "memory", kind: kindMemory}), []string{"memory env.memory", "only functions"}},
		"unknown value kind": {importing(symbol{module: "env", name: "tag", kind: 9}), []string{"unknown kind 9"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := Inspect(c.binary)
			if err == nil {
				t.Fatal("it was accepted")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q is not in: %v", want, err)
				}
			}
		})
	}
}

func FuzzInspectNeverPanics(f *testing.F) {
	f.Add(good().assemble())
	f.Add([]byte("\x00asm\x0d\x00\x01\x00"))
	f.Add(append(good().assemble(), said(`{"abi":1}`)...))
	f.Fuzz(func(t *testing.T, binary []byte) {
		_, err := Inspect(binary)
		packed, packErr := WithManifest(binary, abi.Manifest{Name: "fuzzed"})
		if err != nil || packErr != nil {
			return
		}
		if info, err := Inspect(packed); err != nil || info.Manifest == nil || info.Manifest.Name != "fuzzed" {
			t.Errorf("packed, it is %+v, %v", info, err)
		}
	})
}
