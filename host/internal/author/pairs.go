package author

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/lessee-run/lessee/abi"
)

// pairsDir is the folder of a project that holds its pairs.
const pairsDir = "tests"

// Endings of the files of a pair.
const (
	inputEnding    = ".input.json"
	configEnding   = ".config.json"
	expectedEnding = ".expected.json"
)

// Pair is a payload and what is expected of it.
type Pair struct {
	Name     string
	Payload  json.RawMessage
	Config   json.RawMessage // of the class; absent: none
	Expected map[string]any  // parts of a result; nil: there is no such file yet
	file     string          // that holds, or will hold, Expected
}

// Checked is what became of a pair.
type Checked struct {
	Name   string       `json:"name"`
	Passed bool         `json:"passed"`
	Reason string       `json:"reason,omitempty"` // why not, if there is nothing to compare
	Diff   []Difference `json:"diff,omitempty"`
	Usage  abi.Usage    `json:"usage"`
}

// Pairs reads the pairs of a project by name. It may have none.
func (p *Project) Pairs() ([]Pair, error) {
	dir := filepath.Join(p.Dir, pairsDir)
	inputs, err := filepath.Glob(filepath.Join(dir, "*"+inputEnding))
	if err != nil {
		return nil, err
	}
	if err := orphans(dir, inputs); err != nil {
		return nil, err
	}
	pairs := make([]Pair, len(inputs))
	for i, input := range inputs {
		if pairs[i], err = readPair(input); err != nil {
			return nil, err
		}
	}
	return pairs, nil
}

// orphans reports a file that would be passed over: a name is easily misspelt.
func orphans(dir string, inputs []string) error {
	for _, ending := range []string{expectedEnding, configEnding} {
		others, err := filepath.Glob(filepath.Join(dir, "*"+ending))
		if err != nil {
			return err
		}
		for _, other := range others {
			if input := strings.TrimSuffix(other, ending) + inputEnding; !slices.Contains(inputs, input) {
				return fmt.Errorf("%s has no input: write %s, or remove it", other, input)
			}
		}
	}
	return nil
}

func readPair(input string) (Pair, error) {
	stem := strings.TrimSuffix(input, inputEnding)
	pair := Pair{Name: filepath.Base(stem), file: stem + expectedEnding}
	if err := readJSON(input, &pair.Payload); err != nil {
		return Pair{}, err
	}
	if err := readJSON(stem+configEnding, &pair.Config); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Pair{}, err
	}
	if err := readJSON(pair.file, &pair.Expected); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Pair{}, err
	}
	return pair, pair.check()
}

// parts are what an expectation may hold.
func parts() []string { return []string{"status", "output", "error", "events", "enqueue", "commands"} }

// check refuses an expectation that nothing could break.
func (p Pair) check() error {
	for part := range p.Expected {
		if !slices.Contains(parts(), part) {
			return fmt.Errorf("%s: %q is no part of a result: expect any of %s", p.file, part, strings.Join(parts(), ", "))
		}
	}
	if p.Expected != nil && len(p.Expected) == 0 {
		return fmt.Errorf("%s expects nothing: expect any of %s", p.file, strings.Join(parts(), ", "))
	}
	return nil
}

func readJSON(name string, into any) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		return fmt.Errorf("%s is not the JSON that is needed there: %w", name, err)
	}
	return nil
}

// Check runs a pair on m as a job of class, and compares.
func (p Pair) Check(ctx context.Context, m *Module, class Class) (Checked, error) {
	report, err := p.run(ctx, m, class)
	if err != nil {
		return Checked{}, err
	}
	c := Checked{Name: p.Name, Usage: report.Usage}
	if p.Expected == nil {
		c.Reason = "there is no " + filepath.Base(p.file) + ": lessee plugin test --update writes what the plugin answers now"
		return c, nil
	}
	c.Diff = compare(p.Expected, answered(report))
	c.Passed = len(c.Diff) == 0
	return c, nil
}

// Update writes what m answers now as what is expected; false: it was already.
func (p Pair) Update(ctx context.Context, m *Module, class Class) (bool, error) {
	report, err := p.run(ctx, m, class)
	if err != nil {
		return false, err
	}
	got := answered(report)
	if p.Expected != nil && len(compare(p.Expected, got)) == 0 {
		return false, nil
	}
	if got["status"] == string(abi.StatusOK) {
		delete(got, "status")
	}
	if e, ok := got["error"].(map[string]any); ok {
		delete(e, "detail") // stacks change with every build
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(got); err != nil {
		return false, err
	}
	return true, os.WriteFile(p.file, b.Bytes(), 0o644)
}

func (p Pair) run(ctx context.Context, m *Module, class Class) (Report, error) {
	if p.Config != nil {
		class.Config = p.Config
	}
	return m.Try(ctx, class, p.Payload)
}

// answered is a report in the form of an expectation.
func answered(r Report) map[string]any {
	got := map[string]any{"status": r.Status()}
	if r.Result != nil && r.Refused == "" {
		data, _ := abi.EncodeResult(*r.Result) // it was decoded from JSON
		_ = decodeNumbers(data, &got)
	}
	if r.Error != nil {
		var e map[string]any
		data, _ := json.Marshal(r.Error) // a code, a text, and JSON
		_ = decodeNumbers(data, &e)
		got["error"] = e
	}
	delete(got, "retry_after_ms")
	return got
}

func decodeNumbers(data []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return d.Decode(into)
}

// File is that of what is expected.
func (p Pair) File() string { return p.file }
