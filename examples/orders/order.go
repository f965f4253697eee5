package main

import (
	"fmt"
	"time"

	"github.com/brokerless/brokerless/codec"
)

// An Order is what a shop sends: a map of six fields in MessagePack.
type Order struct {
	ID       string    `msgpack:"id"` // the shop and a number: "shop/17"
	Item     string    `msgpack:"item"`
	Quantity int       `msgpack:"quantity"`
	Cents    int64     `msgpack:"cents"` // for each
	Placed   time.Time `msgpack:"placed"`
	Note     string    `msgpack:"note,omitempty"`
}

// An Outcome is what became of an order.
type Outcome struct {
	Order  string `msgpack:"order"` // its id, empty if it could not be read
	Worker string `msgpack:"worker,omitempty"`
	Tries  int    `msgpack:"tries,omitempty"`
	Cents  int64  `msgpack:"cents,omitempty"` // the bill
	Dead   string `msgpack:"dead,omitempty"`  // why it was given up; empty if it was handled
}

// The codecs, made once for all messages.
var (
	orders   = codec.MsgPack[Order]()
	outcomes = codec.MsgPack[Outcome]()
)

// What nobody can make, and what fails the first time.
const (
	impossible = "unicorn steak"
	delicate   = "soufflé"
)

// newOrder returns the order of a shop with a number, from 1. Every tenth is
// delicate, every fiftieth impossible.
func newOrder(shop string, number int) Order {
	o := Order{
		ID:       fmt.Sprintf("%s/%d", shop, number),
		Item:     "tea",
		Quantity: 1 + number%3,
		Cents:    250,
		Placed:   time.Now(),
	}
	switch {
	case number%50 == 0:
		o.Item, o.Cents = impossible, 99_00
	case number%10 == 0:
		o.Item, o.Cents = delicate, 11_50
	}
	return o
}
