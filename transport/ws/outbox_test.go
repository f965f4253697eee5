package ws

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"testing"
	"time"

	"github.com/brokerless/brokerless/internal/zmtp"
	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/transport/tcp"
)

// A narrow connection takes so many octets, and then misses its deadline or
// breaks.
type narrow struct {
	net.Conn
	limited bool
	room    int
	broken  bool
}

var errBroken = errors.New("broken")

func (n *narrow) Write(b []byte) (int, error) {
	if !n.limited {
		return n.Conn.Write(b)
	}
	took, err := n.Conn.Write(b[:min(len(b), n.room)])
	n.room -= took
	if err == nil && took < len(b) {
		if err = os.ErrDeadlineExceeded; n.broken {
			err = errBroken
		}
	}
	return took, err
}

// carried is a transport whose connections are narrow.
type carried struct {
	*tcp.Transport
	last *narrow
}

func (c *carried) Dial(ctx context.Context, address string) (net.Conn, error) {
	conn, err := c.Transport.Dial(ctx, address)
	if err != nil {
		return nil, err
	}
	c.last = &narrow{Conn: conn}
	return c.last, nil
}

// narrowed returns a connection past its upgrade, what it stands on, and the
// peer.
func narrowed(t *testing.T) (*conn, *narrow, *raw) {
	t.Helper()
	endpoint, listen := listenRaw(t)
	below := &carried{Transport: tcp.New()}
	c := must(New(WithCarrier(below)).Dial(bounded(t), endpoint[len("ws://"):]))
	closing(t, c)
	must(c.Write(greeting("NULL")))
	peer := listen()
	peer.serve("ZWS2.0/NULL")
	if _, err := io.ReadFull(c, make([]byte, zmtp.GreetingSize)); err != nil {
		t.Fatal(err)
	}
	return c.(*conn), below.last, peer
}

// stream returns frames of ZMTP, and the messages of ZWS they are.
func stream(random *rand.Rand, frames int) (b []byte, messages []string) {
	for i := range frames {
		body := bytes.Repeat([]byte{byte(i)}, []int{0, 1, 100, 255, 256, 70_000}[random.IntN(6)])
		b = zmtp.AppendFrame(b, zmtp.FlagMore, body)
		messages = append(messages, "\x01"+string(body))
	}
	return b, messages
}

// Whatever the connection takes at a time, and in whatever pieces frames are
// written, each comes whole and once.
func TestWriteInPieces(t *testing.T) {
	for seed := range uint64(5) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1))
			c, below, peer := narrowed(t)
			b, messages := stream(random, 200)
			below.limited = true
			done := make(chan error, 1)
			go func() {
				for len(b) > 0 {
					piece := b[:min(len(b), 1+random.IntN(100_000))]
					for rest := piece; ; {
						below.room = random.IntN(50_000)
						n, err := c.Write(rest)
						if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
							done <- err
							return
						}
						if rest = rest[n:]; err == nil {
							if len(rest) > 0 {
								err = io.ErrShortWrite
								done <- err
								return
							}
							break
						}
					}
					b = b[len(piece):]
				}
				done <- nil
			}()
			for i, m := range messages {
				if first, payload := peer.next(); first != 0x82 || payload != m {
					t.Fatalf("message %d of %d octets came as %#x with %d octets", i, len(m), first, len(payload))
				}
			}
			if err := <-done; err != nil {
				t.Fatal(err)
			}
		})
	}
}

// When the connection breaks, what Write returns tells exactly which frames it
// had taken whole: those are not sent again, and the others are.
func TestWriteBroken(t *testing.T) {
	for seed := range uint64(30) {
		random := rand.New(rand.NewPCG(seed, 2))
		c, below, peer := narrowed(t)
		b, _ := stream(random, 20)
		below.limited, below.broken, below.room = true, true, random.IntN(len(b))
		n, err := c.Write(b)
		if !errors.Is(err, errBroken) {
			t.Fatalf("seed %d: %v", seed, err)
		}
		whole := 0
		for rest := b[:n]; ; whole++ {
			h, err := zmtp.ParseHeader(rest)
			if err != nil || int64(len(rest)-h.Len) < h.Size {
				break
			}
			rest = rest[h.Len+int(h.Size):]
		}
		below.Conn.(*net.TCPConn).CloseWrite()
		got := 0
		for ; peer.whole(); got++ {
		}
		if got != whole {
			t.Errorf("seed %d: %d octets are said to be written, %d frames, but %d came whole", seed, n, whole, got)
		}
		c.Close()
	}
}

// whole reads a frame and reports whether it was there whole.
func (r *raw) whole() bool {
	h := make([]byte, 2)
	if _, err := io.ReadFull(r.r, h); err != nil {
		return false
	}
	size := int(h[1] & 0x7F)
	if more := map[int]int{126: 2, 127: 8}[size]; more > 0 {
		l := make([]byte, more)
		if _, err := io.ReadFull(r.r, l); err != nil {
			return false
		}
		size = 0
		for _, o := range l {
			size = size<<8 | int(o)
		}
	}
	_, err := io.CopyN(io.Discard, r.r, int64(4+size))
	return err == nil
}

// A peer that takes nothing is given up by WithMaxStall; one that takes a little
// at a time is not.
func TestMaxStall(t *testing.T) {
	push, peer := pushing(t, socket.WithMaxStall(100*time.Millisecond), socket.WithHeartbeat(0, 0))
	m := push.Monitor()
	peer.serve("ZWS2.0/NULL")
	peer.expect(ready("PUSH"))
	peer.message(ready("PULL"))
	body := string(make([]byte, 1<<20))
	sent, ctx := make(chan struct{}), bounded(t)
	go func() {
		defer close(sent)
		for push.Send(ctx, []byte(body)) == nil { // until Close
		}
	}()
	for range 10 {
		peer.expect("\x00" + body)
	}
	if e := await(t, m, socket.EventDisconnected); e.Err == nil || !bytes.Contains([]byte(e.Err.Error()), []byte("takes nothing")) {
		t.Errorf("%v, want that it takes nothing", e.Err)
	}
	push.Close()
	<-sent
}
