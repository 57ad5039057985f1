package host_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/lessee-run/lessee/host"
	"github.com/lessee-run/lessee/host/internal/job"
)

func TestHost_TellsOverHTTPWhetherItIsReadyAndWhyNot(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.guest(nil)
	addr := freeAddr(t)
	i.host(func(c *host.Config) { c.HealthAddr = addr })
	i.awaitState(i.enqueue("guest", `{}`), job.Succeeded)
	if status, body := get(t, addr, "/livez"); status != http.StatusOK || strings.TrimSpace(body) != "ok" {
		t.Errorf("/livez: %d %s", status, body)
	}
	status, body := get(t, addr, "/readyz")
	var health host.Health
	if err := json.Unmarshal([]byte(body), &health); err != nil || status != http.StatusOK || !health.Ready || !health.Classes["guest"].Ready {
		t.Errorf("/readyz: %d %s, %v", status, body, err)
	}
	i.exec(`update lessee.runtime_setting set value = '"draining"' where name = 'queue.runtime.phase'`)
	await(t, func() bool { status, body = get(t, addr, "/readyz"); return status == http.StatusServiceUnavailable }, func() string { return body })
	if !strings.Contains(body, "queue.runtime.phase is draining") {
		t.Errorf("why not: %s", body)
	}
}

func TestHost_RefusesAHealthAddressThatIsTaken(t *testing.T) {
	t.Parallel()
	i := install(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	cfg := testConfig(i.dsn, "x", i.cache)
	cfg.HealthAddr = listener.Addr().String()
	if _, err := host.New(t.Context(), cfg, "test", jsonLogger()); err == nil || !strings.Contains(err.Error(), "--health-addr") {
		t.Errorf("got %v", err)
	}
}

func freeAddr(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

func get(t *testing.T, addr, path string) (int, string) {
	t.Helper()
	response, err := http.Get("http://" + addr + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}
