// Package dnssrv is the discovery backend that asks the DNS, as in a cluster
// that keeps names for its services.
//
// By SRV records each target and port is an instance, with its addresses as
// endpoints and with priority and weight in its metadata:
//
//	orders, err := dnssrv.New("_orders._tcp.orders.svc.cluster.local")
//
// With [WithPort] each A and AAAA record of the name is an instance, as with a
// headless service:
//
//	orders, err := dnssrv.New("orders.default.svc", dnssrv.WithPort(5555))
//	if err != nil { … }
//	defer orders.Close()
//	f, err := discovery.Follow(ctx, orders, "orders", push)
//
// The servers, the search list and ndots are those of /etc/resolv.conf, which
// is read again for each round, unless [WithServer] names servers. A name is
// first looked for where it was last found, then along the search list.
//
// A round of questions follows when the answers' time to live has run out, at
// least 1 s and at most 30 s later (see [WithMaxAge]), and at most 5 s later while
// there is nobody. That a name does not exist means that there are no instances.
// An answer that does not come, or is an error of the server, means nothing:
// what was known stays, watchers get one Warning until the next good answer,
// and the next attempt waits longer each time.
//
// IDs are made from the name, the target or address, and the port, so that they
// are the same each time and on each host. What cannot be an instance (port 0,
// the target ".", addresses that are nobody's) is left out and told as a
// Warning, once as long as it stays. Addresses of the loopback interface are
// taken: who names a server says whom to trust.
//
// A zone belongs to who runs it: Announce returns ErrUnsupported.
package dnssrv
