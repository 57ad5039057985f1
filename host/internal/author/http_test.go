package author

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/abi"
	"github.com/lessee-run/lessee/registry"
)

const fetching = `package main

import (
	"context"

	"github.com/lessee-run/lessee/sdk"
)

type Input struct{ URL string }

var plugin = sdk.Register(handle, sdk.WantsHTTP())

func main() { plugin.Main() }

func handle(ctx context.Context, in Input) (string, error) {
	r, err := sdk.Fetch(ctx, sdk.Request{URL: in.URL, Credential: "crm"})
	return string(r.Body), err
}
`

// A run sends what the grants allow and nothing else, adds the credentials of
// bindings, and refuses a result that holds one, as a host does.
func TestRun_SendsRequestsUnderTheGrantsOfTheClass(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Key") != "s3cret-value" {
			t.Errorf("the credential that arrives is %q", r.Header.Get("X-Key"))
		}
		fmt.Fprint(w, "well met")
	}))
	defer server.Close()
	t.Setenv("CRM_KEY", "s3cret-value")
	p := newProject(t)
	put(t, p, "main.go", fetching)
	for _, name := range []string{"main_test.go", "tests"} {
		if err := os.RemoveAll(p.Dir + "/" + name); err != nil {
			t.Fatal(err)
		}
	}
	w := workshop(t)
	b, err := Build(t.Context(), w, p, os.Stderr)
	if err != nil || !b.Manifest.Wants.HTTP {
		t.Fatalf("%+v, %v", b, err)
	}
	binary, err := os.ReadFile(b.Path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := w.Load(t.Context(), binary)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close(t.Context()) //nolint:errcheck // the test's own

	payload := json.RawMessage(`{"URL": "` + server.URL + `/hello"}`)
	denied, err := m.Try(t.Context(), ClassOf(m), payload)
	if err != nil || denied.Error == nil || denied.Error.Code != abi.CodeHTTPDenied {
		t.Errorf("without a grant: %+v, %v", denied, err)
	}

	at, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	port, err := strconv.Atoi(at.Port())
	if err != nil {
		t.Fatal(err)
	}
	class := ClassOf(m)
	class.Grants.HTTP = []registry.HTTPGrant{{Scheme: "http", Host: "127.0.0.1", Port: port, Methods: []string{"GET"}, AllowPrivate: registry.PrivateNets{All: true}, Credentials: []string{"crm"}}}
	m.Bind([]registry.SecretBinding{{Name: "crm", Source: registry.SecretEnv, Reference: "CRM_KEY", Hosts: []string{"127.0.0.1"}, Header: "X-Key", Format: "{}", Enabled: true}})
	got, err := m.Try(t.Context(), class, payload)
	if err != nil || got.Status() != "ok" || string(got.Result.Output) != `"well met"` || got.Usage.HTTPCalls != 1 {
		t.Errorf("with a grant: %+v, %v", got, err)
	}
	if !strings.Contains(string(got.Requests), `"status":200`) {
		t.Errorf("the requests are %s", got.Requests)
	}
}
