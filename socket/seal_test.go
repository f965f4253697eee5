package socket

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/brokerless/brokerless/internal/zmtp"
)

var errCut = errors.New("cut")

// A cutter is a connection that takes so many octets, and then nothing more.
type cutter struct {
	left  int
	taken []byte
}

func (c *cutter) Write(b []byte) (int, error) {
	n := min(len(b), c.left)
	c.left -= n
	c.taken = append(c.taken, b[:n]...)
	if n < len(b) {
		return n, errCut
	}
	return n, nil
}

// opened returns the whole frames in sealed traffic.
func opened(t *testing.T, cipher *zmtp.Cipher, sealed []byte) (plain []byte) {
	t.Helper()
	for {
		h, err := zmtp.ParseHeader(sealed)
		if err == io.ErrUnexpectedEOF || err == nil && int64(len(sealed)-h.Len) < h.Size { //nolint:errorlint // it is never wrapped
			return plain
		}
		if err != nil {
			t.Fatal(err)
		}
		if h.Flags&^zmtp.FlagLong != 0 {
			t.Fatalf("an outer frame with flags %d", h.Flags) // WT-79
		}
		whole := h.Len + int(h.Size)
		if plain, err = cipher.Open(plain, sealed[h.Len:whole]); err != nil {
			t.Fatal(err)
		}
		sealed = sealed[whole:]
	}
}

// TestSealerCutAnywhere: whatever a connection takes before it breaks, the
// sealer counts the frames that the peer can open, and no more.
func TestSealerCutAnywhere(t *testing.T) {
	large := frame(more, filled(1, 20<<10))
	frames := [][]byte{
		slices.Concat(command("PING", "\x00\x00"), frame(more, nil), frame(0, filled(2, 222)), frame(more, filled(3, 223)), large[:9]),
		large[9:],
		slices.Concat(frame(more, filled(4, 255)), frame(0, filled(5, 256)), frame(0, filled(6, 15<<10))),
		bytes.Repeat(frame(0, filled(7, 10)), 2000), // some chunks of them
	}
	plain := bytes.Join(frames, nil)
	whole := &cutter{left: 1 << 30}
	client, server := cipherPair(t)
	if n, err := (&sealer{cipher: client}).write(whole, frames); n != len(plain) || err != nil {
		t.Fatalf("%d octets of %d, %v", n, len(plain), err)
	}
	if got := opened(t, server, whole.taken); !bytes.Equal(got, plain) {
		t.Fatal("the frames changed on their way")
	}
	var cuts []int
	for at := 0; at < len(whole.taken) && len(cuts) < 60; {
		cuts = append(cuts, at, at+1, at+8)
		h, _ := zmtp.ParseHeader(whole.taken[at:])
		at += h.Len + int(h.Size)
		cuts = append(cuts, at-1)
	}
	for _, cut := range append(cuts, usualChunk-1, usualChunk, usualChunk+100, len(whole.taken)-1) {
		client, server := cipherPair(t)
		conn := &cutter{left: cut}
		o := &sealer{cipher: client}
		n, err := o.write(conn, frames)
		if !errors.Is(err, errCut) {
			t.Fatalf("cut after %d: %v", cut, err)
		}
		if got := opened(t, server, conn.taken); len(got) != n || !bytes.Equal(got, plain[:n]) {
			t.Errorf("cut after %d: counted %d octets, the peer has %d", cut, n, len(got))
		}
		o.free()
	}
}

// TestCutEncrypted: of what is sent while a connection breaks at any octet,
// nothing is lost, and nothing comes twice.
func TestCutEncrypted(t *testing.T) {
	bodies := []string{"1", "second", string(filled(3, 300)), string(filled(4, 20_000)), "the last"}
	var ends []int // of each sealed frame
	total := 0
	for _, body := range bodies {
		for _, f := range []string{"head", body} {
			total += (&sealer{cipher: new(zmtp.Cipher)}).sealedSize([]byte(f))
			ends = append(ends, total)
		}
	}
	var cuts []int
	for _, end := range append([]int{0}, ends[:len(ends)-1]...) {
		cuts = append(cuts, end, end+1, end+20)
	}
	for _, cut := range cuts {
		synctest.Test(t, func(t *testing.T) {
			tr, peers := piping(t)
			push := closing(t, must(NewPush(WithTransport(tr), Encrypted())))
			if err := push.Connect("script://peer"); err != nil {
				t.Fatal(err)
			}
			for _, body := range bodies {
				if err := push.Send(t.Context(), []byte("head"), []byte(body)); err != nil {
					t.Fatal(err)
				}
			}
			first := <-peers
			tunnel := first.meetSecretly("PULL")
			taken := make([]byte, cut)
			if _, err := io.ReadFull(tunnel.Conn, taken); err != nil {
				t.Fatal(err)
			}
			first.Close()
			whole := 0 // messages
			for i := 1; i < len(ends) && ends[i] <= cut; i += 2 {
				whole++
			}
			opened(t, tunnel.cipher, taken)
			again := <-peers
			again.meetSecretly("PULL")
			for i, body := range bodies[whole:] {
				if got := again.message(); !slices.Equal(got, []string{"head", body}) {
					t.Fatalf("cut after %d: message %d of the next connection is %.50q", cut, i, got)
				}
			}
			synctest.Wait()
			if out := push.Stats().Out; out.Delivered != uint64(len(bodies)) || out.Dropped.Total() != 0 {
				t.Errorf("cut after %d: %+v", cut, out)
			}
			again.Close()
		})
	}
}

// TestRefusedEncrypted: who is refused after the handshake is told why, in a
// MESSAGE.
func TestRefusedEncrypted(t *testing.T) {
	pair := closing(t, must(NewPair(Encrypted())))
	endpoint := must(pair.Bind("tcp://127.0.0.1:0"))
	first := dialRaw(t, endpoint)
	first.meetSecretly("PAIR")
	if err := pair.WaitPeers(bounded(t), 1); err != nil {
		t.Fatal(err)
	}
	second := dialRaw(t, endpoint)
	second.meetSecretly("PAIR")
	flags, body := second.frame()
	if name, _, err := zmtp.ParseCommand(body); flags != control || name != zmtp.CommandError || err != nil {
		t.Errorf("flags %d, %q instead of ERROR", flags, body)
	}
	second.ended()
	if err := pair.Send(bounded(t), []byte("still here")); err != nil {
		t.Fatal(err)
	}
	if got := first.message(); !slices.Equal(got, []string{"still here"}) {
		t.Errorf("the first peer received %q", got)
	}
}

func BenchmarkSealer(b *testing.B) {
	for _, size := range []int{16, 100, 1 << 10} {
		b.Run(fmt.Sprintf("%dB", size), func(b *testing.B) {
			client, _ := cipherPair(b)
			o := &sealer{cipher: client}
			const n = 1000
			frames := [][]byte{bytes.Repeat(frame(0, make([]byte, size)), n)}
			b.SetBytes(n * int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := o.write(io.Discard, frames); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
