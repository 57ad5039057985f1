package host

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/lessee-run/lessee/host/internal/egress"
	"github.com/lessee-run/lessee/host/internal/executor"
	"github.com/lessee-run/lessee/host/internal/metrics"
	"github.com/lessee-run/lessee/host/internal/postgres"
	"github.com/lessee-run/lessee/host/internal/process"
	"github.com/lessee-run/lessee/host/internal/wasm"
	"github.com/lessee-run/lessee/host/internal/worker"
	"github.com/lessee-run/lessee/registry"
)

// Host is one daemon process.
type Host struct {
	cfg      Config
	log      *zap.Logger
	store    *postgres.Store
	close    func()
	engine   *wasm.Engine
	network  *egress.Network
	version  string
	set      *executor.Set
	watcher  *executor.Watcher
	worker   *worker.Worker
	listener *postgres.Listener
	work     *metrics.Work
	metrics  *metrics.Metrics
	health   *health

	nativeMu     sync.Mutex
	nativeEngine *process.Engine // nil until a module needs it
}

// New connects, checks that the schema is this version's, and wires a host
// that has not started. version is the binary's. The error is for a person:
// what, why, and what to do.
func New(ctx context.Context, cfg Config, version string, log *zap.Logger) (*Host, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	pool, err := postgres.Dial(ctx, cfg.DSN, postgres.Pooling(cfg.Pooling), "lessee host "+cfg.Name, int32(cfg.Conns))
	if err != nil {
		return nil, err
	}
	if err := postgres.CheckSchema(ctx, pool); err != nil {
		pool.Close()
		return nil, err
	}
	engine, err := wasm.New(ctx, wasm.Config{CacheDir: cfg.CacheDir, CacheBytes: cfg.CacheBytes, Log: log.Named("wasm")})
	if err != nil {
		pool.Close()
		return nil, fmt.Errorf("start the WASM engine: %w", err)
	}
	h := &Host{cfg: cfg, log: log, store: postgres.NewStore(pool), close: pool.Close, engine: engine, network: egress.NewNetwork(os.LookupEnv), version: version}
	log.Info("connected to Postgres", zap.String("pooling", h.store.Pooling().Describe()))
	h.wire(version)
	if h.health, err = listenHealth(ctx, cfg.HealthAddr, h); err != nil {
		h.engine.Close(ctx) //nolint:errcheck // the first error tells
		pool.Close()
		return nil, err
	}
	return h, nil
}

func (h *Host) wire(version string) {
	launchers := map[registry.Runtime]executor.Launch{
		registry.RuntimeWASM: func(ctx context.Context, digest string, observe func(registry.Stage)) (executor.Executor, error) {
			return h.launchWASM(ctx, digest, observe)
		},
	}
	if runtime.GOOS == "linux" {
		launchers[registry.RuntimeGoPlugin] = h.launchNative
	}
	h.set = executor.New(launchers, h.cfg.bounds(), func() { h.worker.Wake(); h.worker.Look() }, h.log.Named("executor"))
	h.watcher = executor.NewWatcher(source{h.store, h.network}, h.set, h.log.Named("registry"))
	h.listener = h.store.NewListener(h.log.Named("listen"))
	h.work = metrics.NewWork(h.store.Readings)
	h.metrics = metrics.New(h.facts(), h.work)
	h.worker = worker.New(worker.Config{
		Host:    h.cfg.Name,
		Version: version,
		Slots:   h.cfg.Slots,
		Memory:  h.cfg.Memory,
		Grace:   h.cfg.Grace,
		// The others are for the heartbeat, claims, and batches, the sweep and the registry.
		Commands: h.cfg.Conns - 3,
		Told:     h.watcher.Told,
		Network:  network{h.network},

		Listening: h.listener.Listening,
	}, h.metrics.Store(h.store), h.metrics.Runner(h.set), h.log.Named("worker"))
}

// facts is what /metrics asks of the host itself.
func (h *Host) facts() metrics.Host {
	return metrics.Host{
		Version: h.version, Slots: h.cfg.Slots, Memory: h.cfg.Memory,
		Listening:   func() bool { return h.set.Snapshot().Settings.Notify && h.listener.Listening() },
		Used:        func() int { return h.worker.Status().Running },
		Uncommitted: func() int { return h.worker.Status().Uncommitted },
		Ready:       func() bool { return h.Health().Ready },
		RenewedAt:   h.renewedAt,
	}
}

// renewedAt is when the lease was last renewed; zero: there is none.
func (h *Host) renewedAt() time.Time {
	if status := h.worker.Status(); status.Lease != 0 {
		return status.RenewedAt
	}
	return time.Time{}
}

// launchWASM fetches a module by digest and makes it ready to run.
func (h *Host) launchWASM(ctx context.Context, digest string, observe func(registry.Stage)) (*wasm.Module, error) {
	fetched, err := h.store.FetchModule(ctx, digest)
	if err != nil {
		return nil, err
	}
	if fetched.Location != "" {
		if fetched.Bytes, err = os.ReadFile(fetched.Location); err != nil {
			return nil, fmt.Errorf("module %s@%s: %w", fetched.Name, fetched.Version, err)
		}
	}
	if err := h.checkSignature(fetched, observe); err != nil {
		return nil, fmt.Errorf("module %s@%s: %w", fetched.Name, fetched.Version, err)
	}
	started := time.Now()
	module, err := h.engine.Load(ctx, digest, fetched.Bytes, observe)
	if err != nil {
		return nil, fmt.Errorf("module %s@%s: %w", fetched.Name, fetched.Version, err)
	}
	h.log.Info("module ready", zap.String("module", fetched.Name+"@"+fetched.Version), zap.String("sha256", digest), zap.Duration("took", time.Since(started)))
	return module, nil
}

// Run works until ctx ends and then stops in order: no more claims, grace for
// what runs, the rest given back, the lease closed, executors and connections closed.
func (h *Host) Run(ctx context.Context) error {
	defer h.closePool()
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	var loops sync.WaitGroup
	loops.Go(func() { h.watcher.Run(background) })
	loops.Go(func() { h.listener.Run(background, h.deliver) })
	h.health.serve()

	h.worker.Run(ctx)

	h.health.close()
	h.work.Close()
	stop()
	loops.Wait()
	h.set.Close()
	h.closeNative()
	return h.engine.Close(context.WithoutCancel(ctx))
}

// closeTimeout bounds what a driver may do for the sake of order on connections
// that hang.
const closeTimeout = time.Second

func (h *Host) closePool() {
	closed := make(chan struct{})
	go func() { h.close(); close(closed) }()
	select {
	case <-closed:
	case <-time.After(closeTimeout):
		h.log.Warn("Postgres does not answer; its connections end with the process")
	}
}

// Kill ends the grace of a stopping host at once; for the second Ctrl-C.
func (h *Host) Kill() { h.worker.Kill() }

func (h *Host) deliver(n postgres.Notification) {
	switch n.Channel {
	case postgres.ChannelWake:
		h.worker.Wake()
	case postgres.ChannelRegistry:
		h.watcher.Kick()
	case postgres.ChannelCancel:
		if n.Payload == "" || n.Payload == strconv.FormatInt(h.worker.Status().Lease, 10) {
			h.worker.Look()
		}
	}
}
