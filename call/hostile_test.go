package call_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/brokerless/brokerless/call"
	"github.com/brokerless/brokerless/socket"
)

// TestHostilePeers sends a server what no client of ours sends. Each time an
// answer is due it comes, and a good client is served after all of it.
func TestHostilePeers(t *testing.T) {
	s := newServer(t)
	check(t, s.Handle("echo", echo))
	sent := make(chan int, 1)
	check(t, s.HandleStream("endless", endless(sent)))
	endpoint := bind(t, s, "tcp")
	good := newClient(t)
	check(t, good.Connect(endpoint))

	h := func(kind byte, id uint64) []byte { return rawHeader(kind, id, 0, 0) }
	version2 := h(callKind, 5)
	version2[0] = 2
	garbled := append(h(callKind, 6), 9, 'x')
	for _, tt := range []struct {
		name   string
		frames [][]byte
		want   string // status of what is due; "-" for nothing
		kind   byte   // of its header; 0 for none
	}{
		{"no delimiter", [][]byte{[]byte("echo"), []byte("x")}, "-", 0},
		{"only a delimiter", [][]byte{nil}, "invalid_argument a request of 0 frames, want a method, a body and a header if any", 0},
		{"no body", [][]byte{nil, []byte("echo")}, "invalid_argument a request of 1 frames, want a method, a body and a header if any", 0},
		{"many frames", append([][]byte{nil}, make([][]byte, 100)...), "invalid_argument a request of 100 frames, want a method, a body and a header if any", 0},
		{"many hops", append(repeat([]byte("hop"), 100), nil, []byte("echo"), nil), "-", 0},
		{"some hops", append(repeat([]byte("hop"), 10), nil, []byte("echo"), []byte("x")), "", 0},
		{"empty method", [][]byte{nil, nil, nil}, `unimplemented no method ""`, 0},
		{"long method", [][]byte{nil, bytes.Repeat([]byte("m"), 10000), nil}, "unimplemented no method ", 0},
		{"bare stream", [][]byte{nil, []byte("endless"), nil}, `unimplemented the method "endless" answers with a stream, which takes a header`, 0},
		{"empty header", [][]byte{nil, []byte("echo"), nil, nil}, "invalid_argument bad header: 0 octets, want at least 10", 0},
		{"short header", [][]byte{nil, []byte("echo"), nil, h(callKind, 1)[:17]}, "invalid_argument bad header: 17 octets, want at least 18", 0},
		{"next version", [][]byte{nil, []byte("echo"), nil, version2}, "unimplemented header of version 2, want 1", refusalKind},
		{"garbled metadata", [][]byte{nil, []byte("echo"), nil, garbled}, "invalid_argument bad header: metadata is cut off in a key", answerKind},
		{"too much metadata", [][]byte{nil, []byte("echo"), nil, append(h(callKind, 1), make([]byte, 8193)...)}, "invalid_argument bad header: 8193 octets of metadata, the limit is 8192", 0},
		{"kind 0", [][]byte{nil, nil, nil, h(0, 1)}, "-", 0},
		{"kind 255", [][]byte{nil, nil, nil, h(255, 1)}, "-", 0},
		{"an answer", [][]byte{nil, nil, nil, h(answerKind, 1)}, "-", 0},
		{"leaving", [][]byte{nil, nil, nil, h(leavingKind, 1)}, "-", 0},
		{"left", [][]byte{nil, nil, nil, h(leftKind, 1)}, "-", 0},
		{"cancel of nothing", [][]byte{nil, nil, nil, h(cancelKind, 1)}, "-", 0},
		{"credit for nothing", [][]byte{nil, nil, nil, rawHeader(creditKind, 1, 0, 1<<32-1)}, "-", 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newRaw(t, endpoint)
			p.send(tt.frames...)
			if tt.want != "-" {
				m := p.recv()
				for len(m) > 0 && len(m[0]) > 0 {
					m = m[1:]
				}
				if got := string(m[1]); got != tt.want && (len(tt.want) < 20 || got[:min(len(got), len(tt.want))] != tt.want) {
					t.Errorf("got %q, want %q", got, tt.want)
				}
				if tt.kind != 0 && (len(m) != 4 || m[3][1] != tt.kind) || tt.kind == 0 && len(m) != 3 {
					t.Errorf("got %v", m)
				}
			}
			p.call(77, "echo", 0, 0)
			p.expect(answerKind, 77)
		})
	}
	if a, err := good.Call(within(t), "echo", []byte("x")); err != nil || string(a) != "x" {
		t.Errorf("the good client: %q, %v", a, err)
	}
	if st := s.Stats(); st.Ignored != 6 || st.Refused != 10 || st.Clients == 0 {
		t.Errorf("counted %+v", st)
	}
}

func repeat(f []byte, n int) [][]byte {
	all := make([][]byte, n)
	for i := range all {
		all[i] = f
	}
	return all
}

func TestTakenId(t *testing.T) {
	g := newGated()
	s := newServer(t)
	check(t, s.Handle("work", g.handle))
	p := newRaw(t, bind(t, s, "tcp"))
	p.call(1, "work", 0, 0)
	<-g.runs
	p.call(1, "work", 0, 0)
	if m := p.expect(refusalKind, 1); string(m[1]) != "failed_precondition the id 1 is of a call in flight" {
		t.Errorf("got %v", m)
	}
	close(g.gate)
	p.expect(answerKind, 1)
}

// TestRoutesKeepIdsApart has two clients behind one peer, as a proxy has.
func TestRoutesKeepIdsApart(t *testing.T) {
	g := newGated()
	s := newServer(t)
	check(t, s.Handle("work", g.handle))
	p := newRaw(t, bind(t, s, "tcp"))
	for _, hop := range []string{"a", "b"} {
		p.send([]byte(hop), nil, []byte("work"), []byte(hop), rawHeader(callKind, 1, 0, 0))
		<-g.runs
	}
	close(g.gate)
	for range 2 {
		if m := p.recv(); len(m) != 5 || !bytes.Equal(m[0], m[3]) {
			t.Errorf("got %v", m)
		}
	}
}

// TestRandomMessages sends a server random frames made of what it may expect.
func TestRandomMessages(t *testing.T) {
	s := newServer(t, call.WithConcurrency(4), call.WithPeerCalls(10))
	check(t, s.Handle("echo", echo))
	sent := make(chan int, 100000)
	check(t, s.HandleStream("endless", endless(sent)))
	endpoint := bind(t, s, "tcp")
	good := newClient(t)
	check(t, good.Connect(endpoint))
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		d, err := socket.NewDealer()
		check(t, err)
		check(t, d.Connect(endpoint))
		check(t, d.WaitPeers(within(t), 1))
		for range 200 {
			frames := make([][]byte, 1+rnd.IntN(6))
			for i := range frames {
				switch rnd.IntN(6) {
				case 0, 1:
				case 2:
					frames[i] = []byte("echo")
				case 3:
					frames[i] = []byte("endless")
				default:
					frames[i] = rawHeader(byte(rnd.IntN(12)), uint64(rnd.IntN(5)), uint32(rnd.IntN(3)), uint32(rnd.IntN(3)))
					if rnd.IntN(4) == 0 {
						frames[i] = append(frames[i], make([]byte, rnd.IntN(5))...)
					}
				}
			}
			check(t, d.Send(within(t), frames...))
		}
		if a, err := good.Call(within(t), "echo", []byte("x")); err != nil || string(a) != "x" {
			t.Fatalf("the good client: %q, %v", a, err)
		}
		check(t, d.Close())
	}
	if a, err := good.Call(within(t), "echo", []byte("x")); err != nil || string(a) != "x" {
		t.Fatalf("the good client: %q, %v", a, err)
	}
}

// TestDeafPeer has a peer that calls for large answers and never reads one: it
// holds up nobody else.
func TestDeafPeer(t *testing.T) {
	s := newServer(t, call.WithConcurrency(2))
	check(t, s.Handle("echo", echo))
	check(t, s.Handle("large", func(context.Context, *call.Request) ([]byte, error) { return make([]byte, 8<<20), nil }))
	endpoint := bind(t, s, "tcp")
	d, err := socket.NewDealer(socket.WithRecvHWM(1), socket.WithLinger(0))
	check(t, err)
	defer d.Close()
	check(t, d.Connect(endpoint))
	check(t, d.WaitPeers(within(t), 1))
	for id := range uint64(20) {
		check(t, d.Send(within(t), nil, []byte("large"), nil, rawHeader(callKind, id, 0, 0)))
	}
	good := newClient(t)
	check(t, good.Connect(endpoint))
	for range 100 {
		if _, err := good.Call(within(t), "echo", nil); err != nil {
			t.Fatal(err)
		}
	}
}

// evil is a server that says what the test wants, once it has welcomed a client.
type evil struct {
	t *testing.T
	*socket.Router
}

func newEvil(t *testing.T) (*evil, string) {
	t.Helper()
	r, err := socket.NewRouter(socket.WithLinger(100 * time.Millisecond))
	check(t, err)
	t.Cleanup(func() { r.Close() })
	endpoint, err := r.Bind("tcp://127.0.0.1:0")
	check(t, err)
	return &evil{t, r}, endpoint
}

// welcome answers the hello of a client.
func (e *evil) welcome() {
	m, err := e.Recv(e.t.Context())
	if err != nil || len(m) != 5 || m[4][1] != 9 {
		e.t.Errorf("got %v, %v, want a hello", m, err)
		return
	}
	check(e.t, e.Send(e.t.Context(), m[0], nil, nil, nil, rawHeader(10, 0, 0, 0)))
}

func TestHostileServer(t *testing.T) {
	id := func(call []byte) uint64 { return binary.BigEndian.Uint64(call[2:]) }
	for _, tt := range []struct {
		name   string
		answer func(call []byte) [][]byte // what comes before the honest answer
		code   call.Code                  // 0: the honest answer counts
	}{
		{"nothing of sense", func([]byte) [][]byte { return [][]byte{[]byte("x")} }, 0},
		{"no header", func([]byte) [][]byte { return [][]byte{nil, nil, []byte("evil")} }, 0},
		{"short header", func(c []byte) [][]byte { return [][]byte{nil, nil, []byte("evil"), c[:9]} }, 0},
		{"other version", func(c []byte) [][]byte {
			h := rawHeader(answerKind, id(c), 0, 0)
			h[0] = 7
			return [][]byte{nil, nil, []byte("evil"), h}
		}, 0},
		{"other id", func(c []byte) [][]byte {
			return [][]byte{nil, nil, []byte("evil"), rawHeader(answerKind, id(c)+1, 0, 0)}
		}, 0},
		{"a call", func(c []byte) [][]byte { return [][]byte{nil, nil, []byte("evil"), c} }, 0},
		{"unknown kind", func(c []byte) [][]byte { return [][]byte{nil, nil, []byte("evil"), rawHeader(99, id(c), 0, 0)} }, 0},
		{"an item unasked for", func(c []byte) [][]byte {
			return [][]byte{nil, nil, []byte("evil"), rawHeader(itemKind, id(c), 0, 0)}
		}, call.Internal},
		{"garbled metadata", func(c []byte) [][]byte {
			return [][]byte{nil, nil, []byte("good"), append(rawHeader(answerKind, id(c), 0, 0), 200)}
		}, 0},
		{"unknown code", func(c []byte) [][]byte {
			return [][]byte{nil, []byte("\xfe\xff new"), nil, rawHeader(answerKind, id(c), 0, 0)}
		}, call.Unknown},
	} {
		t.Run(tt.name, func(t *testing.T) {
			e, endpoint := newEvil(t)
			go func() {
				e.welcome()
				m, err := e.Recv(t.Context())
				if err != nil {
					return
				}
				_ = e.Send(t.Context(), append([][]byte{m[0]}, tt.answer(m[4])...)...)
				_ = e.Send(t.Context(), m[0], nil, nil, []byte("good"), rawHeader(answerKind, id(m[4]), 0, 0))
			}()
			c := newClient(t)
			check(t, c.Connect(endpoint))
			var reply call.Metadata
			a, err := c.Call(within(t), "x", nil, call.WithReply(&reply))
			if call.CodeOf(err) != tt.code || err == nil && string(a) != "good" {
				t.Errorf("%q, %v", a, err)
			}
		})
	}
}

// TestEagerServer sends more items of a stream than there is credit for.
func TestEagerServer(t *testing.T) {
	e, endpoint := newEvil(t)
	told := make(chan byte, 1)
	go func() {
		e.welcome()
		m, err := e.Recv(t.Context())
		if err != nil {
			return
		}
		h := bytes.Clone(m[4])
		h[1] = itemKind
		for range 100 {
			_ = e.Send(t.Context(), m[0], nil, nil, []byte("item"), h)
		}
		for { // credit for what was taken, and in the end a cancellation
			m, err := e.Recv(t.Context())
			if err != nil || m[4][1] != creditKind {
				if err == nil {
					told <- m[4][1]
				}
				return
			}
		}
	}()
	c := newClient(t)
	check(t, c.Connect(endpoint))
	items := 0
	for _, err := range c.Stream(within(t), "x", nil, call.WithWindow(8)) {
		if err != nil {
			if !errors.Is(err, call.Internal) {
				t.Error(err)
			}
			break
		}
		items++
		if items == 1 {
			if k := <-told; k != cancelKind { // nothing is taken until then
				t.Errorf("the server was told kind %d", k)
			}
		}
	}
	if items > 9 {
		t.Errorf("%d items of a stream with room for 8", items)
	}
	if items == 0 {
		t.Error("no item came")
	}
}
