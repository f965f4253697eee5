package call

import (
	"context"
	"log/slog"
	"time"
)

// Log returns an interceptor for either side that logs each call when it is
// over: at level Debug if it went well or was given up, else at Warn; with its
// method, duration, the other side, and the code and text of its error.
func Log(to *slog.Logger) Interceptor {
	return func(ctx context.Context, info *Info, next func(context.Context) error) error {
		start := time.Now()
		err := next(ctx)
		level := slog.LevelDebug
		attrs := []slog.Attr{slog.String("method", info.Method), slog.Duration("duration", time.Since(start))}
		switch {
		case info.Peer != nil:
			attrs = append(attrs, slog.String("peer", info.Peer.RemoteAddr))
		case info.Server != "":
			attrs = append(attrs, slog.String("server", info.Server))
		}
		if info.Attempts > 1 {
			attrs = append(attrs, slog.Int("attempts", info.Attempts))
		}
		if err != nil {
			code := CodeOf(err)
			if code != Canceled {
				level = slog.LevelWarn
			}
			attrs = append(attrs, slog.String("code", code.String()), slog.Any("error", err))
		}
		to.LogAttrs(ctx, level, "call", attrs...)
		return err
	}
}
