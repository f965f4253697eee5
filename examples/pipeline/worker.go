package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
	"os"

	"github.com/brokerless/brokerless/socket"
)

// An item starts with its number, in 8 octets, the rest is arbitrary.
const numberSize = 8

// work takes items from the ventilator, solves them, and sends each to the sink
// in three frames: the worker's name, the item, the answer.
func work(ctx context.Context, o options) error {
	pull, err := socket.NewPull()
	if err != nil {
		return err
	}
	defer pull.Close()
	push, err := socket.NewPush()
	if err != nil {
		return err
	}
	defer push.Close()
	if err := push.Connect(o.results); err != nil {
		return err
	}
	if err := pull.Connect(o.connect); err != nil {
		return err
	}
	fmt.Printf("%-10s pid %d\n", o.name, os.Getpid())
	for m, err := range pull.Messages(ctx) {
		if err == nil {
			err = push.Send(ctx, []byte(o.name), m[0], solve(m[0]))
		}
		if ctx.Err() != nil {
			return push.Close() // this is how a worker ends: with nothing left to send
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// zeroBits makes an answer 32 times as hard to find as to check.
const zeroBits = 5

// solve returns the 8 octets that, put behind the item, give it a SHA-256 that
// starts with zeroBits zeros: a little real work.
func solve(item []byte) []byte {
	try := append(append([]byte(nil), item...), make([]byte, 8)...)
	answer := try[len(item):]
	for n := uint64(0); !solved(try); n++ {
		binary.BigEndian.PutUint64(answer, n)
	}
	return answer
}

// solved reports whether an item with the answer behind it is right.
func solved(answered []byte) bool {
	sum := sha256.Sum256(answered)
	return bits.LeadingZeros8(sum[0]) >= zeroBits
}
