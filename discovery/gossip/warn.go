package gossip

import (
	"context"
	"fmt"
	"time"

	"github.com/brokerless/brokerless/discovery"
)

const (
	warnEvery   = 10 * time.Second // how often one thing is warned of
	maxWarnings = 256              // of how many things at once
)

// A limiter lets the same thing through only so often.
type limiter struct{ last map[string]time.Time }

// allow reports whether it is time again for the thing that key names. What
// there is no room to remember is not allowed.
func (l *limiter) allow(key string, now time.Time) bool {
	if t, ok := l.last[key]; ok && now.Sub(t) < warnEvery {
		return false
	}
	if l.last == nil {
		l.last = make(map[string]time.Time)
	}
	if len(l.last) >= maxWarnings {
		for k, t := range l.last {
			if now.Sub(t) >= warnEvery {
				delete(l.last, k)
			}
		}
		if len(l.last) >= maxWarnings {
			return false
		}
	}
	l.last[key] = now
	return true
}

// warn tells the watchers, unless they were just told of what key names. The
// caller holds mu.
func (s *state) warn(in discovery.Instance, key string, err error) {
	if !s.closed && s.warnings.allow(key, time.Now()) {
		s.catalog.Warn(in, err)
	}
}

// malformed tells that a node, if it is known which, talks nonsense. The caller
// holds mu.
func (s *state) malformed(node string, err error) {
	who := "a node"
	if node != "" {
		who = "node " + node
	}
	s.warn(discovery.Instance{}, "malformed "+node, fmt.Errorf("%w: %s: %w", discovery.ErrMalformed, who, err))
}

// warning is warn for those who do not hold mu, of what is about no instance.
func (s *state) warning(key string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.warn(discovery.Instance{}, key, err)
}

// setAlone tells the watchers that no other node was found, and why; nil if
// there is nothing to complain of.
func (s *state) setAlone(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.alone = err
	if err != nil {
		s.warn(discovery.Instance{}, "alone", err)
	}
}

// watch returns a watcher. If this node is alone it is told so at once, rather
// than after the next try.
func (s *state) watch(ctx context.Context, service string) (*discovery.Watcher, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, discovery.ErrClosed
	}
	w := s.catalog.Watch(ctx, service, nil)
	if s.alone != nil {
		s.catalog.Warn(discovery.Instance{}, s.alone)
	}
	return w, nil
}
