// Package mesh makes nodes that find each other, stay connected, and exchange
// work, without a broker and without configuration.
//
//	node, err := mesh.Join(ctx, "orders", mesh.WithName("till 7"))
//	if err != nil { … }
//	defer node.Close()
//	node.Serve("price", func(ctx context.Context, r mesh.Request) (socket.Message, error) {
//		return socket.Message{[]byte("42")}, nil
//	})
//	reply, err := node.Call(ctx, "price", []byte("tea"))
//
// # Who is there
//
// Each two nodes have one link, a connection of their ROUTER sockets. Discovery
// only says where to look: whether a peer is there is decided by its link alone,
// by traffic and heartbeats. A peer is Joining while it is connected to, Up once
// it has introduced itself, Suspect when the link is lost or silent, and Gone, for
// a reason that is told, when it has said goodbye or was Suspect for too long.
// [Node.Presence] tells of it as it happens, [Node.History] afterwards.
//
// A peer that is killed is Gone after 8 s, one whose cable is pulled after 16 s;
// a link that is back sooner was never gone ([WithHeartbeat], [WithSuspect]).
//
// # What they say
//
// [Node.Whisper] sends to one peer and [Node.Shout] to a group; [Node.Recv]
// receives both. [Node.Ask] asks a group and gathers the replies. [Node.Call] has
// the least busy instance of a service execute a request. [Node.Leave] takes a
// node out so that no call fails.
//
// # Trust
//
// With [WithRealmKey], a passphrase that all nodes of a realm have, or with
// [WithNodeKeys], a pair of keys for each node and a list of all public ones, every
// link is encrypted and authenticated by CURVE, and who has not the key never
// links, whoever of the two connects: that is told on both sides as [NotLinked].
// What discovery says of a node, its public key included, is a hint, and never
// believed.
//
// Without keys, realms keep apart those who mean well: anybody who reaches a node
// may call it, and may come first with an id that is not his. What a stranger
// sends is bounded, counted in [Stats] and held up by nobody else; who is linked
// already cannot be ousted.
package mesh
