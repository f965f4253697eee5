package socket

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestHostileTraffic: a peer that breaks the rules after its handshake is
// disconnected at the octet that does so. What it sent is all or nothing.
func TestHostileTraffic(t *testing.T) {
	for _, a := range []attack{
		{name: "size 2^63", octets: longHeader(0, 1<<63), is: ErrProtocol, says: "frame"},
		{name: "size 2^64-1", octets: longHeader(more, 1<<64-1), is: ErrProtocol, says: "frame"},
		{name: "size 2^63-1", octets: longHeader(0, 1<<63-1), is: ErrTooLarge, says: "9223372036854775807"},
		{name: "size 2^48", octets: longHeader(0, 1<<48), is: ErrTooLarge, says: "281474976710656"},
		{name: "size 2^30", octets: longHeader(0, 1<<30), is: ErrTooLarge, says: "1073741824"},
		{name: "sizes that sum to 2^63", octets: append(message("a", "b")[:3], longHeader(more, 1<<63-1)...), is: ErrTooLarge},
		{name: "MORE without end", octets: bytes.Repeat(frame(more, nil), 4097), is: ErrTooLarge, says: "4096 frames"},
		{name: "reserved flag 8", octets: frame(8, []byte("x")), is: ErrProtocol, says: "frame"},
		{name: "reserved flag 128", octets: frame(128, []byte("x")), is: ErrProtocol, says: "frame"},
		{name: "command with MORE", octets: frame(control|more, []byte("\x04PING\x00\x00")), is: ErrProtocol, says: "frame"},
		{name: "empty command", octets: frame(control, nil), is: ErrProtocol, says: "command"},
		{name: "command with an empty name", octets: frame(control, []byte("\x00x")), is: ErrProtocol, says: "command"},
		{name: "command name over the body", octets: frame(control, []byte("\x05PING")), is: ErrProtocol, says: "command"},
		{name: "command of 1 MiB", octets: longHeader(control, 1<<20), is: ErrTooLarge, says: "1048576"},
		{name: "command of 2^63-1", octets: longHeader(control, 1<<63-1), is: ErrTooLarge, says: "9223372036854775807"},
		{name: "PING without TTL", octets: command("PING", ""), is: ErrProtocol, says: "PING"},
		{name: "PING with half a TTL", octets: command("PING", "\x00"), is: ErrProtocol, says: "PING"},
		{name: "second READY", octets: ready("Socket-Type", "PUSH", "Identity", "another"), is: ErrProtocol, says: "READY after the handshake"},
		{name: "ERROR after READY", octets: command("ERROR", "\x04away"), is: ErrProtocol, says: "peer refused the connection: \"away\""},
		{name: "second greeting", octets: greeting(3, 1, "NULL"), is: ErrProtocol, says: "frame"},
		{name: "cut off in a header", octets: longHeader(0, 300)[:5], finish: true, says: "peer closed"},
		{name: "cut off in a small body", octets: frame(0, []byte("hello"))[:4], finish: true, says: "peer closed"},
		{name: "cut off in a large body", octets: frame(0, make([]byte, 100<<10))[:70<<10], finish: true, says: "peer closed"},
		{name: "cut off between frames", octets: frame(more, []byte("half")), finish: true, says: "peer closed"},
		{name: "cut off after a large frame", octets: frame(more, make([]byte, 100<<10)), finish: true, says: "peer closed"},
		{name: "cut off in a command", octets: command("PING", "\x00\x00")[:4], finish: true, says: "peer closed"},
	} {
		t.Run(a.name, func(t *testing.T) {
			s := newScene(t)
			r := dialRaw(t, s.endpoint)
			r.meet("PUSH")
			a.strike(t, s, r, EventDisconnected)
		})
	}
}

// TestHostileReset: a connection that is reset anywhere within a message leaves
// nothing of it.
func TestHostileReset(t *testing.T) {
	whole := append(append(frame(more, []byte("head")), frame(more, make([]byte, 40<<10))...), frame(0, []byte("tail"))...)
	for _, at := range []int{0, 1, 3, 6, 7, 14, 15, 20 << 10, len(whole) - 7, len(whole) - 6, len(whole) - 5, len(whole) - 1} {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			s := newScene(t)
			r := dialRaw(t, s.endpoint)
			r.meet("PUSH")
			r.send(whole[:at])
			r.reset()
			s.events.await("disconnected", about(EventDisconnected, r.address()))
			s.served()
		})
	}
}

// TestHarmless: what looks odd and is legal is served like anything else.
func TestHarmless(t *testing.T) {
	meet := func(major, minor byte, properties ...string) func(*raw) {
		return func(r *raw) { r.meetAs(major, minor, properties...) }
	}
	push := meet(3, 1, "Socket-Type", "PUSH")
	server := greeting(3, 1, "NULL")
	server[32] = 1 // as-server means nothing to NULL
	dirty := greeting(3, 1, "NULL")
	copy(dirty[1:9], "\xff\xff\xff\xff\xff\xff\xff\xff")
	copy(dirty[33:], strings.Repeat("\xff", 31))
	octets := func(b []byte) func(*raw) {
		return func(r *raw) { r.send(b, ready("Socket-Type", "PUSH")) }
	}
	for _, tt := range []struct {
		name   string
		meet   func(*raw)
		octets []byte // before the message that has to arrive
	}{
		{"version 3.0", meet(3, 0, "Socket-Type", "PUSH"), nil},
		{"version 3.2", meet(3, 2, "Socket-Type", "PUSH"), nil},
		{"version 3.255", meet(3, 255, "Socket-Type", "PUSH"), nil},
		{"version 4.0", meet(4, 0, "Socket-Type", "PUSH"), nil},
		{"version 255.255", meet(255, 255, "Socket-Type", "PUSH"), nil},
		{"property names in other case", meet(3, 1, "SOCKET-TYPE", "PUSH"), nil},
		{"64 properties", meet(3, 1, append([]string{"Socket-Type", "PUSH"}, properties(63)...)...), nil},
		{"identity of 255 octets", meet(3, 1, "Socket-Type", "PUSH", "Identity", strings.Repeat("i", 255)), nil},
		{"as-server", octets(server), nil},
		{"padding and filler set", octets(dirty), nil},
		{"LONG on an empty frame", push, append(longHeader(more, 0), frame(0, []byte("x"))...)},
		{"LONG on one octet", push, append(longHeader(0, 1), 'x')},
		{"LONG on a command", push, append(longHeader(control, 7), "\x04PING\x00\x00"...)},
		{"unknown command", push, command("NONSENSE", "whatever")},
		{"command with a name of 255 octets", push, command(strings.Repeat("N", 255), "")},
		{"SUBSCRIBE", push, command("SUBSCRIBE", "topic")},
		{"CANCEL of what was never there", push, command("CANCEL", "topic")},
		{"PONG that nobody asked for", push, command("PONG", "whatever")},
		{"PING with a context of 100 octets", push, command("PING", "\x00\x00"+strings.Repeat("c", 100))},
		{"4096 frames", push, append(bytes.Repeat(frame(more, nil), 4095), frame(0, nil)...)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newScene(t)
			r := dialRaw(t, s.endpoint)
			tt.meet(r)
			r.send(tt.octets, message("still", "here"))
			for got := s.recv(); !slices.Equal(got, []string{"still", "here"}); got = s.recv() {
				if len(tt.octets) == 0 || tt.octets[0]&control != 0 {
					t.Fatalf("received %q", got)
				}
			}
			s.served()
			if st := s.victim.Stats(); st.Peers != 3 || st.Refused != 0 {
				t.Errorf("%d peers, %d refused, want 3 and 0", st.Peers, st.Refused)
			}
		})
	}
}

// properties returns n properties that mean nothing.
func properties(n int) (pairs []string) {
	for i := range n {
		pairs = append(pairs, fmt.Sprintf("X-%d", i), "")
	}
	return pairs
}

// TestHostileSizesCostNothing: a length on the wire is never trusted with an
// allocation. Each of these peers announces as much as a message may have.
func TestHostileSizesCostNothing(t *testing.T) {
	const peers = 40
	s := newScene(t)
	rs := make([]*raw, peers)
	for i := range rs {
		rs[i] = dialRaw(t, s.endpoint)
		rs[i].meet("PUSH")
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for _, r := range rs {
		r.send(longHeader(0, 64<<20), []byte("a little"))
		r.finish()
		r.ended()
	}
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > peers*1<<20 {
		t.Errorf("%d peers that announced 64 MiB made us allocate %d MiB", peers, n>>20)
	}
	s.served()
}

// TestHostilePings: a flood of PING is answered by at most one PONG at a time,
// the last of them with the last context, and holds up nobody.
func TestHostilePings(t *testing.T) {
	const pings = 50_000
	s := newScene(t)
	r := dialRaw(t, s.endpoint)
	r.meet("PUSH")
	var flood []byte
	for i := range pings {
		flood = append(flood, command("PING", fmt.Sprintf("\x00\x00%016d", i))...)
	}
	sent := make(chan error, 1)
	go func() {
		_, err := r.Write(flood)
		sent <- err
	}()
	s.served()
	last, pongs := "", 0
	for want := fmt.Sprintf("%016d", pings-1); last != want; pongs++ {
		_, body, err := r.read()
		if err != nil {
			t.Fatalf("after %d PONGs: %v", pongs, err)
		}
		context, ok := strings.CutPrefix(string(body), "\x04PONG")
		if !ok || context <= last {
			t.Fatalf("%q after the context %q", body, last)
		}
		last = context
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
	s.served()
}

// TestHostileMetadataIsNotTold: an ERROR that quotes what a peer sent does not
// grow with it.
func TestHostileMetadataIsNotTold(t *testing.T) {
	s := newScene(t)
	r := dialRaw(t, s.endpoint)
	r.send(greeting(3, 1, "NULL"), ready("Socket-Type", strings.Repeat("X", 10_000)))
	if told := r.ended(); len(told) > 1000 {
		t.Errorf("the peer was told %d octets", len(told))
	}
	e := s.events.await("refused", about(EventHandshakeFailed, r.address()))
	if !errors.Is(e.Err, ErrProtocol) {
		t.Errorf("reason %v", e.Err)
	}
	s.served()
}
