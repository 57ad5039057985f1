package host_test

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/lessee-run/lessee/host"
)

func TestHost_AsksOnceASecondAtMostWhileNothingHappensHoweverOftenItIsScraped(t *testing.T) {
	t.Parallel()
	for _, notify := range []string{"true", "false"} {
		t.Run("notify "+notify, func(t *testing.T) {
			t.Parallel()
			const settling, window, hosts = 15 * time.Second, time.Minute, 3
			i := install(t)
			i.exec("update lessee.runtime_setting set value = $1::jsonb where name = 'queue.notify.enabled'", notify)
			i.guest(nil)
			w, dsn := lay(t, i.dsn)
			addrs := [hosts]string{freeAddr(t)} // the others have no endpoint
			for _, addr := range addrs {
				i.host(func(c *host.Config) { c.DSN, c.Conns, c.HealthAddr = dsn, 4, addr })
			}
			go scrape(t.Context(), addrs[0])
			i.awaitState(i.enqueue("guest", `{}`), "succeeded")
			time.Sleep(settling) // what is measured is time itself: looks have grown as far apart as they get
			before := w.asked.Load()
			time.Sleep(window)
			asked := w.asked.Load() - before
			if asked == 0 || asked > int64(hosts*window.Seconds()) {
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
