package host_test

import (
	"strings"
	"testing"

	"github.com/lessee-run/lessee/host"
	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/host/internal/postgres"
	"github.com/lessee-run/lessee/host/internal/postgres/postgrestest"
)

// pastBouncer are the tests that go straight to Postgres when all others go
// through PgBouncer (`task test:pgbouncer`), each with the reason.
var pastBouncer = map[string]string{
	"TestHost_GoesOnWithABacklogWhateverElseComes":       "it turns polling off in all but name, so that only a wake-up can find work",
	"TestHost_FindsTheJobWhoeverItOfferedItsMemoryFirst": "it turns polling off in all but name, so that only a wake-up can find work",
}

// goBehind puts a PgBouncer between the server at dsn and all that this test
// asks of it, as host, producer and operator. Without the tag pgbouncer it does nothing.
func (i *installation) goBehind(dsn string) {
	i.t.Helper()
	name, _, _ := strings.Cut(i.t.Name(), "/")
	if !postgrestest.Bounced || pastBouncer[name] != "" {
		return
	}
	through := postgrestest.Behind(i.t, dsn, "test_host")
	pool, err := postgres.Connect(i.t.Context(), through, i.t.Name(), 20)
	if err != nil {
		i.t.Fatal(err)
	}
	i.t.Cleanup(pool.Close)
	i.pool, i.dsn = pool, asLogin(i.t, through, "test_host")
}

func TestHost_SaysHowItReachesPostgres(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.guest(nil)
	want := postgres.PoolingSession
	if postgrestest.Bounced {
		want = postgres.PoolingTransaction
	}
	h, _ := i.host(nil)
	i.awaitState(i.enqueue("guest", `{}`), job.Succeeded)
	await(t, func() bool { return h.Health().Listening == !postgrestest.Bounced }, func() string { return "it says that it listens, or does not" })
	if got := h.Health(); got.Pooling != want.Describe() || !got.Ready {
		t.Errorf("it says of its connections: %q, want %q", got.Pooling, want.Describe())
	}
}

// What is right behind PgBouncer works without one, too.
func TestHost_WorksInTransactionPoolingWhenToldTo(t *testing.T) {
	t.Parallel()
	i := install(t)
	i.guest(nil)
	h, _ := i.host(func(c *host.Config) { c.Pooling = string(postgres.PoolingTransaction) })
	i.awaitState(i.enqueue("guest", `{"output": {"a": [1, "ä"]}}`), job.Succeeded)
	if got := h.Health(); got.Listening || got.Pooling != "transaction pooling: polling, no LISTEN" {
		t.Errorf("it says of its connections: %+v", got)
	}
}
