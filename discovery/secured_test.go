package discovery_test

import (
	"fmt"
	"testing"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/auth"
	"github.com/brokerless/brokerless/socket/curve"
)

// TestFollowSecured: a socket that is secured follows instances that each have a
// key of their own, and one that announces another's key is not spoken with.
func TestFollowSecured(t *testing.T) {
	b := &board{}
	own := must(curve.NewKeyPair())
	keys := make(map[string]curve.Key) // that the instances have to have, by the name of the connection
	var pulls []*socket.Pull
	for n := range byte(3) {
		pair := must(curve.NewKeyPair())
		pull := must(socket.NewPull(socket.WithSecurity(curve.Server(pair)), socket.WithAuthenticator(auth.Keys(own.Public))))
		t.Cleanup(func() { pull.Close() })
		pulls = append(pulls, pull)
		b.put(t, worker(n+1, must(pull.Bind("tcp://127.0.0.1:0"))))
		keys[name(n+1)] = pair.Public
	}
	keys[name(3)] = own.Public
	push := must(socket.NewPush(socket.WithImmediate(), socket.WithSecurity(curve.Peers(own, func(c socket.Connection) (curve.Key, error) {
		if key, ok := keys[c.Endpoint]; ok {
			return key, nil
		}
		return curve.Key{}, fmt.Errorf("nobody knows %s", c.Endpoint)
	})), socket.WithAuthenticator(auth.Keys())))
	defer push.Close()
	refused := push.Monitor()
	defer refused.Close()
	f := must(discovery.Follow(t.Context(), b, "work", push, discovery.WithLoopback()))
	defer f.Close()
	ctx := bounded(t)
	if err := push.WaitPeers(ctx, 2); err != nil {
		t.Fatal(err)
	}
	for e := range refused.Events(ctx) {
		if e.Kind == socket.EventReady && e.Endpoint == name(3) {
			t.Fatalf("%v", e)
		}
		if e.Kind == socket.EventHandshakeFailed && e.Endpoint == name(3) {
			break
		}
	}
	for range 2 {
		if err := push.Send(ctx, []byte("hello")); err != nil {
			t.Fatal(err)
		}
	}
	for _, pull := range pulls[:2] {
		_, from, err := pull.RecvFrom(ctx)
		if err != nil || from.Mechanism != "CURVE" {
			t.Errorf("%v from %+v", err, from)
		}
	}
	if s := pulls[2].Stats(); s.Peers != 0 {
		t.Errorf("%d peers of one that has another key", s.Peers)
	}
}
