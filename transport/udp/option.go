package udp

// Option sets something about a [Transport]. Options apply in order, the last of a kind wins.
type Option func(*Transport)

// WithMulticastHops sets how many networks a multicast datagram crosses (ZMQ_MULTICAST_HOPS): it is the TTL of IPv4 and
// the hop limit of IPv6, 0 to 255. The default is 1, the local network; 0 keeps it on this host. Other values make
// dialing and listening fail.
func WithMulticastHops(hops int) Option {
	return func(t *Transport) { t.hops = hops }
}

// WithMulticastLoop says whether multicast datagrams that are sent here are received here too (ZMQ_MULTICAST_LOOP). The
// default is true. On most systems it is the sender that decides, on Windows the receiver.
func WithMulticastLoop(on bool) Option {
	return func(t *Transport) { t.loop = on }
}

// WithInterface names the interface, or one of its addresses, by which multicast datagrams leave, and on which groups
// are joined, where the endpoint does not name one. By default the system chooses.
func WithInterface(name string) Option {
	return func(t *Transport) { t.iface = name }
}

// WithDevice keeps all traffic to one interface (ZMQ_BINDTODEVICE), whatever the routes say. Only Linux has that, and
// may ask for privileges; elsewhere dialing and listening fail with errors.ErrUnsupported.
func WithDevice(name string) Option {
	return func(t *Transport) { t.device = name }
}

// WithReceiveBuffer asks the kernel for a receive buffer (SO_RCVBUF) of that many octets. Datagrams that do not fit are
// lost. The kernel may round or cap it. Default, and for 0 or less: the operating system's.
func WithReceiveBuffer(octets int) Option {
	return func(t *Transport) { t.receiveBuffer = octets }
}

// WithSendBuffer asks the kernel for a send buffer (SO_SNDBUF) of that many octets. The kernel may round or cap it.
// Default, and for 0 or less: the operating system's.
func WithSendBuffer(octets int) Option {
	return func(t *Transport) { t.sendBuffer = octets }
}
