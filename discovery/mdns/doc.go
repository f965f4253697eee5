// Package mdns finds instances on the local network with multicast DNS
// (RFC 6762) and DNS-SD (RFC 6763), without any configuration.
//
//	lan, err := mdns.New()
//	if err != nil { … } // errors.Is(err, mdns.ErrNoInterface): nothing to find others by
//	defer lan.Close()
//	a, err := lan.Announce(ctx, discovery.Instance{ID: discovery.NewID(), Service: "orders", Endpoints: []string{"tcp://0.0.0.0:5555"}})
//
// # What is on the wire
//
// An instance is <id>._brokerless._tcp.local, its id in 32 hexadecimal digits,
// with PTR, SRV, TXT and the addresses of the link in A and AAAA. A service
// whose name is a label of letters, digits and hyphens is a subtype too
// (_orders._sub._brokerless._tcp.local). What people read is in the TXT record,
// where any UTF-8 is at home: v (version), svc, realm, name, type, host, e0 to e7
// (endpoints), m.<key> (metadata). A value that needs more than one string of 255
// octets goes on in those that follow and begin with "=", which RFC 6763 section
// 6.4 tells others to skip. Without any e key the instance is reached at the
// addresses and the port of its SRV record. The target of SRV is a random name,
// one for each Backend, so that nothing said of it concerns anybody else.
// The TTL is 120 s.
//
// # Manners
//
// Announcements, answers and questions are spread by random delays, a record is
// multicast at most once a second on a link, questions that others have asked
// are not asked again, and nothing is asked while nobody watches. On a link with
// an IPv4 address packets are sent over IPv4, on others over IPv6.
//
// # What is believed
//
// Multicast DNS proves nothing: anybody on the link can say anything. Questions
// and answers from elsewhere are ignored, whatever is kept is bounded, and an
// address is a hint where to dial, never who is there. Loopback addresses count
// only if they were heard by loopback, link-local ones belong to the interface
// they were heard by. What makes no sense is told as a Warning, now and then.
//
// An instance is Removed with ErrLeft when it says goodbye, and with ErrExpired
// when its TTL ran out or three questions in a row, at least 10 s apart, went
// without an answer. While no link is up nothing expires for up to one more TTL:
// a pulled cable says nothing about others.
package mdns
