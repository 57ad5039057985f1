package executor

import (
	"context"
	"sync/atomic"
	"time"

	"go.uber.org/zap"

	"github.com/lessee-run/lessee/registry"
)

// Source is where the registry is read from.
type Source interface {
	RegistryVersion(ctx context.Context) (int64, error)
	LoadRegistry(ctx context.Context) (*registry.Snapshot, error)
}

// Watcher keeps a Set at the registry's newest version.
type Watcher struct {
	source Source
	set    *Set
	log    *zap.Logger
	kick   chan struct{}
	told   atomic.Int64  // when somebody last knew the version, in Unix nanoseconds
	turn   chan struct{} // held by who looks: one at a time, so that no older reading follows a newer one
}

// NewWatcher returns a watcher that feeds set from source.
func NewWatcher(source Source, set *Set, log *zap.Logger) *Watcher {
	return &Watcher{source: source, set: set, log: log, kick: make(chan struct{}, 1), turn: make(chan struct{}, 1)}
}

// Kick makes the watcher look now: a NOTIFY came.
func (w *Watcher) Kick() {
	select {
	case w.kick <- struct{}{}:
	default: // it will look anyway
	}
}

// Told makes the watcher read the registry if version is newer than what it has.
func (w *Watcher) Told(ctx context.Context, version int64) error {
	w.told.Store(time.Now().UnixNano())
	if version <= w.set.Snapshot().Version {
		return nil
	}
	return w.Refresh(ctx)
}

// quiet is how often to look if nobody tells of the version: to catch what
// NOTIFY lost. It also paces new tries of modules that failed to launch.
const quiet = 10 * time.Second

// Run follows the registry until ctx ends.
func (w *Watcher) Run(ctx context.Context) {
	for {
		if err := w.look(ctx); err != nil && ctx.Err() == nil {
			w.log.Warn("the registry can't be read; the last reading stays in force", zap.Error(err))
		}
		wait := quiet
		if w.set.Snapshot().Version == 0 {
			wait = time.Second // nothing was ever read
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-w.kick:
			timer.Stop()
			w.told.Store(0)
		case <-timer.C:
		}
	}
}

// look spares the question when somebody has just asked it.
func (w *Watcher) look(ctx context.Context) error {
	if time.Since(time.Unix(0, w.told.Load())) < quiet {
		if err := w.take(ctx); err != nil {
			return err
		}
		defer w.leave()
		w.set.Sync(w.set.Snapshot())
		return nil
	}
	return w.Refresh(ctx)
}

// Refresh reads the registry if it changed. An unchanged one is synced all the
// same, so that modules that failed are tried again.
func (w *Watcher) Refresh(ctx context.Context) error {
	if err := w.take(ctx); err != nil {
		return err
	}
	defer w.leave()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	current := w.set.Snapshot()
	version, err := w.source.RegistryVersion(ctx)
	if err != nil {
		return err
	}
	if version == current.Version {
		w.set.Sync(current)
		return nil
	}
	snapshot, err := w.source.LoadRegistry(ctx)
	if err != nil {
		return err
	}
	w.set.Sync(snapshot)
	return nil
}

// take waits for its turn until ctx ends, and not for as long as another's look
// may hang: a host that stops has less time.
func (w *Watcher) take(ctx context.Context) error {
	select {
	case w.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (w *Watcher) leave() { <-w.turn }
