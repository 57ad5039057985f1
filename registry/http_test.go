package registry

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"testing"
)

func TestHTTPGrant_ReadsAllowPrivateAsTheRowHasIt(t *testing.T) {
	for text, want := range map[string]PrivateNets{
		`{}`:                       {},
		`{"allow_private": false}`: {},
		`{"allow_private": true}`:  {All: true},
		`{"allow_private": ["10.0.0.0/8", "127.0.0.1", "fd00::/8", "::1"]}`: {Nets: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"),
			netip.MustParsePrefix("127.0.0.1/32"), netip.MustParsePrefix("fd00::/8"), netip.MustParsePrefix("::1/128")}},
	} {
		var g, again HTTPGrant
		if err := json.Unmarshal([]byte(text), &g); err != nil || !reflect.DeepEqual(g.AllowPrivate, want) {
			t.Errorf("%s reads as %+v, %v", text, g.AllowPrivate, err)
		}
		data, err := json.Marshal(g)
		if err != nil || json.Unmarshal(data, &again) != nil || !reflect.DeepEqual(g, again) {
			t.Errorf("%s came back as %s, %v", text, data, err)
		}
	}
}

func TestHTTPGrant_RefusesAnAllowPrivateThatMeansNothing(t *testing.T) {
	for _, text := range []string{`"10.0.0.0/8"`, `1`, `["10.0.0.0/33"]`, `["localhost"]`, `["fe80::1%eth0"]`, `[true]`, `{}`} {
		if err := json.Unmarshal([]byte(`{"allow_private": `+text+`}`), &HTTPGrant{}); err == nil {
			t.Errorf("%s was read", text)
		}
	}
}
