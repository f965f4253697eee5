package socket

import "fmt"

// WithLastValue keeps the newest message of each topic for those who subscribe
// later. It is WithReplay(1).
func WithLastValue() PublisherOption { return WithReplay(1) }

// WithReplay keeps the newest n messages of each topic, and sends them to a peer
// when it subscribes to a prefix that they begin with: after the message of
// WithWelcome and before anything that is published later, in the order in which
// they were published. A topic is the first frame as a whole; messages of many
// frames are kept whole. With WithManual it happens when the application confirms
// with [XPub.Subscribe]. A peer that has subscribed to a prefix gets what it
// begins with, though another of its prefixes may have brought the same before;
// subscribing to the same prefix again brings nothing. A peer that comes back gets
// everything again.
//
// What does not fit into the peer's queue is dropped, the oldest first, and
// counted as DropFull: the high-water mark of a publisher with many topics should
// be above their number. That holds with any [WithDropPolicy]: a replay neither
// waits nor disconnects the peer. What is kept has the limits of
// [WithReplayLimits]. A Send takes one more copy of its message, and allocates
// only for what is new. The default is 0: nothing is kept.
func WithReplay(n int) PublisherOption {
	return publisherOption(func(c *config) { c.replay = n })
}

// WithReplayLimits sets how many topics WithReplay and WithLastValue keep messages
// of, and how many octets of memory these may take. Above that, the topics that
// were published least recently are forgotten with all their messages; of a topic
// that is too large alone, the oldest messages; and a message that is too large
// alone is not kept. [Stats] has what is kept and what was forgotten. The default is
// 10,000 topics and 64 MiB; 0 lifts a limit.
func WithReplayLimits(topics, octets int) PublisherOption {
	return publisherOption(func(c *config) { c.maxKeptTopics, c.maxKeptOctets = topics, octets })
}

func (c *config) validateReplay() error {
	switch {
	case c.replay < 0:
		return fmt.Errorf("%w: WithReplay(%d): want 0 for none, or a number", ErrOption, c.replay)
	case c.maxKeptTopics < 0 || c.maxKeptOctets < 0:
		return fmt.Errorf("%w: WithReplayLimits(%d, %d): want 0 for no limit, or numbers", ErrOption, c.maxKeptTopics, c.maxKeptOctets)
	case c.replay > 0 && c.invert:
		return fmt.Errorf("%w: WithReplay and WithInvertMatching: a subscription then says what is not wanted", ErrOption)
	case c.replay > 0 && c.conflate:
		return fmt.Errorf("%w: WithReplay and WithConflate: the queue has one message of all topics; see WithConflateTopics", ErrOption)
	}
	return nil
}
