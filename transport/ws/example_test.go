package ws_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/transport/ws"
)

func Example() {
	ctx := context.Background()
	pull := must(socket.NewPull(socket.WithTransport(ws.New())))
	defer pull.Close()
	endpoint := must(pull.Bind("ws://127.0.0.1:0/orders"))

	push := must(socket.NewPush(socket.WithTransport(ws.New())))
	defer push.Close()
	check(push.Connect(endpoint))
	check(push.Send(ctx, []byte("tea")))

	m := must(pull.Recv(ctx))
	fmt.Printf("%s\n", m[0])
	// Output:
	// tea
}

// A socket among the pages of a web server.
func ExampleNewListener() {
	ctx := context.Background()
	pub := must(socket.NewPub())
	defer pub.Close()
	l := ws.NewListener("news", ws.WithOrigins("www.example.com"))
	check(pub.BindListener(l))

	mux := http.NewServeMux()
	mux.Handle("/news", l)
	server := httptest.NewServer(mux)
	defer server.Close()

	sub := must(socket.NewSub(socket.WithTransport(ws.New())))
	defer sub.Close()
	check(sub.Subscribe(""))
	check(sub.Connect("ws" + strings.TrimPrefix(server.URL, "http") + "/news"))
	check(pub.WaitSubscribers(ctx, "", 1))
	check(pub.Send(ctx, []byte("it rains")))

	m := must(sub.Recv(ctx))
	fmt.Printf("%s\n", m[0])
	// Output:
	// it rains
}

func must[T any](v T, err error) T {
	check(err)
	return v
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
