package bench

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/lessee-run/lessee/host/internal/job"
	"github.com/lessee-run/lessee/host/internal/postgres"
	"github.com/lessee-run/lessee/host/internal/wasm"
	"github.com/lessee-run/lessee/host/internal/worker"
)

// observed is a store that tells when results were committed.
type observed struct {
	*postgres.Store
	committed func(id int64, at time.Time)
}

func (o observed) Commit(ctx context.Context, lease int64, outcomes []job.Outcome, timeout time.Duration) ([]job.Verdict, error) {
	verdicts, err := o.Store.Commit(ctx, lease, outcomes, timeout)
	at := time.Now()
	for _, v := range verdicts {
		if v.Verdict != job.Stale {
			o.committed(v.JobID, at)
		}
	}
	return verdicts, err
}

// hostApplication begins the names of the hosts' connections in pg_stat_activity.
const hostApplication = "lessee host "

// engineRoom is what the hosts of a measurement run jobs in.
type engineRoom struct {
	engine  *wasm.Engine
	sandbox *wasm.Module // nil: no sandbox
}

// prepare makes ready what takes its time once, and not for every job.
func (s *site) prepare(ctx context.Context) (room engineRoom, err error) {
	if room.engine, err = wasm.New(ctx, wasm.Config{}); err != nil {
		return room, fmt.Errorf("start the WASM engine: %w", err)
	}
	if s.cfg.Executor == ExecutorWASM {
		if room.sandbox, err = s.admit(ctx, room.engine); err != nil {
			return room, errors.Join(err, room.engine.Close(ctx))
		}
	}
	return room, nil
}

// start prepares and opens.
func (s *site) start(ctx context.Context, committed func(id int64, at time.Time), log *zap.Logger) (stop func(), err error) {
	room, err := s.prepare(ctx)
	if err != nil {
		return nil, err
	}
	return s.open(ctx, room, committed, log)
}

// open sets the hosts of a measurement going, until stop is called. committed
// is told of every result that the database took.
func (s *site) open(ctx context.Context, room engineRoom, committed func(id int64, at time.Time), log *zap.Logger) (stop func(), err error) {
	running, cancel := context.WithCancel(ctx)
	var hosts sync.WaitGroup
	stop = func() {
		cancel()
		hosts.Wait()
		room.engine.Close(context.WithoutCancel(ctx)) //nolint:errcheck // what it held ends with the measurement
	}
	for n := range s.cfg.Hosts {
		if err := s.startHost(running, &hosts, n, &runner{classes: s.classes, work: s.cfg.Work, sandbox: room.sandbox}, committed, log); err != nil {
			stop()
			return nil, err
		}
	}
	return stop, nil
}

// admit loads the module that the jobs run in.
func (s *site) admit(ctx context.Context, engine *wasm.Engine) (*wasm.Module, error) {
	module := noop()
	if s.cfg.Module != "" {
		var err error
		if module, err = os.ReadFile(s.cfg.Module); err != nil {
			return nil, fmt.Errorf("read the module: %w", err)
		}
	}
	sum := sha256.Sum256(module)
	sandbox, err := engine.Load(ctx, hex.EncodeToString(sum[:]), module, nil)
	if err != nil {
		return nil, fmt.Errorf("admit the module that the jobs run in: %w", err)
	}
	return sandbox, nil
}

func (s *site) startHost(ctx context.Context, running *sync.WaitGroup, n int, r *runner, committed func(int64, time.Time), log *zap.Logger) error {
	name := fmt.Sprintf("bench-%d", s.first+n)
	pool, err := postgres.Connect(ctx, s.cfg.DSN, hostApplication+name, int32(s.cfg.Conns))
	if err != nil {
		return err
	}
	store := postgres.NewStore(pool)
	r.store = store
	if err := r.refresh(ctx); err != nil {
		pool.Close()
		return err
	}
	listener := store.NewListener(log)
	w := worker.New(worker.Config{
		Host: name, Version: "bench", Slots: s.cfg.Slots, Memory: 1 << 50, Grace: 10 * time.Second,
		Commands: 1, Network: network{}, Told: r.told, Listening: listener.Listening,
	}, observed{store, committed}, r, log)
	listening, deaf := context.WithCancel(context.WithoutCancel(ctx))
	running.Go(func() {
		listener.Run(listening, func(n postgres.Notification) {
			if n.Channel == postgres.ChannelWake {
				w.Wake()
			}
		})
	})
	running.Go(func() {
		w.Run(ctx)
		deaf()
		pool.Close()
	})
	return nil
}
