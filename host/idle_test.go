package host_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/lessee-run/lessee/host"
)

// Every question of a host is a transaction of its own, so the server's count
// of those tells how many an idle host asks.
func TestHost_AsksOnceASecondAtMostWhileNothingHappensHoweverOftenItIsScraped(t *testing.T) {
	t.Parallel()
	for _, notify := range []string{"true", "false"} {
		t.Run("notify "+notify, func(t *testing.T) {
			t.Parallel()
			const settling, window, hosts = 15 * time.Second, 30 * time.Second, 3
			i := install(t)
			i.exec("update lessee.runtime_setting set value = $1::jsonb where name = 'queue.notify.enabled'", notify)
			i.guest(nil)
			addrs := [hosts]string{freeAddr(t)} // the others have no endpoint
			for _, addr := range addrs {
				i.host(func(c *host.Config) { c.Conns, c.HealthAddr = 4, addr })
			}
			go scrape(t.Context(), addrs[0])
			i.awaitState(i.enqueue("guest", `{}`), "succeeded")
			time.Sleep(settling) // what is measured is time itself: looks have grown as far apart as they get
			// Autovacuum's transactions are counted, too. It comes once a minute at most, so one window of two is free of all but a few.
			const autovacuum = 6
			asked := min(i.transactionsIn(window), i.transactionsIn(window))
			if asked > int64(hosts*window.Seconds())+autovacuum {
				t.Errorf("%d idle hosts asked %d times in %s", hosts, asked, window)
			} else {
				t.Logf("%d idle hosts asked %d times in %s", hosts, asked, window)
			}
		})
	}
}

// scrape asks for all that a host tells, several times a second.
func scrape(ctx context.Context, addr string) {
	for n := 0; ctx.Err() == nil; n++ {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+[]string{"/metrics", "/readyz"}[n%2], http.NoBody)
		if err != nil {
			return
		}
		if response, err := http.DefaultClient.Do(request); err == nil {
			response.Body.Close()
		}
		select {
		case <-ctx.Done():
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// transactionsIn counts those of a time that it waits for.
func (i *installation) transactionsIn(window time.Duration) int64 {
	i.t.Helper()
	before := i.transactions()
	time.Sleep(window)
	return i.transactions() - before
}

// transactions is how many there were in this database, as the sessions last reported.
func (i *installation) transactions() int64 {
	i.t.Helper()
	return scan[int64](i, "select xact_commit + xact_rollback from pg_stat_database where datname = current_database()")
}
