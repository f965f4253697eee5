package socket

// Options that fit several socket types.
type (
	// Option fits every socket.
	Option interface {
		PushOption
		PullOption
		PubOption
		SubOption
		XPubOption
		XSubOption
		ReqOption
		RepOption
		DealerOption
		RouterOption
		PairOption
		ClientOption
		ServerOption
		RadioOption
		DishOption
		ScatterOption
		GatherOption
		PeerOption
		ChannelOption
		StreamOption
		DatagramOption
	}

	// SendOption fits the sockets that send.
	SendOption interface {
		PushOption
		PubOption
		XPubOption
		XSubOption
		ReqOption
		RepOption
		DealerOption
		RouterOption
		PairOption
		ClientOption
		ServerOption
		RadioOption
		ScatterOption
		PeerOption
		ChannelOption
		StreamOption
		DatagramOption
	}

	// RecvOption fits the sockets that receive.
	RecvOption interface {
		PullOption
		SubOption
		XPubOption
		XSubOption
		ReqOption
		RepOption
		DealerOption
		RouterOption
		PairOption
		ClientOption
		ServerOption
		DishOption
		GatherOption
		PeerOption
		ChannelOption
		StreamOption
		DatagramOption
	}

	// ConflateOption fits PUSH, PULL, PUB, SUB and DEALER (HW-07).
	ConflateOption interface {
		PushOption
		PullOption
		PubOption
		SubOption
		DealerOption
	}

	// IdentityOption fits REQ, REP, DEALER and ROUTER.
	IdentityOption interface {
		ReqOption
		RepOption
		DealerOption
		RouterOption
	}

	// ProbeOption fits REQ, DEALER and ROUTER.
	ProbeOption interface {
		ReqOption
		DealerOption
		RouterOption
	}

	// PublisherOption fits PUB and XPUB.
	PublisherOption interface {
		PubOption
		XPubOption
	}
)

type option func(*config)

func (o option) forPush(c *config)     { o(c) }
func (o option) forPull(c *config)     { o(c) }
func (o option) forPub(c *config)      { o(c) }
func (o option) forSub(c *config)      { o(c) }
func (o option) forXPub(c *config)     { o(c) }
func (o option) forXSub(c *config)     { o(c) }
func (o option) forReq(c *config)      { o(c) }
func (o option) forRep(c *config)      { o(c) }
func (o option) forDealer(c *config)   { o(c) }
func (o option) forRouter(c *config)   { o(c) }
func (o option) forPair(c *config)     { o(c) }
func (o option) forClient(c *config)   { o(c) }
func (o option) forServer(c *config)   { o(c) }
func (o option) forRadio(c *config)    { o(c) }
func (o option) forDish(c *config)     { o(c) }
func (o option) forScatter(c *config)  { o(c) }
func (o option) forGather(c *config)   { o(c) }
func (o option) forPeer(c *config)     { o(c) }
func (o option) forChannel(c *config)  { o(c) }
func (o option) forStream(c *config)   { o(c) }
func (o option) forDatagram(c *config) { o(c) }

type sendOption func(*config)

func (o sendOption) forPush(c *config)     { o(c) }
func (o sendOption) forPub(c *config)      { o(c) }
func (o sendOption) forXPub(c *config)     { o(c) }
func (o sendOption) forXSub(c *config)     { o(c) }
func (o sendOption) forReq(c *config)      { o(c) }
func (o sendOption) forRep(c *config)      { o(c) }
func (o sendOption) forDealer(c *config)   { o(c) }
func (o sendOption) forRouter(c *config)   { o(c) }
func (o sendOption) forPair(c *config)     { o(c) }
func (o sendOption) forClient(c *config)   { o(c) }
func (o sendOption) forServer(c *config)   { o(c) }
func (o sendOption) forRadio(c *config)    { o(c) }
func (o sendOption) forScatter(c *config)  { o(c) }
func (o sendOption) forPeer(c *config)     { o(c) }
func (o sendOption) forChannel(c *config)  { o(c) }
func (o sendOption) forStream(c *config)   { o(c) }
func (o sendOption) forDatagram(c *config) { o(c) }

type recvOption func(*config)

func (o recvOption) forPull(c *config)     { o(c) }
func (o recvOption) forSub(c *config)      { o(c) }
func (o recvOption) forXPub(c *config)     { o(c) }
func (o recvOption) forXSub(c *config)     { o(c) }
func (o recvOption) forReq(c *config)      { o(c) }
func (o recvOption) forRep(c *config)      { o(c) }
func (o recvOption) forDealer(c *config)   { o(c) }
func (o recvOption) forRouter(c *config)   { o(c) }
func (o recvOption) forPair(c *config)     { o(c) }
func (o recvOption) forClient(c *config)   { o(c) }
func (o recvOption) forServer(c *config)   { o(c) }
func (o recvOption) forDish(c *config)     { o(c) }
func (o recvOption) forGather(c *config)   { o(c) }
func (o recvOption) forPeer(c *config)     { o(c) }
func (o recvOption) forChannel(c *config)  { o(c) }
func (o recvOption) forStream(c *config)   { o(c) }
func (o recvOption) forDatagram(c *config) { o(c) }

type conflateOption func(*config)

func (o conflateOption) forPush(c *config)   { o(c) }
func (o conflateOption) forPull(c *config)   { o(c) }
func (o conflateOption) forPub(c *config)    { o(c) }
func (o conflateOption) forSub(c *config)    { o(c) }
func (o conflateOption) forDealer(c *config) { o(c) }

type identityOption func(*config)

func (o identityOption) forReq(c *config)    { o(c) }
func (o identityOption) forRep(c *config)    { o(c) }
func (o identityOption) forDealer(c *config) { o(c) }
func (o identityOption) forRouter(c *config) { o(c) }

type probeOption func(*config)

func (o probeOption) forReq(c *config)    { o(c) }
func (o probeOption) forDealer(c *config) { o(c) }
func (o probeOption) forRouter(c *config) { o(c) }

type publisherOption func(*config)

func (o publisherOption) forPub(c *config)  { o(c) }
func (o publisherOption) forXPub(c *config) { o(c) }

type xpubOption func(*config)

func (o xpubOption) forXPub(c *config) { o(c) }

type reqOption func(*config)

func (o reqOption) forReq(c *config) { o(c) }

type routerOption func(*config)

func (o routerOption) forRouter(c *config) { o(c) }
