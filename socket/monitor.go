package socket

import (
	"context"
	"iter"
	"slices"
	"sync"
	"time"
)

// Monitor is a view of a socket's events from the moment it was made. A
// watcher that is slow loses the oldest events, counted by Lost, and never
// slows the socket. All methods are safe for concurrent use.
type Monitor struct {
	hub *monitors

	mu     sync.Mutex
	events []Event // a ring of at most monitorCapacity
	head   int
	lost   uint64
	closed bool
	wake   chan struct{} // closed and replaced when something comes
}

// Next returns the oldest event not yet seen, waiting for one if need be. It
// returns ErrClosed once the monitor or its socket is closed and all events
// have been seen, or ctx's error.
func (m *Monitor) Next(ctx context.Context) (Event, error) {
	for {
		if err := ctx.Err(); err != nil {
			return Event{}, err
		}
		m.mu.Lock()
		if m.head < len(m.events) {
			e := m.events[m.head]
			m.events[m.head] = Event{}
			if m.head++; m.head == len(m.events) {
				m.events, m.head = m.events[:0], 0
			}
			m.mu.Unlock()
			return e, nil
		}
		closed, wake := m.closed, m.wake
		m.mu.Unlock()
		if closed {
			return Event{}, ErrClosed
		}
		select {
		case <-wake:
		case <-ctx.Done():
		}
	}
}

// Events returns the events as they come until ctx is done or the monitor or
// its socket is closed.
func (m *Monitor) Events(ctx context.Context) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		for {
			e, err := m.Next(ctx)
			if err != nil || !yield(e) {
				return
			}
		}
	}
}

// Lost returns how many events were dropped because nobody took them.
func (m *Monitor) Lost() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.lost
}

// Close ends the monitor. Events not yet seen can still be taken.
func (m *Monitor) Close() {
	m.hub.remove(m)
	m.end()
}

func (m *Monitor) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.closed {
		m.closed = true
		close(m.wake)
	}
}

func (m *Monitor) put(e Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return
	}
	if len(m.events)-m.head == monitorCapacity {
		m.events[m.head] = Event{}
		m.head++
		m.lost++
	}
	if m.head == monitorCapacity {
		n := copy(m.events, m.events[m.head:])
		clear(m.events[n:])
		m.events, m.head = m.events[:n], 0
	}
	m.events = append(m.events, e)
	close(m.wake)
	m.wake = make(chan struct{})
}

// monitors passes a socket's events to all who watch. Its lock is a leaf: no
// other is taken under it but a Monitor's own.
type monitors struct {
	mu     sync.Mutex
	all    []*Monitor
	closed bool
}

func (h *monitors) add() *Monitor {
	m := &Monitor{hub: h, wake: make(chan struct{})}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		m.end()
		return m
	}
	h.all = append(h.all, m)
	return m
}

func (h *monitors) remove(m *Monitor) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if i := slices.Index(h.all, m); i >= 0 {
		h.all = slices.Delete(h.all, i, i+1)
	}
}

func (h *monitors) emit(e Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.all) == 0 {
		return
	}
	e.Time = time.Now()
	for _, m := range h.all {
		m.put(e)
	}
}

func (h *monitors) close() {
	h.mu.Lock()
	all := h.all
	h.all, h.closed = nil, true
	h.mu.Unlock()
	for _, m := range all {
		m.end()
	}
}
