package socket

import (
	"context"
	"sync"
)

// A waitlist is a queue of goroutines that wait for something guarded by a
// mutex to change, and can give up when their context is done. All methods are
// called with that mutex held.
type waitlist struct {
	first, last *waiter
	free        *waiter // to be used again: waiting allocates nothing
}

type waiter struct {
	ready      chan struct{} // of capacity 1: told once by whoever takes it off the list
	next, prev *waiter
	listed     bool
}

// wait gives up mu until the waiter is woken or ctx is done, and returns with
// mu held again. After a nil error the caller looks again whether it can go on.
func (l *waitlist) wait(ctx context.Context, mu *sync.Mutex) error {
	w := l.free
	if w != nil {
		l.free = w.next
		w.next = nil
	} else {
		w = &waiter{ready: make(chan struct{}, 1)}
	}
	l.push(w)
	mu.Unlock()
	var err error
	select {
	case <-w.ready:
		mu.Lock()
	case <-ctx.Done():
		err = ctx.Err()
		mu.Lock()
		if w.listed {
			l.drop(w)
		} else {
			<-w.ready
			l.wakeOne() // it was woken for nothing: the next one gets the chance
		}
	}
	w.next = l.free
	l.free = w
	return err
}

func (l *waitlist) push(w *waiter) {
	w.listed = true
	w.prev = l.last
	if l.last == nil {
		l.first = w
	} else {
		l.last.next = w
	}
	l.last = w
}

func (l *waitlist) drop(w *waiter) {
	if w.prev == nil {
		l.first = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		l.last = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.next, w.prev, w.listed = nil, nil, false
}

// empty reports whether nobody waits.
func (l *waitlist) empty() bool { return l.first == nil }

// wakeOne wakes the one who waits longest.
func (l *waitlist) wakeOne() {
	if w := l.first; w != nil {
		l.drop(w)
		w.ready <- struct{}{}
	}
}

// wakeAll wakes everybody.
func (l *waitlist) wakeAll() {
	for l.first != nil {
		l.wakeOne()
	}
}
