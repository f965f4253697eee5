package socket

import "github.com/brokerless/brokerless/transport"

// PacketOption fits the sockets that have endpoints of datagrams: RADIO, DISH
// and DGRAM.
type PacketOption interface {
	RadioOption
	DishOption
	DatagramOption
}

type packetOption func(*config)

func (o packetOption) forRadio(c *config)    { o(c) }
func (o packetOption) forDish(c *config)     { o(c) }
func (o packetOption) forDatagram(c *config) { o(c) }

// WithPacketTransport lets the socket use endpoints of t's scheme for datagrams.
// It may replace the one that is built in, udp, to set its options: multicast hops
// and loop, interface, buffers (package transport/udp).
func WithPacketTransport(t transport.PacketTransport) PacketOption {
	return packetOption(func(c *config) { c.packetsGiven = append(c.packetsGiven, t) })
}
