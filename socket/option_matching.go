package socket

// InvertOption fits PUB, XPUB and SUB.
type InvertOption interface {
	PubOption
	XPubOption
	SubOption
}

type invertOption func(*config)

func (o invertOption) forPub(c *config)  { o(c) }
func (o invertOption) forXPub(c *config) { o(c) }
func (o invertOption) forSub(c *config)  { o(c) }

// WithInvertMatching turns subscriptions round: a publisher sends a message to
// the peers that have not subscribed to a prefix of it, those without any
// subscription included, and a SUB takes what it has not subscribed to
// (ZMQ_INVERT_MATCHING, PS-11). It has to be set on both sides: each filters by
// its own rule, and what passes one of them is stopped by the other. WithReplay and WithLastValue do
// not go with it.
func WithInvertMatching() InvertOption {
	return invertOption(func(c *config) { c.invert = true })
}

// WithManualLastValue is WithManual for an application that keeps the last value
// of each topic: the Send that follows a call of [XPub.Subscribe] goes to that
// subscriber alone, if its topics match; if it has gone meanwhile, to nobody
// (ZMQ_XPUB_MANUAL_LAST_VALUE, PS-28). Whoever sends from several goroutines has
// to see to it that no other Send comes between.
func WithManualLastValue() XPubOption {
	return xpubOption(func(c *config) { c.manual, c.lastValue = true, true })
}

type xsubOption func(*config)

func (o xsubOption) forXSub(c *config) { o(c) }

// WithVerboseUnsubscribe passes every cancellation on to the publishers, not only
// the last of its topic (ZMQ_XSUB_VERBOSE_UNSUBSCRIBE). A publisher forgets the
// topic with the first one it gets; only an XPUB that shows its application all
// of them has a use for more.
func WithVerboseUnsubscribe() XSubOption {
	return xsubOption(func(c *config) { c.cancelAll = true })
}
