package call_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/brokerless/brokerless/call"
	"github.com/brokerless/brokerless/codec"
	"github.com/brokerless/brokerless/socket"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func ensure(err error) {
	if err != nil {
		panic(err)
	}
}

// A server with one method, and a client that calls it.
func Example() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	colours := map[string]string{"sky": "blue"}
	s := must(call.NewServer())
	defer s.Close()
	ensure(call.Handle(s, "colour", codec.Text(), codec.Text(), func(_ context.Context, thing string) (string, error) {
		if c, ok := colours[thing]; ok {
			return c, nil
		}
		return "", call.Errorf(call.NotFound, "nobody knows the colour of %q", thing)
	}))
	ensure(second(s.Bind("inproc://example-call")))

	c := must(call.NewClient())
	defer c.Close()
	ensure(c.Connect("inproc://example-call"))
	colour := call.NewCaller(c, "colour", codec.Text(), codec.Text(), call.Idempotent())

	fmt.Println(colour.Call(ctx, "sky"))
	_, err := colour.Call(ctx, "time")
	fmt.Println(errors.Is(err, call.NotFound), err)
	// Output:
	// blue <nil>
	// true call of colour at inproc://example-call: not_found: nobody knows the colour of "time"
}

func second[T any](_ T, err error) error { return err }

// The answer is a stream: the server makes items as the client takes them, and
// stops when it takes no more.
func ExampleHandleStream() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	stopped := make(chan struct{})
	s := must(call.NewServer())
	defer s.Close()
	ensure(call.HandleStream(s, "count", codec.JSON[int](), codec.JSON[int](), func(_ context.Context, from int) iter.Seq2[int, error] {
		return func(yield func(int, error) bool) {
			defer close(stopped)
			for n := from; yield(n, nil); n++ {
			}
		}
	}))
	ensure(second(s.Bind("inproc://example-stream")))

	c := must(call.NewClient())
	defer c.Close()
	ensure(c.Connect("inproc://example-stream"))
	count := call.NewCaller(c, "count", codec.JSON[int](), codec.JSON[int]())
	for n, err := range count.Stream(ctx, 40) {
		ensure(err)
		fmt.Println(n)
		if n == 42 {
			break
		}
	}
	<-stopped
	// Output:
	// 40
	// 41
	// 42
}

// An interceptor refuses whoever does not bring the right token, which travels
// as metadata.
func ExampleInterceptor() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	guard := func(ctx context.Context, info *call.Info, next func(context.Context) error) error {
		if info.Metadata["token"] != "sesame" {
			return call.Errorf(call.Unauthenticated, "%s takes a token", info.Method)
		}
		return next(ctx)
	}
	s := must(call.NewServer(call.WithInterceptors(guard)))
	defer s.Close()
	ensure(s.Handle("shout", func(_ context.Context, r *call.Request) ([]byte, error) {
		return []byte(strings.ToUpper(string(r.Body))), nil
	}))
	ensure(second(s.Bind("inproc://example-interceptor")))

	c := must(call.NewClient())
	defer c.Close()
	ensure(c.Connect("inproc://example-interceptor"))
	_, err := c.Call(ctx, "shout", []byte("open"))
	fmt.Println(err)
	answer, err := c.Call(ctx, "shout", []byte("open"), call.WithMetadata(call.Metadata{"token": "sesame"}))
	fmt.Printf("%s %v\n", answer, err)
	// Output:
	// call of shout at inproc://example-interceptor: unauthenticated: shout takes a token
	// OPEN <nil>
}

// Any REQ socket can call: two frames there, two frames back.
func Example_anySocket() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	s := must(call.NewServer())
	defer s.Close()
	ensure(call.Handle(s, "greet", codec.Text(), codec.Text(), func(_ context.Context, name string) (string, error) {
		return "hello " + name, nil
	}))
	ensure(second(s.Bind("inproc://example-req")))

	req := must(socket.NewReq())
	defer req.Close()
	ensure(req.Connect("inproc://example-req"))
	fmt.Println(must(req.Request(ctx, []byte("greet"), []byte("world"))))
	fmt.Printf("%s\n", must(req.Request(ctx, []byte("grumble"), nil))[0])
	// Output:
	// ["" "hello world"]
	// unimplemented no method "grumble"
}
