package sdk

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/abi"
)

func TestTheManifestTellsWhatTheOptionsSay(t *testing.T) {
	type region struct {
		Region string `json:"region"`
	}
	p := New(func(context.Context, region) (any, error) { return nil, nil },
		Named("greet", "1.2.0"), WantsCommands("publish"), WantsCommands("erase"), WantsClasses("notify"), WantsEvents("page.done"), WantsHTTP(),
		WarmUp(region{"eu"}), WarmUp(map[string]int{"n": 1}), ConfigOf[region]())
	var out bytes.Buffer
	if err := p.answer(t.Context(), []string{"-manifest"}, &out); err != nil {
		t.Fatal(err)
	}
	schema := `{"properties":{"region":{"type":"string"}},"required":["region"],"type":"object"}`
	want := `{"name":"greet","version":"1.2.0","abi":1,"wants":{"classes":["notify"],"commands":["publish","erase"],"events":["page.done"],"http":true},` +
		`"schemas":{"payload":` + schema + `,"config":` + schema + `},"warm_up":[{"region":"eu"},{"n":1}]}`
	var got bytes.Buffer
	if err := json.Compact(&got, out.Bytes()); err != nil || strings.TrimSpace(got.String()) != want {
		t.Errorf("%v\ngot  %s\nwant %s", err, got.String(), want)
	}
	if m, err := abi.DecodeManifest(out.Bytes()); err != nil || m.Name != p.Manifest().Name {
		t.Errorf("a host reads %+v, %v", m, err)
	}
}

func TestAPlainPluginHasAManifestToo(t *testing.T) {
	m := New(func(context.Context, any) (json.RawMessage, error) { return nil, nil }).Manifest()
	if encoded, _ := json.Marshal(m); string(encoded) != `{"abi":1,"wants":{},"schemas":{}}` {
		t.Errorf("%s", encoded)
	}
}

func TestAWarmUpThatDoesNotEncodeIsSaidWhenTheManifestIsAskedFor(t *testing.T) {
	p := New(func(context.Context, any) (any, error) { return nil, nil }, WarmUp(func() {}), WarmUp(1))
	if err := p.writeManifest(&bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), "sdk.WarmUp, a func(), does not encode") {
		t.Errorf("%v", err)
	}
	if m := p.Manifest(); len(m.WarmUp) != 1 {
		t.Errorf("%s", m.WarmUp)
	}
}
