package socket_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// A SERVER answers its clients in whatever order it likes: each message comes
// with the number of its connection.
func ExampleNewServer() {
	ctx := context.Background()

	server := must(socket.NewServer())
	defer server.Close()
	endpoint := must(server.Bind("tcp://127.0.0.1:0"))

	client := must(socket.NewClient())
	defer client.Close()
	check(client.Connect(endpoint))
	check(client.Send(ctx, []byte("first")))
	check(client.Send(ctx, []byte("second")))

	m, one, err := server.RecvFrom(ctx)
	check(err)
	n, other, err := server.RecvFrom(ctx)
	check(err)
	fmt.Println("one client:", one.ID == other.ID, "with a number:", one.ID.RoutingID() != 0)
	check(server.SendTo(ctx, other.ID, append([]byte("answer to the "), n[0]...)))
	check(server.SendTo(ctx, one.ID, append([]byte("answer to the "), m[0]...)))

	fmt.Println(must(client.Recv(ctx)))
	fmt.Println(must(client.Recv(ctx)))
	// Output:
	// one client: true with a number: true
	// ["answer to the second"]
	// ["answer to the first"]
}

// The work of a SCATTER goes to the GATHER peers in turn. A message has one frame.
func ExampleNewScatter() {
	ctx := context.Background()

	scatter := must(socket.NewScatter())
	defer scatter.Close()
	endpoint := must(scatter.Bind("tcp://127.0.0.1:0"))

	one, other := must(socket.NewGather()), must(socket.NewGather())
	defer one.Close()
	defer other.Close()
	for i, g := range []*socket.Gather{one, other} {
		check(g.Connect(endpoint))
		check(scatter.WaitPeers(ctx, i+1))
	}
	for _, work := range []string{"a", "b", "c", "d"} {
		check(scatter.Send(ctx, []byte(work)))
	}
	err := scatter.Send(ctx, []byte("two"), []byte("frames"))
	fmt.Println(errors.Is(err, socket.ErrMessage), err)

	fmt.Println(must(one.Recv(ctx)), must(one.Recv(ctx)))
	fmt.Println(must(other.Recv(ctx)), must(other.Recv(ctx)))
	// Output:
	// true brokerless: SCATTER send: bad message: 2 frames, a SCATTER sends one
	// ["a"] ["c"]
	// ["b"] ["d"]
}

// Peers are equals: each may send first. Who connects has the number of the other
// at once, before anybody is there.
func ExamplePeerSocket_ConnectPeer() {
	ctx := context.Background()

	alice := must(socket.NewPeerSocket())
	defer alice.Close()
	id := must(alice.ConnectPeer("inproc://example-peers"))
	check(alice.SendTo(ctx, id, []byte("anybody there?")))

	bob := must(socket.NewPeerSocket())
	defer bob.Close()
	must(bob.Bind("inproc://example-peers"))
	m, peer, err := bob.RecvFrom(ctx)
	check(err)
	fmt.Println(m)
	check(bob.SendTo(ctx, peer.ID, []byte("I am")))

	m, peer, err = alice.RecvFrom(ctx)
	check(err)
	fmt.Println(m, peer.ID == id)

	check(alice.DisconnectPeer(id))
	fmt.Println(errors.Is(alice.SendTo(ctx, id, []byte("bye")), socket.ErrNoRoute))
	// Output:
	// ["anybody there?"]
	// ["I am"] true
	// true
}

// Two goroutines that talk to each other over a pair of sockets, as they might
// over two channels of Go; or two programs, over another transport.
func ExampleNewChannel() {
	ctx := context.Background()

	main := must(socket.NewChannel())
	defer main.Close()
	must(main.Bind("inproc://example-channel"))

	go func() {
		worker := must(socket.NewChannel())
		defer worker.Close()
		check(worker.Connect("inproc://example-channel"))
		for m, err := range worker.Messages(ctx) {
			check(err)
			check(worker.Send(ctx, append(m[0], " is done"...)))
			if string(m[0]) == "all" {
				return
			}
		}
	}()

	for _, work := range []string{"this", "that", "all"} {
		check(main.Send(ctx, []byte(work)))
		fmt.Println(must(main.Recv(ctx)))
	}
	// Output:
	// ["this is done"]
	// ["that is done"]
	// ["all is done"]
}

// A server learns by a message when a client has left, behind the last that the
// client has sent, and from the same number.
func ExampleWithDisconnectMessage() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	server := must(socket.NewServer(
		socket.WithHelloMessage([]byte("welcome")),
		socket.WithDisconnectMessage([]byte("left")),
	))
	defer server.Close()
	endpoint := must(server.Bind("tcp://127.0.0.1:0"))

	client := must(socket.NewClient())
	check(client.Connect(endpoint))
	fmt.Println(must(client.Recv(ctx)))
	check(client.Send(ctx, []byte("work")))
	check(client.Close())

	jobs := make(map[socket.PeerID]int)
	for m, peer, err := server.RecvFrom(ctx); ; m, peer, err = server.RecvFrom(ctx) {
		check(err)
		if string(m[0]) == "left" {
			fmt.Println("a client left after", jobs[peer.ID], "job")
			break
		}
		jobs[peer.ID]++
	}
	// Output:
	// ["welcome"]
	// a client left after 1 job
}
