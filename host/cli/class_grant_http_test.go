package cli

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestHTTPGrants_AreReadAsTheRowHasThem(t *testing.T) {
	for text, want := range map[string]string{
		"GET https://api.example.com":                              `{"scheme":"https","host":"api.example.com","methods":["GET"]}`,
		"get,POST https://api.example.com:8443/v1/ credential=a,b": `{"scheme":"https","host":"api.example.com","port":8443,"methods":["GET","POST"],"path_prefix":"/v1/","credentials":["a","b"]}`,
		"GET http://*.internal/ private":                           `{"scheme":"http","host":"*.internal","methods":["GET"],"allow_private":true}`,
		"GET http://[::1]:80 private=10.0.0.0/8,::1":               `{"scheme":"http","host":"::1","port":80,"methods":["GET"],"allow_private":["10.0.0.0/8","::1/128"]}`,
	} {
		grants, err := httpGrants([]string{text})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got, _ := json.Marshal(grants[0]); string(got) != want {
			t.Errorf("%s:\n got %s\nwant %s", text, got, want)
		}
	}
	for text, says := range map[string]string{
		"GET":                             "METHODS URL",
		"GET api.example.com":             "scheme, host",
		"GET https://u:p@api.example.com": "scheme, host",
		"GET https://api.example.com/?q=": "scheme, host",
		"GET https://a.b secret=c":        `"secret=c" is neither`,
		"GET https://a.b private=nowhere": "nowhere",
	} {
		if _, err := httpGrants([]string{text}); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", text, err, says)
		}
	}
	if grants, err := httpGrants([]string{""}); err != nil || len(grants) != 0 {
		t.Errorf("none: %v, %v", grants, err)
	}
}
