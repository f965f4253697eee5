package socket

import (
	"context"
	"fmt"
	"testing"
	"time"
)

func TestSmoke(t *testing.T) {
	for _, ep := range []string{"tcp://127.0.0.1:0", "ipc://*", "inproc://smoke"} {
		t.Run(ep[:3], func(t *testing.T) {
			ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
			defer cancel()
			pull, _ := NewPull()
			push, _ := NewPush()
			r, err := pull.Bind(ep)
			if err != nil {
				t.Fatal(err)
			}
			if err := push.Connect(r); err != nil {
				t.Fatal(err)
			}
			go func() {
				for i := range 100000 {
					if err := push.Send(ctx, fmt.Appendf(nil, "hello %d", i)); err != nil {
						t.Error(err)
						return
					}
				}
			}()
			for i := range 100000 {
				m, err := pull.Recv(ctx)
				if err != nil {
					t.Fatal(i, err)
				}
				if string(m[0]) != fmt.Sprintf("hello %d", i) {
					t.Fatal(i, m)
				}
			}
			fmt.Printf("%+v\n%+v\n", push.Stats().Out, pull.Stats().In)
			fmt.Println(push.Close(), pull.Close())
		})
	}
}

func BenchmarkPushPull(b *testing.B) {
	for _, ep := range []string{"tcp://127.0.0.1:0", "inproc://smoke"} {
		for _, size := range []int{16, 100, 1024, 65536} {
			b.Run(fmt.Sprint(ep[:3], size), func(b *testing.B) {
				ctx := context.Background()
				pull, _ := NewPull()
				push, _ := NewPush()
				r, _ := pull.Bind(ep)
				push.Connect(r)
				push.WaitPeers(ctx, 1)
				body := make([]byte, size)
				b.ReportAllocs()
				b.SetBytes(int64(size))
				b.ResetTimer()
				go func() {
					for range b.N {
						push.Send(ctx, body)
					}
				}()
				for range b.N {
					pull.Recv(ctx)
				}
				b.StopTimer()
				push.Close()
				pull.Close()
			})
		}
	}
}
