package interop

import (
	"bytes"
	"testing"

	"github.com/brokerless/brokerless/interop/peer"
	"github.com/brokerless/brokerless/socket"
)

// TestStream exchanges octets between a STREAM of ours and one of theirs, either
// side bound, and ends the connection from either side.
func TestStream(t *testing.T) { eachPeer(t, rowStream, bothLibzmqs, streams) }

func streams(t *testing.T, p *process) {
	large := bytes.Repeat([]byte("0123456789abcdef"), 1<<16)
	for _, weBind := range []bool{true, false} {
		for _, weEnd := range []bool{true, false} {
			t.Run("bound="+side(weBind)+"/ends="+side(weEnd), func(t *testing.T) {
				stream, err := socket.NewStream(quick(), socket.WithRedial(patience, patience))
				we, they := own(t, stream, err), theirs(t, p, "STREAM")
				if weBind {
					link(t, "tcp", we, they)
				} else {
					link(t, "tcp", they, we)
				}
				ourID, theirID := notice(t, we), notice(t, they)
				send(t, we, ourID, []byte("from ours"))
				octets(t, they, theirID, []byte("from ours"))
				send(t, they, theirID, []byte("from theirs"))
				octets(t, we, ourID, []byte("from theirs"))
				send(t, they, theirID, large)
				octets(t, we, ourID, large)
				send(t, we, ourID, large)
				if weEnd {
					send(t, we, ourID, nil)
				}
				octets(t, they, theirID, large)
				if weEnd {
					expect(t, they, theirID, nil)
				} else {
					send(t, they, theirID, nil)
					attendUntil(t, they, we)
				}
				expect(t, we, ourID, nil)
			})
		}
	}
}

// TestStreamToZMTP has a STREAM speak ZMTP by hand to a DEALER of libzmq, which
// begins with the signature alone and goes on when that is answered (WT-06).
func TestStreamToZMTP(t *testing.T) {
	p := startLibzmq(t)
	stream, err := socket.NewStream(quick())
	we, they := own(t, stream, err), theirs(t, p, "DEALER", peer.Bytes("ROUTING_ID", "them"))
	link(t, "tcp", we, they)
	id := notice(t, we)
	octets(t, we, id, []byte("\xff\x00\x00\x00\x00\x00\x00\x00\x05\x7f"))
	send(t, we, id, []byte("\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x01\x06\x00\x00")) // a ROUTER of 2.0
	octets(t, we, id, []byte("\x03\x05\x00\x04them"))
	send(t, they, text("hello")...)
	octets(t, we, id, []byte("\x00\x05hello"))
	send(t, we, id, []byte("\x00\x05world"))
	expect(t, they, text("world")...)
}

// attendUntil calls a socket of theirs, which ends a connection only while it is
// called, until ours has lost its peer.
func attendUntil(t *testing.T, they *peer.Socket, we ours) {
	t.Helper()
	for range 300 {
		if we.Stats().Lost > 0 {
			return
		}
		if m, ok := recvWithin(t, they, patience/300); ok {
			t.Fatalf("theirs got %v", m)
		}
	}
	t.Fatal("theirs has not ended the connection")
}

// notice receives the message that tells of a connection, and returns its id.
func notice(t *testing.T, from any) (id []byte) {
	t.Helper()
	m := recv(t, from)
	if len(m) != 2 || len(m[1]) != 0 {
		t.Fatalf("got %v, want a notice", m)
	}
	if len(m[0]) != 5 || m[0][0] != 0 {
		t.Fatalf("id %q, want a zero octet and four others (ST-05)", m[0])
	}
	return m[0]
}

// octets receives data of a connection, in whatever pieces it comes.
func octets(t *testing.T, from any, id, want []byte) {
	t.Helper()
	var got []byte
	for len(got) < len(want) {
		m := recv(t, from)
		if len(m) != 2 || !bytes.Equal(m[0], id) || len(m[1]) == 0 {
			t.Fatalf("got %v, want data of %x", m, id)
		}
		got = append(got, m[1]...)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("got %d octets, %.40q, want %.40q", len(got), got, want)
	}
}
