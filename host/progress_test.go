package host_test

import (
	"strings"
	"testing"

	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/host/internal/postgres"
)

func TestHost_ShowsTheProgressOfAnAttemptUnderWay(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.guest(map[string]any{"limits": object{"wall_ms": 600_000}})
	i.host(nil)
	id, desk := i.enqueue("guest", `{"sleep_ms": 600000}`), postgres.NewDesk(i.pool)
	await(t, func() bool {
		j, err := desk.Job(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		return j.Progress != nil && j.Progress.Permille == 333 && strings.HasPrefix(j.Progress.Note, "about to sleep")
	}, func() string { return "the job shows no progress" })
	i.exec("select lessee.fn_job_cancel($1, 'seen')", id)
	i.awaitState(id, job.Cancelled)
}
