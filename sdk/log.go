package sdk

import (
	"bytes"
	"context"
	"log/slog"

	"github.com/lessee-run/lessee/abi"
)

// Logger returns a logger whose lines the host keeps with the attempt. Outside
// an attempt it discards them.
func Logger(ctx context.Context) *slog.Logger {
	if a, ok := attemptFrom(ctx); ok {
		return slog.New(logHandler{sink: a.host})
	}
	return slog.New(slog.DiscardHandler)
}

// logHandler formats a record as one line of text. The host adds the time and
// keeps the level apart, so the line has neither.
type logHandler struct {
	sink abi.Sink
	with []func(slog.Handler) slog.Handler // WithAttrs and WithGroup calls, replayed for each line
}

func (h logHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h logHandler) Handle(ctx context.Context, r slog.Record) error {
	var line bytes.Buffer
	var text slog.Handler = slog.NewTextHandler(&line, &slog.HandlerOptions{Level: slog.LevelDebug - 100, ReplaceAttr: withoutTimeAndLevel})
	for _, with := range h.with {
		text = with(text)
	}
	if err := text.Handle(ctx, r); err != nil {
		return err
	}
	h.sink.Log(levelOf(r.Level), string(bytes.TrimRight(line.Bytes(), "\n")))
	return nil
}

func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return h.and(func(text slog.Handler) slog.Handler { return text.WithAttrs(attrs) })
}

func (h logHandler) WithGroup(name string) slog.Handler {
	return h.and(func(text slog.Handler) slog.Handler { return text.WithGroup(name) })
}

func (h logHandler) and(with func(slog.Handler) slog.Handler) slog.Handler {
	h.with = append(h.with[:len(h.with):len(h.with)], with)
	return h
}

func withoutTimeAndLevel(groups []string, a slog.Attr) slog.Attr {
	if len(groups) == 0 && (a.Key == slog.TimeKey || a.Key == slog.LevelKey) {
		return slog.Attr{}
	}
	return a
}

func levelOf(l slog.Level) abi.Level {
	switch {
	case l < slog.LevelInfo:
		return abi.LevelDebug
	case l < slog.LevelWarn:
		return abi.LevelInfo
	case l < slog.LevelError:
		return abi.LevelWarn
	}
	return abi.LevelError
}
