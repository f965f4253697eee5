package main

import (
	"github.com/brokerless/brokerless/call"
	"github.com/brokerless/brokerless/codec"
)

// The methods. A key is text, a value octets; what has several parts is a map in
// MessagePack. All of them may be executed twice: that is why they can be tried
// again.
const (
	methodGet    = "kv.get"    // key -> value, or NotFound
	methodPut    = "kv.put"    // Entry -> nothing
	methodDelete = "kv.delete" // key -> nothing, whether it was there or not
	methodList   = "kv.list"   // Range -> a stream of Entry, in the order of their keys
)

// An Entry is a key with its value.
type Entry struct {
	Key   string `msgpack:"key"`
	Value []byte `msgpack:"value"`
}

// A Range is the keys that begin with a prefix and come after another key.
type Range struct {
	Prefix string `msgpack:"prefix"`
	After  string `msgpack:"after,omitempty"`
}

// The codecs, made once for all calls.
var (
	keys    = codec.Text()
	values  = codec.Bytes()
	nothing = codec.Bytes() // of length 0
	entries = codec.MsgPack[Entry]()
	ranges  = codec.MsgPack[Range]()
)

// callers are the methods as a client has them.
type callers struct {
	get    *call.Caller[string, []byte]
	put    *call.Caller[Entry, []byte]
	delete *call.Caller[string, []byte]
	list   *call.Caller[Range, Entry]
}

func newCallers(c *call.Client) callers {
	again := []call.CallOption{
		call.Idempotent(),
		call.WithRetry(call.Retry{Tries: -1}), // for as long as the context allows
	}
	return callers{
		get:    call.NewCaller(c, methodGet, keys, values, again...),
		put:    call.NewCaller(c, methodPut, entries, nothing, again...),
		delete: call.NewCaller(c, methodDelete, keys, nothing, again...),
		list:   call.NewCaller(c, methodList, ranges, entries, again...),
	}
}
