package socket_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/brokerless/brokerless/socket"
)

// A STREAM as a server for a peer that speaks HTTP. Data has no boundaries, so
// what has come of a request is kept until it is whole.
func ExampleNewStream() {
	ctx := context.Background()

	server := must(socket.NewStream())
	defer server.Close()
	endpoint := must(server.Bind("tcp://127.0.0.1:0"))
	go func() {
		requests := make(map[string][]byte) // by routing id
		for m := range server.Messages(ctx) {
			id, data := m[0], m[1]
			if len(data) == 0 { // a connection has come, or gone
				delete(requests, string(id))
				continue
			}
			requests[string(id)] = append(requests[string(id)], data...)
			if request := requests[string(id)]; bytes.HasSuffix(request, []byte("\r\n\r\n")) {
				path := strings.Fields(string(request))[1]
				_ = server.Send(ctx, id, fmt.Appendf(nil, "HTTP/1.0 200 OK\r\n\r\nYou asked for %s.", path))
				_ = server.Send(ctx, id, nil) // ends the connection
			}
		}
	}()

	answer := must(http.Get("http" + strings.TrimPrefix(endpoint, "tcp") + "/weather"))
	defer answer.Body.Close()
	fmt.Println(answer.Status)
	fmt.Printf("%s\n", must(io.ReadAll(answer.Body)))
	// Output:
	// 200 OK
	// You asked for /weather.
}

// A STREAM that is the client: the notice that the connection is there has the
// routing id to send to.
func ExampleStream_SendTo() {
	ctx := context.Background()

	server := must(socket.NewStream())
	defer server.Close()
	client := must(socket.NewStream())
	defer client.Close()
	check(client.Connect(must(server.Bind("tcp://127.0.0.1:0"))))

	_, peer, err := client.RecvFrom(ctx) // the notice
	check(err)
	check(client.SendTo(ctx, peer.ID, []byte("octets")))

	fmt.Printf("%q\n", must(server.Recv(ctx))[1])
	fmt.Printf("%q\n", must(server.Recv(ctx))[1])
	// Output:
	// ""
	// "octets"
}
