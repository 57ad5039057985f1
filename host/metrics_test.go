package host_test

import (
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/lessee-run/lessee/host"
	"github.com/lessee-run/lessee/host/internal/job"
)

func TestHost_TellsPrometheusWhatItDoesAndWhatThereIsToDo(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.guest(map[string]any{"retry_policy": `{"max_attempts": 1}`})
	addr := freeAddr(t)
	i.host(func(c *host.Config) { c.HealthAddr = addr })
	i.awaitState(i.enqueue("guest", `{}`), job.Succeeded)
	i.awaitState(i.enqueue("guest", `{"fail": "no"}`), job.DeadLettered)
	i.awaitState(i.enqueue("guest", `{"output": 3}`), job.Succeeded)

	status, body := get(t, addr, "/metrics")
	if status != http.StatusOK {
		t.Fatalf("/metrics: %d %s", status, body)
	}
	problems, err := promlint.New(strings.NewReader(body)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	for _, line := range []string{
		`lessee_ready 1`, `lessee_slots 16`, `lessee_claimed_jobs_total{class="guest"} 3`,
		`lessee_class_transitions_total{class="guest",word="enqueue"} 3`, `lessee_class_jobs{class="guest",state="ready"} 0`, `lessee_class_jobs{class="guest",state="dead_lettered"} 1`,
		`lessee_class_oldest_ready_age_seconds{class="guest"} 0`, `lessee_class_counters_failures_total 0`,
		`lessee_guest_memory_bytes 0`, `lessee_build_info{version="test"} 1`,
	} {
		if !strings.Contains(body, "\n"+line+"\n") {
			t.Errorf("/metrics does not say %s", line)
		}
	}
	documented(t, body)

	var health host.Health
	if _, body := get(t, addr, "/readyz"); json.Unmarshal([]byte(body), &health) != nil || len(health.Work) != 1 || health.Work[0].Words["enqueue"] != 3 || health.WorkAge == "" {
		t.Errorf("/readyz: %s", body)
	}
}

// documented holds the names that /metrics gave against the table in the document.
func documented(t *testing.T, body string) {
	t.Helper()
	text, err := os.ReadFile("../docs/operating.md")
	if err != nil {
		t.Fatal(err)
	}
	given, listed := map[string]bool{}, map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (lessee_\w+) `).FindAllStringSubmatch(body, -1) {
		given[m[1]] = true
	}
	for _, m := range regexp.MustCompile("`(lessee_[a-z_]+)[`{]").FindAllStringSubmatch(metricsTable(t, string(text)), -1) {
		listed[m[1]] = true
	}
	for name := range given {
		if !listed[name] {
			t.Errorf("docs/operating.md does not list %s", name)
		}
	}
	for name := range listed {
		if !given[name] {
			t.Errorf("docs/operating.md lists %s, which /metrics does not give", name)
		}
	}
}

func metricsTable(t *testing.T, text string) string {
	t.Helper()
	_, after, found := strings.Cut(text, "\n### Metrics\n")
	if !found {
		t.Fatal("docs/operating.md has no chapter Metrics")
	}
	chapter, _, _ := strings.Cut(after, "\n## ")
	return chapter
}
