package call_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/brokerless/brokerless/call"
	"github.com/brokerless/brokerless/codec"
	"github.com/brokerless/brokerless/socket"
)

// within returns a context that ends a test which hangs.
func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// quick are socket options for tests, in which nobody wants to wait.
func quick() call.Option {
	return call.WithSocket(socket.WithRedial(time.Millisecond, 20*time.Millisecond), socket.WithLinger(200*time.Millisecond))
}

func newServer(t testing.TB, opts ...call.ServerOption) *call.Server {
	t.Helper()
	s, err := call.NewServer(append([]call.ServerOption{quick()}, opts...)...)
	check(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func newClient(t testing.TB, opts ...call.ClientOption) *call.Client {
	t.Helper()
	c, err := call.NewClient(append([]call.ClientOption{quick()}, opts...)...)
	check(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

// text is the codec of most tests.
var text = codec.Text()

var endpoints atomic.Int64

// bind binds a server to an endpoint of its own.
func bind(t testing.TB, s *call.Server, scheme string) string {
	t.Helper()
	endpoint := map[string]string{
		"tcp":    "tcp://127.0.0.1:0",
		"inproc": fmt.Sprintf("inproc://call-test-%d", endpoints.Add(1)),
	}[scheme]
	endpoint, err := s.Bind(endpoint)
	check(t, err)
	return endpoint
}

// join returns a client that is connected to servers.
func join(t testing.TB, servers ...*call.Server) *call.Client {
	t.Helper()
	return joinWith(t, nil, servers...)
}

func joinWith(t testing.TB, opts []call.ClientOption, servers ...*call.Server) *call.Client {
	t.Helper()
	c := newClient(t, opts...)
	for _, s := range servers {
		check(t, c.Connect(bind(t, s, "tcp")))
	}
	check(t, c.WaitServers(within(t), len(servers)))
	return c
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// echo answers with the request.
func echo(_ context.Context, r *call.Request) ([]byte, error) { return r.Body, nil }

// overTransports runs a test over each.
func overTransports(t *testing.T, test func(t *testing.T, scheme string)) {
	for _, scheme := range []string{"tcp", "inproc"} {
		t.Run(scheme, func(t *testing.T) { test(t, scheme) })
	}
}
