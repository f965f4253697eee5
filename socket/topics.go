package socket

// Topics returns how many distinct prefixes the peers have subscribed to or, with
// WithManual, the application for them (ZMQ_TOPICS_COUNT).
func (b *publishing) Topics() int {
	b.s.send.Lock()
	defer b.s.send.Unlock()
	return b.topics.Topics()
}

// Topics returns how many distinct prefixes the socket has subscribed to
// (ZMQ_TOPICS_COUNT).
func (b *subscribing) Topics() int {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.topics.Len()
}

// Topics returns how many distinct prefixes the socket has subscribed to
// (ZMQ_TOPICS_COUNT).
func (x *XSub) Topics() int { return x.subs.Topics() }

// invert makes matches of the connected peers that are not among them. The caller
// holds the send lock.
func (b *publishing) invert() {
	b.mark++
	for _, p := range b.matches {
		p.mark = b.mark
	}
	b.matches = b.matches[:0]
	for p := range b.s.send.pipes {
		if p.session != nil && !p.draining && !p.slow && p.mark != b.mark {
			b.matches = append(b.matches, p)
		}
	}
}

// narrow leaves among the matches only the peer that a message is for with
// WithManualLastValue. The caller holds the send lock.
func (b *publishing) narrow() {
	for _, p := range b.matches {
		if b.only != nil && p.session == b.only {
			b.matches = append(b.matches[:0], p)
			return
		}
	}
	b.matches = b.matches[:0]
}
