package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"

	"github.com/brokerless/brokerless/socket"
)

// ventilate sends all items to the workers, in turn. It waits for all of the
// workers first: one that came late would find the others with its share.
func ventilate(ctx context.Context, o options) error {
	push, err := socket.NewPush()
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
