package socket_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/brokerless/brokerless/socket"
)

// BenchmarkProxy is the throughput from a PUSH to a PULL, straight, through
// Proxy between a PULL and a PUSH, and through a loop with Recv and Send.
func BenchmarkProxy(b *testing.B) {
	loop := func(ctx context.Context, front *socket.Pull, back *socket.Push) {
		for {
			m, err := front.Recv(ctx)
			if err != nil || back.Send(ctx, m...) != nil {
				return
			}
		}
	}
	proxy := func(ctx context.Context, front *socket.Pull, back *socket.Push) {
		_ = socket.Proxy(ctx, front, back)
	}
	for _, way := range benchWays("bench-proxy") {
		if way.name != "tcp" && way.name != "inproc" {
			continue
		}
		for _, size := range benchSizes {
			for _, between := range []struct {
				name string
				run  func(context.Context, *socket.Pull, *socket.Push)
			}{{"straight", nil}, {"proxy", proxy}, {"loop", loop}} {
				b.Run(fmt.Sprintf("%s/%dB/%s", way.name, size, between.name), func(b *testing.B) {
					push := newBench(socket.NewPush(way.security))(b)
					pull := newBench(socket.NewPull(way.security))(b)
					if between.run == nil {
						benchConnect(b, push, pull, way.endpoint)
					} else {
						front := newBench(socket.NewPull(way.security))(b)
						back := newBench(socket.NewPush(way.security))(b)
						benchConnect(b, push, front, way.endpoint)
						end := way.endpoint
						if way.name == "inproc" {
							end += "-back"
						}
						benchConnect(b, back, pull, end)
						ctx, cancel := context.WithCancel(b.Context())
						done := make(chan struct{})
						go func() {
							defer close(done)
							between.run(ctx, front, back)
						}()
						defer func() { cancel(); <-done }()
					}
					body := make([]byte, size)
					b.SetBytes(int64(size))
					b.ReportAllocs()
					b.ResetTimer()
					go func() {
						for range b.N {
							if err := push.Send(b.Context(), body); err != nil {
								b.Error(err)
								return
							}
						}
					}()
					benchReceive(b, pull, b.N)
				})
			}
		}
	}
}
