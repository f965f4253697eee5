package call

import (
	"context"
	"errors"

	"github.com/brokerless/brokerless/socket"
)

// watch follows whether the link has a connection.
func (l *link) watch() {
	var lost uint64
	for e := range l.monitor.Events(context.Background()) {
		if n := l.monitor.Lost(); n != lost {
			lost = n
			if !l.anew() {
				return
			}
			continue
		}
		switch e.Kind {
		case socket.EventReady:
			l.connected()
		case socket.EventDisconnected:
			if !l.disconnected() {
				return
			}
		}
	}
}

// anew looks whether there is a connection, of which nothing is known: what was
// there before counts as lost. It reports false when the link is closed.
func (l *link) anew() bool {
	if !l.disconnected() {
		return false
	}
	if l.dealer.Stats().Peers > 0 {
		l.connected()
	}
	return true
}

// connected begins a connection. Calls are sent once the server has answered:
// from then on it knows whom to tell that it leaves, and none gets lost in a
// server that is about to close.
func (l *link) connected() {
	l.mu.Lock()
	if l.pending == nil || l.idle != nil { // closed, or about to be
		l.mu.Unlock()
		return
	}
	l.cut()
	l.conn, l.cut = context.WithCancel(context.Background())
	l.leaving.Store(false)
	l.left = false
	l.mu.Unlock()
	_ = l.dealer.TrySend(nil, nil, nil, notice(kindHello)) // it fails only if the connection has ended again
}

// welcomed lets calls be sent.
func (l *link) welcomed() {
	l.mu.Lock()
	if l.conn.Err() != nil || l.leaving.Load() || l.idle != nil {
		l.mu.Unlock()
		return
	}
	l.up.Store(true)
	l.mu.Unlock()
	l.c.tell()
}

// disconnected ends a connection: what it had brought is taken first, then all
// that is still pending is lost. It reports false when the link is closed.
func (l *link) disconnected() bool {
	l.mu.Lock()
	l.up.Store(false)
	l.cut()
	l.interrupt()
	l.mu.Unlock()
	select {
	case <-l.drained:
		return true
	case <-l.stopped:
		return false
	}
}

// receive takes what the server sends until the link is closed.
func (l *link) receive() {
	defer close(l.stopped)
	for {
		m, err := l.dealer.Recv(l.listening)
		switch {
		case err == nil:
			l.deliver(m)
		case errors.Is(err, socket.ErrClosed):
			return
		default:
			l.finish()
			l.drained <- struct{}{}
		}
	}
}

// leftover is how many messages are taken after the end of a connection: twice
// what may be queued of it, for those of the next one, of which none is wanted
// yet, take turns with them.
const leftover = 1 << 20

// finish takes what an ended connection has left, and fails what is pending.
func (l *link) finish() {
	for range leftover {
		m, err := l.dealer.TryRecv()
		if err != nil {
			break
		}
		l.deliver(m)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, a := range l.pending {
		l.drop(id)
		a.end(outcome{lost: true})
	}
	l.listening, l.interrupt = context.WithCancel(context.Background())
}

// deliver hands a message to the attempt it is for:
//
//	"" status body header
//
// Anything else is ignored: it is for a call that is over, or from a server
// that speaks something newer.
func (l *link) deliver(m socket.Message) {
	var h header
	if len(m) != 4 || len(m[0]) != 0 || h.parse(m[3]) != nil {
		return
	}
	switch h.kind {
	case kindLeaving:
		l.shun()
		return
	case kindWelcome:
		l.welcomed()
		return
	case kindAnswer, kindRefusal, kindItem:
	default:
		return
	}
	o := outcome{kind: h.kind, body: m[2], metadata: h.metadata}
	if len(m[1]) > 0 {
		code, text := parseStatus(m[1])
		o.err = &Error{Code: code, Text: text}
	}
	l.mu.Lock()
	a := l.pending[h.id]
	foul := false
	switch {
	case a == nil:
	case h.kind != kindItem:
		l.drop(h.id)
		a.end(o)
	case !a.item(m[2]):
		foul = true
		l.drop(h.id)
		a.end(outcome{err: Errorf(Internal, "the server sent more items than it was asked for")})
	}
	conn := l.conn
	l.mu.Unlock()
	if foul {
		l.cancel(conn, h.id)
	}
}
