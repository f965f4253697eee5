package codec_test

import (
	"testing"

	"github.com/brokerless/brokerless/codec"
	"github.com/brokerless/brokerless/socket"
	"github.com/vmihailenco/msgpack/v5"
)

type reading struct {
	ID     int64
	Sensor string
	Value  float64
	Unit   string
	Valid  bool
	Tags   []string
}

var sample = reading{ID: 123456, Sensor: "boiler/3/outlet", Value: 71.25, Unit: "°C", Valid: true, Tags: []string{"north", "hot"}}

// BenchmarkTyped compares a typed pair of ends with msgpack called by hand on
// the same sockets.
func BenchmarkTyped(b *testing.B) {
	pair := func(b *testing.B) (*socket.Push, *socket.Pull) {
		b.Helper()
		push, pull := must(socket.NewPush()), must(socket.NewPull())
		b.Cleanup(func() {
			push.Close()
			pull.Close()
		})
		if err := push.Connect(must(pull.Bind("tcp://127.0.0.1:0"))); err != nil {
			b.Fatal(err)
		}
		if err := push.WaitPeers(bounded(b), 1); err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		b.ResetTimer()
		return push, pull
	}
	ctx := b.Context()
	b.Run("typed", func(b *testing.B) {
		push, pull := pair(b)
		out, in := codec.NewSender(push, codec.MsgPack[reading]()), codec.NewReceiver(pull, codec.MsgPack[reading]())
		go func() {
			for range b.N {
				if err := out.Send(ctx, sample); err != nil {
					b.Error(err)
					return
				}
			}
		}()
		for range b.N {
			if _, err := in.Recv(ctx); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("by hand", func(b *testing.B) {
		push, pull := pair(b)
		go func() {
			for range b.N {
				body, err := msgpack.Marshal(&sample)
				if err == nil {
					err = push.Send(ctx, body)
				}
				if err != nil {
					b.Error(err)
					return
				}
			}
		}()
		for range b.N {
			m, err := pull.Recv(ctx)
			if err != nil {
				b.Fatal(err)
			}
			var v reading
			if err := msgpack.Unmarshal(m[0], &v); err != nil {
				b.Fatal(err)
			}
		}
	})
}
