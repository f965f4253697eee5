package interop

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"sync"
	"testing"

	"github.com/brokerless/brokerless/call"
	"github.com/brokerless/brokerless/codec"
	"github.com/brokerless/brokerless/interop/peer"
)

// newCallServer makes a server with a few methods: "double" answers a text with
// it twice, "spell" with a stream of its letters.
func newCallServer(t *testing.T) (s *call.Server, endpoint string) {
	t.Helper()
	s, err := call.NewServer(call.WithSocket(quick()))
	must(t, err)
	t.Cleanup(func() { s.Close() })
	must(t, call.Handle(s, "double", codec.Text(), codec.Text(), func(_ context.Context, q string) (string, error) {
		if q == "" {
			return "", call.Errorf(call.InvalidArgument, "nothing to double")
		}
		return q + q, nil
	}))
	must(t, call.HandleStream(s, "spell", codec.Text(), codec.Text(), func(_ context.Context, q string) iter.Seq2[string, error] {
		return func(yield func(string, error) bool) {
			for _, letter := range q {
				if !yield(string(letter), nil) {
					return
				}
			}
		}
	}))
	endpoint, err = s.Bind("tcp://127.0.0.1:0")
	must(t, err)
	return s, endpoint
}

// TestReqCalls has a REQ of libzmq call methods: two frames there, two back.
func TestReqCalls(t *testing.T) {
	p := startLibzmq(t)
	_, endpoint := newCallServer(t)
	for _, opts := range [][]peer.Option{nil, {peer.Int("REQ_CORRELATE", 1), peer.Int("REQ_RELAXED", 1)}} {
		req := theirs(t, p, "REQ", opts...)
		must(t, req.Connect(endpoint))
		for range 3 {
			send(t, req, text("double", "tea")...)
			expect(t, req, text("", "teatea")...)
		}
		send(t, req, text("double", "")...)
		expect(t, req, text("invalid_argument nothing to double", "")...)
		send(t, req, text("treble", "tea")...)
		expect(t, req, text(`unimplemented no method "treble"`, "")...)
		send(t, req, text("alone")...)
		expect(t, req, text("invalid_argument a request of 1 frames, want a method, a body and a header if any", "")...)
		send(t, req, text("double", "tea")...)
		expect(t, req, text("", "teatea")...)
	}
}

// TestDealerCalls has a DEALER of libzmq speak the whole of the format, as a
// client in another language does: many calls at once, and a stream.
func TestDealerCalls(t *testing.T) {
	p := startLibzmq(t)
	_, endpoint := newCallServer(t)
	dealer := theirs(t, p, "DEALER")
	must(t, dealer.Connect(endpoint))
	header := func(kind byte, id uint64, left, credit uint32) []byte {
		b := binary.BigEndian.AppendUint64([]byte{1, kind}, id)
		return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(b, left), credit)
	}
	const calls = 50
	for id := range uint64(calls) {
		send(t, dealer, nil, []byte("double"), []byte(fmt.Sprint(id)), header(1, id, 10000, 0))
	}
	seen := make(map[uint64]bool)
	for range calls {
		m := recv(t, dealer)
		if len(m) != 4 || len(m[3]) != 18 || m[3][1] != 4 {
			t.Fatalf("got %v", m)
		}
		id := binary.BigEndian.Uint64(m[3][2:])
		if want := fmt.Sprint(id, id); string(m[2]) != fmt.Sprintf("%d%d", id, id) || seen[id] {
			t.Errorf("got %v, want %s once", m, want)
		}
		seen[id] = true
	}
	send(t, dealer, nil, []byte("spell"), []byte("tea"), header(1, 7, 0, 2))
	expect(t, dealer, nil, nil, []byte("t"), header(6, 7, 0, 0))
	expect(t, dealer, nil, nil, []byte("e"), header(6, 7, 0, 0))
	send(t, dealer, nil, nil, nil, header(3, 7, 0, 1))
	expect(t, dealer, nil, nil, []byte("a"), header(6, 7, 0, 0))
	expect(t, dealer, nil, nil, nil, header(4, 7, 0, 0))
}

// TestCallsThroughTheirProxy has clients of ours behind a proxy of libzmq, whose
// calls have the same ids.
func TestCallsThroughTheirProxy(t *testing.T) {
	p := startLibzmq(t)
	_, endpoint := newCallServer(t)
	proxy := libzmq.restart(t)
	front, back := theirs(t, proxy, "ROUTER"), theirs(t, proxy, "DEALER")
	must(t, back.Connect(endpoint))
	behind := bind(t, front, "tcp://127.0.0.1:*")
	must(t, front.Proxy(back))

	req := theirs(t, p, "REQ")
	must(t, req.Connect(behind))
	send(t, req, text("double", "tea")...)
	expect(t, req, text("", "teatea")...)

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	const clients, calls = 3, 50
	errs := make(chan error, clients*calls)
	for n := range clients {
		c, err := call.NewClient(call.WithSocket(quick()))
		must(t, err)
		t.Cleanup(func() { c.Close() })
		must(t, c.Connect(behind))
		double := call.NewCaller(c, "double", codec.Text(), codec.Text())
		var wg sync.WaitGroup
		for i := range calls {
			wg.Go(func() {
				q := fmt.Sprintf("%d/%d ", n, i)
				a, err := double.Call(ctx, q)
				if err == nil && a != q+q {
					err = fmt.Errorf("%q is answered with %q", q, a)
				}
				errs <- err
			})
		}
		wg.Wait()
		if _, err := double.Call(ctx, ""); !errors.Is(err, call.InvalidArgument) {
			t.Errorf("the error came as %v", err)
		}
	}
	for range clients * calls {
		must(t, <-errs)
	}
}
