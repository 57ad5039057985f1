package postgres_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/registry"
)

func TestHTTPGrants_ThatMakeSenseAreTaken(t *testing.T) {
	l := newLaw(t)
	for _, grant := range []string{
		`{"scheme": "https", "host": "api.example.com", "methods": ["GET"]}`,
		`{"scheme": "https", "host": "*.example.com", "port": 8443, "methods": ["GET", "POST"], "path_prefix": "/v1/", "credentials": ["api", "b.2"]}`,
		`{"scheme": "http", "host": "localhost", "methods": ["M-SEARCH"], "allow_private": true, "credentials": ["api"]}`,
		`{"scheme": "http", "host": "127.0.0.1", "port": 1, "methods": ["GET"], "allow_private": ["127.0.0.0/8", "10.0.0.1", "fd00::/8", "::1"], "credentials": []}`,
		`{"scheme": "http", "host": "2001:db8::1", "methods": ["GET"], "allow_private": false}`,
		`{"scheme": "https", "host": "xn--bcher-kva.example", "port": 65535, "methods": ["DELETE"], "path_prefix": "/"}`,
	} {
		if got := ask[*string](l, "select lessee.fn_grants_error(jsonb_build_object('http', jsonb_build_array($1::jsonb)))", grant); got != nil {
			t.Errorf("%s: %s", grant, *got)
		}
		if err := json.Unmarshal([]byte(grant), &registry.HTTPGrant{}); err != nil {
			t.Errorf("%s is taken, and Go can't read it: %v", grant, err)
		}
	}
	want(l, true, "select lessee.fn_grants_error('{}') is null and lessee.fn_grants_error('{\"http\": []}') is null")
}

func TestHTTPGrants_ThatMakeNoSenseAreRefusedWithASentence(t *testing.T) {
	l := newLaw(t)
	with := func(key, value string) string {
		return `{"scheme": "https", "host": "a.example", "methods": ["GET"], "` + key + `": ` + value + `}`
	}
	for grant, text := range map[string]string{
		`1`:                                      "it must be an object",
		`{"host": "a.example"}`:                  "scheme must be",
		with("hosts", `[]`):                      "hosts is unknown",
		with("scheme", `"ftp"`):                  "scheme must be",
		with("host", `null`):                     "a host is",
		with("host", `""`):                       "a host is",
		with("host", `"*"`):                      "is no name",
		with("host", `"*.com"`):                  "too wide",
		with("host", `"A.example"`):              "lower case",
		with("host", `"a.example:443"`):          "is no address",
		with("host", `"a.example/x"`):            "is no name",
		with("host", `"a.example."`):             "is no name",
		with("host", `"bücher.example"`):         "ASCII",
		with("host", `"127.1"`):                  "is no address",
		with("host", `"2130706433"`):             "is no address",
		with("host", `"0x7f.1"`):                 "is no address",
		with("host", `"0177.0.0.1"`):             "is no address",
		with("host", `"1.2.3.256"`):              "is no address",
		with("host", `"10.0.0.0/8"`):             "is no name",
		with("host", `"*.0.0.1"`):                "is no address",
		with("host", `"[::1]"`):                  "is no address",
		with("host", `"fe80::1%eth0"`):           "is no address",
		with("port", `0`):                        "port must be",
		with("port", `65536`):                    "port must be",
		with("port", `"443"`):                    "port must be",
		with("port", `443.0`):                    "port must be",
		with("methods", `[]`):                    "methods must be",
		with("methods", `["get"]`):               "methods must be",
		with("methods", `["TRACE"]`):             "methods must be",
		with("methods", `["CONNECT"]`):           "methods must be",
		with("methods", `"GET"`):                 "methods must be",
		with("methods", `[1]`):                   "methods must be",
		with("path_prefix", `"v1"`):              "path_prefix must",
		with("path_prefix", `"/a/../b"`):         "path_prefix must",
		with("path_prefix", `"/a?b"`):            "path_prefix must",
		with("path_prefix", `"/%2e%2e"`):         "path_prefix must",
		with("allow_private", `"10.0.0.0/8"`):    "allow_private must be",
		with("allow_private", `["10.0.0.0/33"]`): "allow_private holds 10.0.0.0/33",
		with("allow_private", `["10/8"]`):        "allow_private holds",
		with("allow_private", `["localhost"]`):   "allow_private holds",
		with("allow_private", `[null]`):          "allow_private holds",
		with("credentials", `"api"`):             "credentials must be",
		with("credentials", `["API"]`):           "credentials must be",
		`{"scheme": "http", "host": "a.example", "methods": ["GET"], "credentials": ["api"]}`: "plain http",
	} {
		got := ask[*string](l, "select lessee.fn_grants_error(jsonb_build_object('http', jsonb_build_array($1::jsonb)))", grant)
		if got == nil || !strings.HasPrefix(*got, "grants.http[0]: ") || !strings.Contains(*got, text) {
			t.Errorf("%s: %v, want %q", grant, text0(got), text)
		}
	}
	want(l, "grants.http must be an array of at most 100 objects", "select lessee.fn_grants_error('{\"http\": {}}')")
}

func text0(s *string) string {
	if s == nil {
		return "nothing"
	}
	return *s
}

func TestSecretBindings_ThatCanNotWorkAreRefusedWithASentence(t *testing.T) {
	l := newLaw(t)
	row := func(column, value string) string {
		columns := map[string]string{"name": "'api'", "source": "'env'", "reference": "'API_KEY'", "hosts": "'{api.example.com}'", "owner": "'o'", "reason": "'r'"}
		columns[column] = value
		var names, values []string
		for n, v := range columns {
			names, values = append(names, n), append(values, v)
		}
		return "insert into lessee.secret_binding (" + strings.Join(names, ", ") + ") values (" + strings.Join(values, ", ") + ")"
	}
	for sql, text := range map[string]string{
		row("name", "'API'"):                      "secret_binding_name_check",
		row("source", "'vault'"):                  "secret_binding_source_check",
		row("source", "'file'"):                   "absolute path",
		row("reference", "'sk live 1'"):           "the value itself never stands in a row",
		row("reference", "'LESSEE_DSN'"):          "the host's own settings",
		row("hosts", "'{}'"):                      "hosts is empty",
		row("hosts", "'{api.example.com,*.com}'"): "too wide",
		row("header", "'Host'"):                   "can't carry a secret",
		row("header", "E'X\\r\\nY'"):              "can't carry a secret",
		row("format", "'Bearer'"):                 "format must hold",
		row("format", "E'{}\\n'"):                 "format must hold",
		row("owner", "''"):                        "an owner and a reason",
	} {
		l.refused("23514", []string{text}, sql)
	}
	for _, path := range []string{"/proc/self/environ", "/dev/zero", "/sys/x", "relative", "/"} {
		l.refused("23514", []string{"absolute path of a plain file"}, "insert into lessee.secret_binding (name, source, reference, hosts, owner, reason) values ('f', 'file', $1, '{a.example}', 'o', 'r')", path)
	}
}

func TestSecretBindings_StandInTheirSnapshotAndTellHosts(t *testing.T) {
	l := newLaw(t)
	before := ask[int64](l, "select lessee.fn_registry_version()")
	l.exec("insert into lessee.secret_binding (name, source, reference, hosts, owner, reason) values ('api', 'env', 'API_KEY', '{api.example.com,*.example.org}', 'o', 'r')")
	l.exec("insert into lessee.secret_binding (name, source, reference, hosts, header, format, enabled, owner, reason) values ('basic', 'file', '/etc/secret', '{10.0.0.1}', 'X-Key', 'Basic {base64}', false, 'o', 'r')")
	got := strict[[]registry.SecretBinding](t, ask[string](l, "select lessee.fn_secret_snapshot()::text"))
	expected := []registry.SecretBinding{
		{Name: "api", Source: registry.SecretEnv, Reference: "API_KEY", Hosts: []string{"api.example.com", "*.example.org"}, Header: "Authorization", Format: "Bearer {}", Enabled: true},
		{Name: "basic", Source: registry.SecretFile, Reference: "/etc/secret", Hosts: []string{"10.0.0.1"}, Header: "X-Key", Format: "Basic {base64}"},
	}
	a, _ := json.Marshal(got)
	if b, _ := json.Marshal(expected); string(a) != string(b) {
		t.Errorf("got  %s\nwant %s", a, b)
	}
	if after := ask[int64](l, "select lessee.fn_registry_version()"); after <= before {
		t.Errorf("the registry's version went from %d to %d", before, after)
	}
	l.refused("23514", []string{"keeps its name"}, "update lessee.secret_binding set name = 'other' where name = 'api'")
}
