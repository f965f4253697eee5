package socket

import (
	"fmt"

	"github.com/brokerless/brokerless/internal/queue"
	"github.com/brokerless/brokerless/pattern"
)

// TopicOption fits PUB, XPUB, SUB and XSUB.
type TopicOption interface {
	PubOption
	XPubOption
	SubOption
	XSubOption
}

type topicOption func(*config)

func (o topicOption) forPub(c *config)  { o(c) }
func (o topicOption) forXPub(c *config) { o(c) }
func (o topicOption) forSub(c *config)  { o(c) }
func (o topicOption) forXSub(c *config) { o(c) }

// WithConflateTopics keeps of each topic, which is the first frame, only the
// newest message: PUB and XPUB among those that wait for a peer, SUB and XSUB
// among those of a peer that wait for the application. Messages of many frames are
// kept whole, unlike with WithConflate. A message takes the place of the one that
// it replaces, which is counted as DropConflated: so topics come in the order in
// which each began to wait, and one that is published all the time does not keep
// others from coming, nor is it kept from it itself. The messages of one topic come
// in order.
//
// The high-water marks hold for what waits, one message a topic. A full queue still
// takes what replaces; what a publisher does with a topic that is not in it says
// [WithDropPolicy], and a SUB reads no more until there is room.
//
// What the operating systems hold on the way is not replaced. A slow subscriber
// that wants to see the newest sets the option itself, for then it is read from all
// the time; a publisher sets it for the sake of its own memory, and of subscribers
// that do not.
func WithConflateTopics() TopicOption {
	return topicOption(func(c *config) { c.conflateTopics = true })
}

// conflateTopics has q, in which messages come for the application, keep what
// the options say.
func (s *socket) conflateTopics(q *queue.Queue) {
	if s.cfg.conflateTopics && (s.kind == pattern.SUB || s.kind == pattern.XSUB) {
		q.SetConflateTopics(true)
	}
}

// conflate has p's queue keep what the options say. What a SUB has for a peer is
// subscriptions, of which none may be lost. The caller holds the send lock, or p
// is new.
func (p *pipe) conflate() {
	c, kind := p.s.cfg, p.s.kind
	p.out.SetConflate(c.conflate && kind != pattern.SUB)
	if c.conflateTopics && (kind == pattern.PUB || kind == pattern.XPUB) {
		p.out.SetConflateTopics(true)
	}
}

func (c *config) validateConflate() error {
	if c.conflate && c.conflateTopics {
		return fmt.Errorf("%w: WithConflate and WithConflateTopics: want one of them", ErrOption)
	}
	return nil
}
