package socket

import "bytes"

type (
	// HelloOption fits ROUTER, DEALER, CLIENT, SERVER and PEER.
	HelloOption interface {
		RouterOption
		DealerOption
		ClientOption
		ServerOption
		PeerOption
	}

	// DisconnectOption fits ROUTER, SERVER and PEER.
	DisconnectOption interface {
		RouterOption
		ServerOption
		PeerOption
	}

	// HiccupOption fits DEALER, CLIENT and PEER.
	HiccupOption interface {
		DealerOption
		ClientOption
		PeerOption
	}
)

type helloOption func(*config)

func (o helloOption) forRouter(c *config) { o(c) }
func (o helloOption) forDealer(c *config) { o(c) }
func (o helloOption) forClient(c *config) { o(c) }
func (o helloOption) forServer(c *config) { o(c) }
func (o helloOption) forPeer(c *config)   { o(c) }

type disconnectOption func(*config)

func (o disconnectOption) forRouter(c *config) { o(c) }
func (o disconnectOption) forServer(c *config) { o(c) }
func (o disconnectOption) forPeer(c *config)   { o(c) }

type hiccupOption func(*config)

func (o hiccupOption) forDealer(c *config) { o(c) }
func (o hiccupOption) forClient(c *config) { o(c) }
func (o hiccupOption) forPeer(c *config)   { o(c) }

// WithHelloMessage sends a message of one frame to each new peer, before anything
// else that it is sent, and again on each new connection (ZMQ_HELLO_MSG, CS-05).
// High-water marks do not hold it up. An empty body sends none, which is the
// default. It does not go together with WithConflate.
func WithHelloMessage(body []byte) HelloOption {
	body = bytes.Clone(body)
	return helloOption(func(c *config) { c.hello = body })
}

// WithDisconnectMessage has the application receive a message of one frame, as
// if from the peer, behind the last that this one has sent, when an accepted peer
// has left, for whatever reason (ZMQ_DISCONNECT_MSG, CS-05). By then sending to
// the peer is ErrNoRoute. The message takes no place in the receive queue, so it
// is not lost when that is full; while WithMaxBuffered is reached by what peers
// that are gone have left, newcomers are not read from. There is none for a peer
// whose identity another one has taken over (WithHandover), nor when the socket is
// closed. Unlike libzmq's it comes after Unbind and DisconnectPeer, too. An empty
// body has none delivered, which is the default.
func WithDisconnectMessage(body []byte) DisconnectOption {
	body = bytes.Clone(body)
	return disconnectOption(func(c *config) { c.farewell = body })
}

// WithHiccupMessage has the application receive a message of one frame, as if
// from the peer, behind the last that came over a connection which Connect made,
// and which is lost and being made again (ZMQ_HICCUP_MSG). There is none after
// Disconnect. An empty body has none delivered, which is the default.
func WithHiccupMessage(body []byte) HiccupOption {
	body = bytes.Clone(body)
	return hiccupOption(func(c *config) { c.hiccup = body })
}
