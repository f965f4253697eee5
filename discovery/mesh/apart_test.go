package mesh

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/discovery/static"
	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/curve"
)

// TestNobodyElseLinks has two meshes under one name that have not the same keys:
// each comes together, there is no link between them, and each node is told why
// of each other.
func TestNobodyElseLinks(t *testing.T) {
	known := []curve.KeyPair{newPair(t), newPair(t), newPair(t), newPair(t)}
	node := func(own int, of ...int) []Option {
		var list []curve.Key
		for _, i := range of {
			list = append(list, known[i].Public)
		}
		return []Option{WithNodeKeys(known[own], list...)}
	}
	same := func(opts ...Option) [2][]Option { return [2][]Option{opts, opts} }
	tests := []struct {
		name        string
		left, right [2][]Option
		why, whyNot string // as the left ones and the right ones are told
		err         error
	}{
		{
			"two passphrases", same(WithRealmKey("one")), same(WithRealmKey("two")),
			"another passphrase", "another passphrase", ErrKey,
		},
		{
			"a passphrase and none", same(WithRealmKey("one")), same(),
			`mechanism "NULL"`, "it announces one, and so wants one; this node has none", ErrKey,
		},
		{
			"two realms with one passphrase", same(WithRealmKey("one")), same(WithRealmKey("one"), WithRealm("red")),
			`it is of the realm "red"`, `it is of the realm ""`, discovery.ErrUnwanted,
		},
		{
			"keys that are not on the list",
			[2][]Option{node(0, 1), node(1, 0)},
			[2][]Option{node(2, 0, 1, 3), node(3, 0, 1, 2)},
			"which is not on the list", "", ErrKey,
		},
		{
			"node keys and none",
			[2][]Option{node(0, 1), node(1, 0)},
			same(),
			"it announces none", "it announces one, and so wants one; this node has none", ErrKey,
		},
		{
			"node keys and a passphrase",
			[2][]Option{node(0, 1), node(1, 0)},
			same(WithRealmKey("one")),
			"which is not on the list", "another passphrase, or another mechanism", ErrKey,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var h hub
			var left, right [2]*Node
			for i, id := range []byte{1, 3} { // of each two, sometimes the one connects and sometimes the other
				left[i] = h.join(t, append([]Option{WithID(discovery.ID{id})}, tt.left[i]...)...)
				right[i] = h.join(t, append([]Option{WithID(discovery.ID{id + 1})}, tt.right[i]...)...)
			}
			for _, side := range [][2]*Node{left, right} {
				wait(t, side[0], 1)
				wait(t, side[1], 1)
			}
			for _, l := range left {
				for _, r := range right {
					for _, one := range []struct {
						n, other *Node
						why      string
					}{{l, r, tt.why}, {r, l, tt.whyNot}} {
						e := notLinked(t, one.n, about(one.other.ID()))
						if !errors.Is(e.Err, tt.err) || !strings.Contains(e.Err.Error(), one.why) {
							t.Errorf("%v is told: %v", one.n.ID(), e)
						}
					}
				}
			}
			for _, n := range append(left[:], right[:]...) {
				if s := n.Stats(); s.Links != 1 || s.Socket.Handshakes != 1 || s.Up != 1 {
					t.Errorf("%d links, %d handshakes, %d up", s.Links, s.Socket.Handshakes, s.Up)
				}
			}
		})
	}
}

// Where a list tells only addresses, it is the handshake that keeps out who has
// not the key, and both sides are told.
func TestNobodyElseLinksByAList(t *testing.T) {
	tests := []struct {
		name      string
		low, high []Option
	}{
		{"two passphrases", []Option{WithRealmKey("one")}, []Option{WithRealmKey("two")}},
		{"a passphrase and none", []Option{WithRealmKey("one")}, nil},
		{"none and a passphrase", nil, []Option{WithRealmKey("one")}},
		{"realms", []Option{WithRealmKey("one")}, []Option{WithRealmKey("one"), WithRealm("red")}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var list, none hub
			b := none.join(t, append(tt.high, WithBackend(readOnly{none.backend(t)}))...)
			in := static.Endpoints("test", "ROUTER", b.Endpoints()...)[0]
			if err := list.Put(&in); err != nil {
				t.Fatal(err)
			}
			a := list.join(t, append(tt.low, WithBackend(readOnly{list.backend(t)}), WithID(discovery.ID{1}))...)
			e := notLinked(t, a, about(in.ID))
			if e.Err == nil || tt.low != nil && !errors.Is(e.Err, ErrKey) {
				t.Errorf("who connects is told: %v", e)
			}
			t.Log(e)
			e = notLinked(t, b, strange)
			if e.Err == nil || tt.high != nil && !errors.Is(e.Err, ErrKey) {
				t.Errorf("who is connected to is told: %v", e)
			}
			t.Log(e)
			if got := a.Stats().Links + b.Stats().Links; got != 0 {
				t.Errorf("%d links", got)
			}
		})
	}
}

// A list has to name the keys of nodes that have their own; and a key that is on
// it is of no use to a node that has another.
func TestAnnouncedKeyIsAHint(t *testing.T) {
	a, b, c := newPair(t), newPair(t), newPair(t)
	for _, tt := range []struct {
		name, hint, why string
	}{
		{"none", "", "it announces none (curve-key)"},
		{"no key", "what?", "makes no sense"},
		{"stranger's", newPair(t).Public.String(), "not on the list"},
		{"friend's", c.Public.String(), "it ended the handshake"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var h, none hub
			nb := none.join(t, WithNodeKeys(b, a.Public), WithBackend(readOnly{none.backend(t)}))
			in := discovery.Instance{ID: nb.ID(), Service: "test", SocketType: "ROUTER", Endpoints: nb.Endpoints()}
			if tt.hint != "" {
				in.Metadata = map[string]string{KeyMetadata: tt.hint}
			}
			if err := h.Put(&in); err != nil {
				t.Fatal(err)
			}
			na := h.join(t, WithNodeKeys(a, b.Public, c.Public), WithID(discovery.ID{1}))
			if e := notLinked(t, na, about(nb.ID())); !errors.Is(e.Err, ErrKey) || !strings.Contains(e.Err.Error(), tt.why) {
				t.Errorf("event %v", e)
			}
			in.Metadata = map[string]string{KeyMetadata: b.Public.String()}
			if err := h.Put(&in); err != nil {
				t.Fatal(err)
			}
			wait(t, na, 1) // the truth helps at once
		})
	}
}

// A node of the mesh cannot take the place of another one that is away.
func TestPlaceIsKeptForItsKey(t *testing.T) {
	var h hub
	a, b, c := newPair(t), newPair(t), newPair(t)
	na := h.join(t, WithNodeKeys(a, b.Public, c.Public))
	id := discovery.ID{1}
	nb := h.join(t, WithNodeKeys(b, a.Public), WithID(id))
	wait(t, na, 1)
	w := na.Presence(t.Context())
	defer w.Close()
	next(t, w, id, Up)
	kill(nb)
	next(t, w, id, Suspect)
	nc := h.join(t, WithNodeKeys(c, a.Public), WithID(id))
	if e := next(t, w, id, Gone, Up); e.Reason != RefusedIdentity {
		t.Errorf("event %v", e)
	}
	eventually(t, nc, "refusal", func() bool {
		return slices.ContainsFunc(nc.History(), func(e Event) bool {
			return e.Peer.ID == na.ID() && e.Peer.State == Gone && e.Reason == RefusedIdentity
		})
	})
}

// A stranger who comes again and again is told of once.
func TestStrangerIsToldOfOnce(t *testing.T) {
	var h hub
	n := h.join(t, WithRealmKey("one"))
	d, err := socket.NewDealer(socket.WithLinger(0), socket.WithSecurity(curve.Client(n.keys.own.Public, newPair(t))))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	m := n.router.Monitor()
	defer m.Close()
	for range 3 {
		if err := d.Connect(n.Endpoints()[0]); err != nil {
			t.Fatal(err)
		}
		for e := range m.Events(within(t)) {
			if e.Kind == socket.EventHandshakeFailed {
				break
			}
		}
		if err := d.Disconnect(n.Endpoints()[0]); err != nil {
			t.Fatal(err)
		}
	}
	e := notLinked(t, n, strange)
	if want := fmt.Sprintf("from 127.0.0.1: %v: refused with status 400: the key ", ErrKey); !strings.HasPrefix(e.Err.Error(), want) || !strings.HasSuffix(e.Err.Error(), " is not the realm's") {
		t.Errorf("event %v, want %s", e, want)
	}
	told := 0
	for _, e := range n.History() {
		if e.Kind == NotLinked {
			told++
		}
	}
	if s := n.Stats(); told != 1 || s.Socket.Refused != 3 || s.Links != 0 {
		t.Errorf("told of %d times, of %d refused, %d links", told, s.Socket.Refused, s.Links)
	}
}

// What was told is remembered of so many, and is news again when forgotten.
func TestNotes(t *testing.T) {
	now := time.Now()
	s := newNotes(2)
	for i, step := range []struct {
		whom, what string
		at         time.Duration
		want       bool
	}{
		{"a", "key", 0, true},
		{"a", "key", 1, false},
		{"a", "realm", 2, true},
		{"b", "key", 3, true},
		{"c", "key", 4, false}, // no room
		{"b", "realm", 5, true},
		{"c", "key", noteTime + 4, true}, // in place of a
		{"c", "key", noteTime + 4, false},
		{"a", "realm", noteTime + 4, false},
	} {
		if got := s.fresh(step.whom, step.what, now.Add(step.at)); got != step.want {
			t.Errorf("step %d: %v", i, got)
		}
	}
	s.forget("c")
	if !s.fresh("c", "key", now) {
		t.Error("forgotten, and no news")
	}
}
