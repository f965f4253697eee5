package mesh_test

import (
	"context"
	"fmt"
	"log"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/discovery/mesh"
	"github.com/brokerless/brokerless/discovery/static"
	"github.com/brokerless/brokerless/socket"
)

// Two nodes find each other by a list. On a local network they need none:
// without WithBackend they find each other by multicast.
func Example() {
	ctx := context.Background()
	nobody, err := static.New()
	check(err)
	shop, err := mesh.Join(ctx, "orders", mesh.WithName("shop"), mesh.WithBackend(nobody), mesh.WithBind("tcp://127.0.0.1:0"))
	check(err)
	defer shop.Close()
	_, err = shop.Serve("price", func(_ context.Context, r mesh.Request) (socket.Message, error) {
		return socket.Message{fmt.Appendf(nil, "%s costs 42", r.Frames[0])}, nil
	})
	check(err)

	list, err := static.New(discovery.Instance{
		ID: shop.ID(), Service: "orders", SocketType: "ROUTER", Endpoints: shop.Endpoints(),
	})
	check(err)
	till, err := mesh.Join(ctx, "orders", mesh.WithName("till"), mesh.WithBackend(list), mesh.WithBind("tcp://127.0.0.1:0"),
		mesh.WithLoopback(), mesh.WithID(discovery.ID{1})) // of two, the lower id connects
	check(err)
	defer till.Close()
	reply, err := till.Call(ctx, "price", []byte("tea"))
	check(err)
	fmt.Println(string(reply[0]))
	for _, p := range till.Peers() {
		fmt.Println(p.Name, "is", p.State)
	}
	// Output:
	// tea costs 42
	// shop is up
}

// Two nodes with one passphrase meet, and nobody else can read or take part.
func ExampleWithRealmKey() {
	ctx := context.Background()
	key := mesh.WithRealmKey("correct horse battery staple") // of a file, in earnest
	nobody, err := static.New()
	check(err)
	shop, err := mesh.Join(ctx, "orders", key, mesh.WithName("shop"), mesh.WithBackend(nobody), mesh.WithBind("tcp://127.0.0.1:0"))
	check(err)
	defer shop.Close()
	list, err := static.New(static.Endpoints("orders", "ROUTER", shop.Endpoints()...)...)
	check(err)
	till, err := mesh.Join(ctx, "orders", key, mesh.WithBackend(list), mesh.WithBind("tcp://127.0.0.1:0"),
		mesh.WithLoopback(), mesh.WithID(discovery.ID{1})) // of two, the lower id connects
	check(err)
	defer till.Close()
	check(till.WaitPeers(ctx, 1))
	for _, p := range till.Peers() {
		fmt.Println(p.Name, "is", p.State)
	}
	for _, p := range till.Stats().Socket.Each {
		fmt.Println("by", p.Peer.Mechanism)
	}
	// Output:
	// shop is up
	// by CURVE
}

func check(err error) {
	if err != nil {
		log.Panic(err)
	}
}
