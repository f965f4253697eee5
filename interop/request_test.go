package interop

import (
	"bytes"
	"testing"

	"github.com/brokerless/brokerless/interop/peer"
	"github.com/brokerless/brokerless/socket"
)

// newReq makes a REQ of ours with options of its own.
func newReq(t *testing.T, opts ...socket.ReqOption) *socket.Req {
	t.Helper()
	s, err := socket.NewReq(append([]socket.ReqOption{quick()}, opts...)...)
	return own(t, s, err)
}

// TestCorrelate sends requests with ids in front: a reply with another id, or
// with none, is not taken for the reply (RR-11). Either side is ours.
func TestCorrelate(t *testing.T) { eachPeer(t, rowCorrelate, bothLibzmqs, correlated) }

func correlated(t *testing.T, p *process) {
	t.Run("req=ours", func(t *testing.T) {
		they := theirs(t, p, "ROUTER")
		we := newReq(t, socket.WithCorrelate())
		link(t, "tcp", they, we)
		correlate(t, we, they)
	})
	t.Run("req=theirs", func(t *testing.T) {
		we := newOurs(t, "ROUTER", "")
		they := theirs(t, p, "REQ", peer.Int("REQ_CORRELATE", 1))
		link(t, "tcp", we, they)
		correlate(t, they, we)
	})
	// A REP sends the envelope back whole, whatever is in it.
	t.Run("req=ours/rep", func(t *testing.T) {
		they := theirs(t, p, "REP")
		we := newReq(t, socket.WithCorrelate())
		link(t, "tcp", they, we)
		roundTrips(t, we, they)
	})
	t.Run("req=theirs/rep", func(t *testing.T) {
		we := newOurs(t, "REP", "")
		they := theirs(t, p, "REQ", peer.Int("REQ_CORRELATE", 1))
		link(t, "tcp", we, they)
		roundTrips(t, they, we)
	})
}

// correlate sends two requests and answers each wrongly before rightly.
func correlate(t *testing.T, req, router any) {
	t.Helper()
	var ids [2][]byte
	for i := range ids {
		send(t, req, text("request")...)
		m := recv(t, router)
		if len(m) != 4 || len(m[1]) != 4 || len(m[2]) != 0 || string(m[3]) != "request" {
			t.Fatalf("router got %v, want [peer id \"\" \"request\"]", m)
		}
		peer, id := m[0], m[1]
		ids[i] = id
		other := bytes.Clone(id)
		other[0] ^= 0x80
		send(t, router, peer, other, nil, []byte("of another"))
		send(t, router, peer, nil, []byte("without id"))
		send(t, router, peer, id, nil, []byte("right"))
		expect(t, req, text("right")...)
	}
	if bytes.Equal(ids[0], ids[1]) {
		t.Errorf("both requests have the id %x", ids[0])
	}
}

func roundTrips(t *testing.T, req, rep any) {
	t.Helper()
	for i := range 3 {
		send(t, req, numbered(i), nil)
		expect(t, rep, numbered(i), nil)
		send(t, rep, numbered(-i))
		expect(t, req, numbered(-i))
	}
}

// TestRelaxed sends a second request before the first is answered: only the
// second's reply is taken (RR-12).
func TestRelaxed(t *testing.T) { eachPeer(t, rowRelax, bothLibzmqs, relaxed) }

func relaxed(t *testing.T, p *process) {
	t.Run("req=ours", func(t *testing.T) {
		they := theirs(t, p, "ROUTER")
		we := newReq(t, socket.WithRelaxed(), socket.WithCorrelate())
		link(t, "tcp", they, we)
		relax(t, we, they)
	})
	if p.name == zeromqJS.name {
		return // between the two requests it has no peer, and fails in place of waiting
	}
	t.Run("req=theirs", func(t *testing.T) {
		we := newOurs(t, "ROUTER", "")
		they := theirs(t, p, "REQ", peer.Int("REQ_RELAXED", 1), peer.Int("REQ_CORRELATE", 1))
		link(t, "tcp", we, they)
		relax(t, they, we)
	})
}

func relax(t *testing.T, req, router any) {
	t.Helper()
	send(t, req, text("given up")...)
	early := recv(t, router)
	send(t, req, text("asked again")...)
	again := recv(t, router)
	if string(early[3]) != "given up" || string(again[3]) != "asked again" {
		t.Fatalf("router got %v and %v", early, again)
	}
	send(t, router, early[0], early[1], nil, []byte("too late"))
	send(t, router, again[0], again[1], nil, []byte("in time"))
	expect(t, req, text("in time")...)
}
