package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/host/internal/worker"
	"github.com/lessee-run/lessee/registry"
)

// workPatience is how long /readyz waits for counters that are due; it is asked
// by who has little time.
const workPatience = 200 * time.Millisecond

// health answers GET /livez (the process serves) and /readyz (it takes jobs),
// the second with 503 and the reasons when it does not; and /metrics.
type health struct {
	host   *Host
	listen net.Listener
	server *http.Server
}

// Health is the body of /readyz.
type Health struct {
	Ready       bool                     `json:"ready"`
	Why         []string                 `json:"why,omitempty"` // why not
	Lease       int64                    `json:"lease"`
	RenewedAgo  string                   `json:"renewed_ago,omitempty"`
	Phase       registry.Phase           `json:"phase"`
	Pooling     string                   `json:"pooling"`   // what the host's connections to Postgres are
	Listening   bool                     `json:"listening"` // NOTIFY reaches the host; else it polls
	Running     int                      `json:"running"`
	Uncommitted int                      `json:"uncommitted"`
	Slots       int                      `json:"slots"`
	Classes     map[string]job.Readiness `json:"classes"`
	Work        []job.Reading            `json:"work,omitempty"`     // what the counters say of the classes,
	WorkAge     string                   `json:"work_age,omitempty"` // so long ago
}

func listenHealth(ctx context.Context, addr string, host *Host) (*health, error) {
	if addr == "" {
		return &health{}, nil
	}
	listen, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("the health endpoint can't listen on %s: %w\n  Give another --health-addr, or an empty one for none", addr, err)
	}
	h := &health{host: host, listen: listen}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /livez", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", h.ready)
	mux.Handle("GET /metrics", host.metrics.Handler())
	h.server = &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	return h, nil
}

func (h *health) serve() {
	if h.server == nil {
		return
	}
	go func() {
		if err := h.server.Serve(h.listen); !errors.Is(err, http.ErrServerClosed) {
			h.host.log.Sugar().Errorf("the health endpoint ended: %v", err)
		}
	}()
}

func (h *health) close() {
	if h.server == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if h.server.Shutdown(ctx) != nil {
		h.server.Close() //nolint:errcheck // nothing is lost with it
	}
}

func (h *health) ready(w http.ResponseWriter, _ *http.Request) {
	body := h.host.Health()
	if seen := h.host.work.Look(workPatience); !seen.At.IsZero() {
		body.Work, body.WorkAge = seen.Readings, time.Since(seen.At).Round(time.Millisecond).String()
	}
	w.Header().Set("Content-Type", "application/json")
	if !body.Ready {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_ = json.NewEncoder(w).Encode(body) // the client is gone, if anything
}

// Health says whether the host takes jobs, and why not.
func (h *Host) Health() Health {
	status, snapshot := h.worker.Status(), h.set.Snapshot()
	body := Health{
		Lease: status.Lease, Phase: snapshot.Settings.Phase, Running: status.Running, Uncommitted: status.Uncommitted,
		Pooling: h.store.Pooling().Describe(), Listening: h.listener.Listening(),
		Slots: h.cfg.Slots, Classes: h.set.Readiness(), Why: whyNot(status, snapshot),
	}
	if !status.RenewedAt.IsZero() {
		body.RenewedAgo = time.Since(status.RenewedAt).Round(time.Millisecond).String()
	}
	body.Ready = len(body.Why) == 0
	return body
}

func whyNot(status worker.Status, snapshot *registry.Snapshot) []string {
	var why []string
	if status.Lease == 0 {
		why = append(why, "no lease")
	}
	if status.Stopping {
		why = append(why, "the host is stopping")
	}
	if status.LastError != "" {
		why = append(why, status.LastError)
	}
	if snapshot.Version == 0 {
		why = append(why, "the registry has not been read yet")
	}
	if phase := snapshot.Settings.Phase; phase != registry.PhaseRunning {
		why = append(why, "queue.runtime.phase is "+string(phase))
	}
	return why
}
