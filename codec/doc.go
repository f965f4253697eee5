// Package codec gives the sockets types: what is sent is a value, not octets.
//
// A [Codec] turns values of one type into octets and back. [MsgPack] is the one
// to take unless something speaks against it: compact, fast, and read in every
// language. [JSON] is for people and browsers to read, [Text] and [Bytes] for
// what has no structure, [Binary] for types that know their own encoding.
// Package protobuf has Protocol Buffers, package compress wraps any of them.
//
//	out := codec.NewSender(push, codec.MsgPack[Order]())
//	err := out.Send(ctx, Order{ID: 1, Item: "tea"})
//
//	in := codec.NewReceiver(pull, codec.MsgPack[Order]())
//	for order, err := range in.Values(ctx) { … }
//
// What comes from a peer is bounded before it is believed: depth, lengths and
// sizes are checked on the octets, and an error names the type, the field or
// the limit. A message that cannot be decoded is one error, and the socket goes
// on.
package codec
