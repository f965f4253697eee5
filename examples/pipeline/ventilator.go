package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"

	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/transport/tcp"
)

// ventilate sends all items to the workers, in turn. It waits for all of the
// workers first: one that came late would find the others with its share.
func ventilate(ctx context.Context, o options) error {
	// Left to itself, the system takes megabytes for each worker, far above the
	// high-water mark: a worker would have thousands of items before it, whether
	// or not it is the fastest. A small buffer leaves it to PUSH who gets what.
	small := tcp.New(tcp.WithSendBuffer(128 << 10))
	push, err := socket.NewPush(socket.WithTransport(small))
	if err != nil {
		return err
	}
	defer push.Close()
	endpoint, err := push.Bind(o.bind)
	if err != nil {
		return err
	}
	announce("ventilator", endpoint)
	if err := push.WaitPeers(ctx, o.workers); err != nil {
		return err
	}
	item := make([]byte, o.size)
	rand.Read(item)
	for number := range o.items {
		binary.BigEndian.PutUint64(item, uint64(number))
		if err := push.Send(ctx, item); err != nil { // waits while all workers are busy
			return err
		}
	}
	return push.Shutdown(ctx) // takes as long as the workers do
}
