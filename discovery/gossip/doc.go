// Package gossip is the discovery backend for clusters that span subnets, and
// for networks that carry no multicast. Nodes form a cluster by way of seeds,
// any of its nodes, and spread the word of their instances from node to node.
//
//	b, err := gossip.New(
//		gossip.WithSeeds("seed-1.example:7946", "seed-2.example:7946"),
//		gossip.WithKey(key),
//	)
//	if err != nil { … }
//	defer b.Close()
//	f, err := discovery.Follow(ctx, b, "orders", push)
//
// Membership is that of github.com/hashicorp/memberlist: a SWIM protocol over
// UDP, with TCP for what is large and for whom UDP does not reach. Both use one
// port. A node is probed by the others, and the instances of one that died are
// removed with ErrExpired; Close says goodbye, so that they are removed with
// ErrLeft and at once.
//
// # Seeds
//
// A node without seeds is the first of its cluster. One with seeds tries to
// join them in the background, for ever, and resolves their names anew each
// time: it does not matter who starts first. It also goes on trying to reach
// nodes that it lost, for an hour, and seeds that are not members, so that the
// halves of a split network find each other again. Give all nodes the same two
// or three seeds, and they may themselves be among them.
//
// # Keys
//
// With [WithKey] all that nodes tell each other is encrypted and authenticated
// (AES-GCM). A node without the key is refused, which the Warning ErrKey tells
// it and the others, learns nothing and can say nothing. Without a key, whoever
// reaches the port is a member: he may announce what he likes, and make nodes
// hold as much memory as a large cluster would need. Use a key wherever the
// network is not yours alone.
//
// To replace a key, restart the nodes one by one, three times: with
// WithKeys(old, new), then WithKeys(new, old), then WithKey(new).
//
// # What a node says
//
// The instances of a node are one list with a version. A changed list is
// gossiped in packets of at most 1,200 octets. A node that missed some, as the
// answer to its next probe tells it, asks the list's owner; and now and then
// neighbours compare all they know. This is meant for up to some hundreds of
// instances a node and some thousands in all.
//
// The address of a node is fixed when it starts. If its host moves to another
// one, the others lose it; the program has to start the node anew. Addresses in
// announced endpoints follow by themselves.
package gossip
