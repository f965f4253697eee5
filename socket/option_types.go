package socket

// An option fits the sockets whose option type it implements; a wrong one does
// not compile. Options are made by the With functions.
type (
	// PushOption is an option of NewPush.
	PushOption interface{ forPush(*config) }
	// PullOption is an option of NewPull.
	PullOption interface{ forPull(*config) }
	// PubOption is an option of NewPub.
	PubOption interface{ forPub(*config) }
	// SubOption is an option of NewSub.
	SubOption interface{ forSub(*config) }
	// XPubOption is an option of NewXPub.
	XPubOption interface{ forXPub(*config) }
	// XSubOption is an option of NewXSub.
	XSubOption interface{ forXSub(*config) }
	// ReqOption is an option of NewReq.
	ReqOption interface{ forReq(*config) }
	// RepOption is an option of NewRep.
	RepOption interface{ forRep(*config) }
	// DealerOption is an option of NewDealer.
	DealerOption interface{ forDealer(*config) }
	// RouterOption is an option of NewRouter.
	RouterOption interface{ forRouter(*config) }
	// PairOption is an option of NewPair.
	PairOption interface{ forPair(*config) }
	// ClientOption is an option of NewClient.
	ClientOption interface{ forClient(*config) }
	// ServerOption is an option of NewServer.
	ServerOption interface{ forServer(*config) }
	// RadioOption is an option of NewRadio.
	RadioOption interface{ forRadio(*config) }
	// DishOption is an option of NewDish.
	DishOption interface{ forDish(*config) }
	// ScatterOption is an option of NewScatter.
	ScatterOption interface{ forScatter(*config) }
	// GatherOption is an option of NewGather.
	GatherOption interface{ forGather(*config) }
	// PeerOption is an option of NewPeerSocket.
	PeerOption interface{ forPeer(*config) }
	// ChannelOption is an option of NewChannel.
	ChannelOption interface{ forChannel(*config) }
	// StreamOption is an option of NewStream.
	StreamOption interface{ forStream(*config) }
	// DatagramOption is an option of NewDatagram.
	DatagramOption interface{ forDatagram(*config) }
)
