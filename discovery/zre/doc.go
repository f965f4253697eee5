// Package zre joins a ring of ZRE nodes (RFC 36, version 2), such as those that
// Zyre makes in C, and its ports to other languages.
//
//	node, err := zre.Join(ctx, zre.WithName("till 7"), zre.WithHeader("X-ROLE", "till"))
//	if err != nil { … }
//	defer node.Close()
//	node.JoinGroup("CHAT")
//	for e := range node.Events(ctx) {
//		switch e.Kind {
//		case zre.Entered:
//			node.Whisper(ctx, e.ID, []byte("welcome"))
//		case zre.Shouted:
//			fmt.Printf("%s: %s\n", e.Name, e.Frames[0])
//		}
//	}
//
// Nodes find each other within about a second by UDP beacons, broadcast on the
// links of the host, or sent to addresses ([WithBeaconTo]) where nothing is
// broadcast. Where all nodes are written in Go, package mesh does more: it
// authenticates, answers calls, and tells of a crash sooner.
//
// # Who is there
//
// A peer has Entered when it has said HELLO, and Exited for a [Reason] that is
// told. Silence is no reason for 30 s, and nobody is told of a shorter one: a
// peer that is not heard for 5 s is asked by PING ([WithSilence]). A peer that
// comes back, at another address or port, with the same UUID or another one, is
// let in at its first beacon or HELLO, and so is one that lost its network.
//
// # What is lost
//
// Messages between two nodes carry a sequence. When one is missing the receiver
// drops the sender, who Exited as OutOfSequence and enters again at its next
// beacon: so what is lost is never lost unseen. A program that does not read its
// events holds up the senders; see [Node.Next]. A peer that takes nothing holds up
// whoever sends to it for as long as it may be silent, and nobody else; see
// [Node.Whisper].
//
// # Trust
//
// ZRE version 2 knows no keys, and nothing is encrypted: whoever reaches the
// ports is in, and may take the UUID of another. A beacon is a hint from
// strangers. It is believed only if it comes from a link of the host, of a peer
// whose connection is down or which is where it was; a goodbye only from where
// the peer is; and the address of a HELLO is the one it came from. What peers may
// cost is bounded ([WithMaxPeers] and the others), and what was not believed is
// counted in [Stats].
package zre
