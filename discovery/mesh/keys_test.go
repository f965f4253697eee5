package mesh

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/curve"
)

func newPair(t testing.TB) curve.KeyPair {
	t.Helper()
	pair, err := curve.NewKeyPair()
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// notLinked waits until n tells that somebody is not linked.
func notLinked(t testing.TB, n *Node, is func(Event) bool) Event {
	t.Helper()
	w := n.Presence(within(t))
	defer w.Close()
	for _, e := range n.History() {
		if e.Kind == NotLinked && strange(e) && is(e) { // of instances a new watch is told
			return e
		}
	}
	for {
		e, err := w.Next(within(t))
		if err != nil {
			t.Fatalf("nobody was told of as not linked: %v, %v", err, n.History())
		}
		if e.Kind == NotLinked && is(e) {
			return e
		}
	}
}

func about(id discovery.ID) func(Event) bool {
	return func(e Event) bool { return e.Peer.ID == id }
}

// strange is about somebody who came in.
func strange(e Event) bool { return e.Peer.ID == discovery.ID{} }

// mechanisms returns what the links of n are secured by.
func mechanisms(n *Node) (all []string) {
	for _, p := range n.router.Stats().Each {
		all = append(all, p.Peer.Mechanism)
	}
	return all
}

// All nodes of a realm, whatever version they are of, make the same keys of a
// passphrase.
func TestRealmKeysStay(t *testing.T) {
	for _, tt := range []struct{ realm, passphrase, public string }{
		{"", "correct horse battery staple", ")PRPHj6H<wY+6P&mPL.ieO%mO3t#8H3Z!.}>/J-<"},
		{"blue", "correct horse battery staple", "+yT8&WLCZc[B*zlPcGyX6pLas<5=eY]NBX2elg4M"},
		{"blue", "correct horse battery stable", "33$d8f)%&l}WNOxFN-F)qdr2I1qxx.}U&:fXth.r"},
	} {
		if got := realmKeys(tt.realm, tt.passphrase); got.Public.String() != tt.public || got.Validate() != nil {
			t.Errorf("realm %q, passphrase %q: %v, want %s", tt.realm, tt.passphrase, got.Public, tt.public)
		}
	}
}

// Nodes with one passphrase link, by tcp and by ipc, and all they say is
// encrypted.
func TestRealmKey(t *testing.T) {
	var h hub
	key := WithRealmKey("correct horse battery staple")
	ns := []*Node{h.join(t, key), h.join(t, key)}
	if runtime.GOOS == "linux" {
		id := discovery.NewID()
		ns = append(ns, h.join(t, key, WithID(id), WithBind(discovery.LocalEndpoint(id))))
	}
	checkMesh(t, ns)
}

// checkMesh checks that the nodes are one mesh, secured and at work.
func checkMesh(t *testing.T, ns []*Node) {
	t.Helper()
	for _, n := range ns {
		wait(t, n, len(ns)-1)
		serve(t, n, echo)
		for _, m := range mechanisms(n) {
			if m != "CURVE" {
				t.Errorf("a link is secured by %q", m)
			}
		}
	}
	for _, n := range ns {
		eventually(t, n, "service", hasService(n, "work", len(ns)))
		for range 2 * len(ns) { // each of them gets some
			if m, err := n.Call(within(t), "work", []byte("still")); err != nil || string(m[0]) != "still" {
				t.Errorf("call: %v, %v", m, err)
			}
		}
		for _, e := range n.History() {
			if e.Kind == NotLinked {
				t.Errorf("%v", e)
			}
		}
	}
}

// Nodes with keys of their own link with those they know, and know which is
// which.
func TestNodeKeys(t *testing.T) {
	var h hub
	pairs := []curve.KeyPair{newPair(t), newPair(t), newPair(t)}
	list := make([]curve.Key, len(pairs))
	for i, p := range pairs {
		list[i] = p.Public
	}
	ns := make([]*Node, len(pairs))
	for i, p := range pairs {
		ns[i] = h.join(t, WithNodeKeys(p, list...))
	}
	checkMesh(t, ns)
	for _, n := range ns {
		for i, other := range ns {
			if p, ok := n.Peer(other.ID()); n != other && (!ok || p.Key != list[i]) {
				t.Errorf("%v has the key %v, want %v", p.ID, p.Key, list[i])
			}
		}
	}
}

// An authenticator in place of the list is asked about both who comes and who is
// connected to.
func TestNodeAuthenticator(t *testing.T) {
	var h hub
	a, b := newPair(t), newPair(t)
	var mu sync.Mutex
	asked := make(map[string]int)
	knows := func(name string, keys ...curve.Key) socket.Authenticator {
		return socket.AuthenticatorFunc(func(_ context.Context, c socket.Credentials) (socket.Admission, error) {
			mu.Lock()
			defer mu.Unlock()
			asked[name]++
			if c.Mechanism != "CURVE" || c.Domain != "blue" {
				t.Errorf("asked %+v", c)
			}
			for _, k := range keys {
				if string(c.Key) == string(k[:]) {
					return socket.Admission{UserID: "somebody"}, nil
				}
			}
			return socket.Admission{}, &socket.AuthError{Status: socket.AuthDenied, Text: "no friend of " + name}
		})
	}
	na := h.join(t, WithRealm("blue"), WithID(discovery.ID{1}), WithNodeAuthenticator(a, knows("a", b.Public)))
	nb := h.join(t, WithRealm("blue"), WithID(discovery.ID{2}), WithNodeAuthenticator(b, knows("b", a.Public)))
	checkMesh(t, []*Node{na, nb})
	if p, _ := na.Peer(nb.ID()); p.Key != b.Public {
		t.Errorf("b has the key %v", p.Key)
	}
	if p, _ := nb.Peer(na.ID()); p.Key != a.Public {
		t.Errorf("a has the key %v", p.Key)
	}
	mu.Lock()
	if asked["a"] == 0 || asked["b"] == 0 {
		t.Errorf("asked %v", asked)
	}
	mu.Unlock()

	c := h.join(t, WithRealm("blue"), WithID(discovery.ID{3}), WithNodeAuthenticator(newPair(t), knows("c", a.Public, b.Public)))
	if e := notLinked(t, na, about(c.ID())); !errors.Is(e.Err, ErrKey) || !strings.Contains(e.Err.Error(), "no friend of a") {
		t.Errorf("event %v", e)
	}
	if e := notLinked(t, na, strange); !errors.Is(e.Err, ErrKey) || !strings.Contains(e.Err.Error(), "no friend of a") {
		t.Errorf("event %v", e)
	}
	if e := notLinked(t, c, about(na.ID())); !errors.Is(e.Err, socket.ErrAuth) {
		t.Errorf("event %v", e)
	}
	if c.Stats().Links != 0 {
		t.Errorf("%d links", c.Stats().Links)
	}
}
