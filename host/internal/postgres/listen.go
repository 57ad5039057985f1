package postgres

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"go.uber.org/zap"
)

// Channels that hosts listen on.
const (
	ChannelWake     = "lessee_wake"     // something is ready
	ChannelRegistry = "lessee_registry" // the registry changed
	ChannelCancel   = "lessee_cancel"   // payload: the lease whose host should look
)

// Notification is one NOTIFY. After every reconnect the listener sends one of
// each channel, because whatever came in between is lost.
type Notification struct {
	Channel, Payload string
}

// Listener holds one connection that listens, and makes another when it breaks.
// In transaction pooling it makes none: LISTEN is of a session.
type Listener struct {
	config    *pgx.ConnConfig
	pooling   Pooling
	log       *zap.Logger
	listening atomic.Bool
}

// Listening reports whether notifications arrive.
func (l *Listener) Listening() bool { return l.listening.Load() }

// NewListener returns a listener that connects as the store's pool does.
func (s *Store) NewListener(log *zap.Logger) *Listener {
	return &Listener{config: s.pool.Config().ConnConfig.Copy(), pooling: s.pooling, log: log}
}

// Run calls deliver for every notification until ctx ends, or returns at once
// where none can come. NOTIFY only saves time: everything it tells is also found
// by polling.
func (l *Listener) Run(ctx context.Context, deliver func(Notification)) {
	if l.pooling == PoolingTransaction {
		return
	}
	backoff := 100 * time.Millisecond
	for ctx.Err() == nil {
		started := time.Now()
		err := l.listen(ctx, deliver)
		if ctx.Err() != nil {
			return
		}
		if time.Since(started) > 10*time.Second {
			backoff = 100 * time.Millisecond
		}
		l.log.Warn("the listening connection broke; polling until it is back", zap.Error(err), zap.Duration("retry_in", backoff))
		select {
		case <-ctx.Done():
		case <-time.After(backoff):
		}
		backoff = min(2*backoff, 5*time.Second)
	}
}

func (l *Listener) listen(ctx context.Context, deliver func(Notification)) error {
	conn, err := pgx.ConnectConfig(ctx, l.config)
	if err != nil {
		return translate(err)
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // nothing to save on a connection that only listens
	channels := []string{ChannelWake, ChannelRegistry, ChannelCancel}
	for _, channel := range channels {
		if _, err := conn.Exec(ctx, "listen "+channel); err != nil {
			return translate(err)
		}
	}
	l.listening.Store(true)
	defer l.listening.Store(false)
	for _, channel := range channels {
		deliver(Notification{Channel: channel})
	}
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return translate(err)
		}
		deliver(Notification{n.Channel, n.Payload})
	}
}
