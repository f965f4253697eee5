// Package static is the discovery backend for instances that are written
// down: in the program, or in a file that is read again when it changes.
//
//	orders, err := static.New(static.Endpoints("orders", "PULL", "tcp://a.example:5555", "tcp://b.example:5555")...)
//	if err != nil { … }
//	defer orders.Close()
//	f, err := discovery.Follow(ctx, orders, "orders", push)
//
// [File] reads a list in JSON, of at most 4 MiB:
//
//	[
//	  {"service": "orders", "type": "PULL", "endpoints": ["tcp://a.example:5555"]},
//	  {"service": "orders", "type": "PULL", "endpoints": ["tcp://b.example:5555", "ipc:///run/orders"],
//	   "name": "second", "realm": "plant-2", "metadata": {"zone": "b"}}
//	]
//
// Each entry has a service and endpoints, and may have a name, a realm, a type
// (of socket), a host (as [discovery.Host] returns it), metadata, and an id of
// 32 hexadecimal digits. Without one the id is made from the service and the
// endpoints, so that it is the same each time and on each host, and an entry
// with other endpoints is another instance. Other fields are an error: one
// misspelt would else be lost without a word.
//
// The file is looked at each second. Whether it is written in place or replaced
// by another, what is in force is always a whole list: one that cannot be read,
// or makes no sense, changes nothing and is told to watchers as a Warning that
// names the line.
//
// A list belongs to who wrote it: Announce returns ErrUnsupported.
package static
