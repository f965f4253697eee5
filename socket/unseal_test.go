package socket

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"
	"testing/iotest"

	"github.com/brokerless/brokerless/internal/queue"
	"github.com/brokerless/brokerless/internal/zmtp"
)

// unsealing returns an unsealer, and the cipher of the peer that it is for.
func unsealing(t *testing.T, opts ...PullOption) (u *unsealer, peer *zmtp.Cipher) {
	t.Helper()
	peer, own := cipherPair(t)
	pull := closing(t, must(NewPull(opts...)))
	near, far := net.Pipe()
	t.Cleanup(func() {
		near.Close()
		far.Close()
	})
	x := pull.newSession(pull.newPipe("", false), near)
	x.cipher = own
	return newUnsealer(x, nil), peer
}

// sealedFrames seals whole frames.
func sealedFrames(t testing.TB, c *zmtp.Cipher, frames []byte) []byte {
	t.Helper()
	var sealed bytes.Buffer
	if _, err := (&sealer{cipher: c}).write(&sealed, [][]byte{frames}); err != nil {
		t.Fatal(err)
	}
	return sealed.Bytes()
}

// TestUnsealerInPieces: the frames that come out do not depend on the pieces in
// which they come in, or are taken.
func TestUnsealerInPieces(t *testing.T) {
	var plain []byte
	for i := range 400 {
		plain = append(plain, frame(byte(i)&more, filled(i, i*i%700))...)
	}
	plain = append(plain, frame(0, filled(1, 300_000))...)
	plain = append(plain, command("PING", "\x00\x00")...)
	for name, in := range map[string]func(io.Reader) io.Reader{
		"whole":          func(r io.Reader) io.Reader { return r },
		"octets":         iotest.OneByteReader,
		"halves":         iotest.HalfReader,
		"end with octet": iotest.DataErrReader,
	} {
		for _, early := range []int{0, 1, 500} {
			for _, out := range []int{1, 1000, 1 << 20} {
				u, peer := unsealing(t)
				sealed := sealedFrames(t, peer, plain)
				u.in.buf = append(u.in.buf, sealed[:early]...)
				from, b := in(bytes.NewReader(sealed[early:])), make([]byte, out)
				var got []byte
				var err error
				for err == nil {
					var n int
					n, err = u.read(from, b)
					got = append(got, b[:n]...)
				}
				if !errors.Is(err, io.EOF) || !bytes.Equal(got, plain) {
					t.Errorf("%s in, %d early, %d out: %d octets of %d, %v", name, early, out, len(got), len(plain), err)
				}
			}
		}
	}
}

// readings is a reader that gives these, call by call.
type readings []func(b []byte) (int, error)

func (r *readings) Read(b []byte) (int, error) {
	next := (*r)[0]
	*r = (*r)[1:]
	return next(b)
}

func brings(octets []byte) func([]byte) (int, error) {
	return func(b []byte) (int, error) { return copy(b, octets), nil }
}

func fails(err error) func([]byte) (int, error) {
	return func([]byte) (int, error) { return 0, err }
}

// TestUnsealerGoesOn: what interrupts a wait, or finds nothing at once, is not
// the end, wherever in a frame it is. Any octets are a sign of life (WT-113).
func TestUnsealerGoesOn(t *testing.T) {
	u, peer := unsealing(t)
	heard := 0
	u.hear = func() { heard++ }
	sealed := sealedFrames(t, peer, frame(0, []byte("hello")))
	b := make([]byte, 100)
	from := &readings{
		fails(os.ErrDeadlineExceeded), fails(nil), brings(sealed[:1]), fails(os.ErrDeadlineExceeded),
		brings(sealed[1:20]), fails(errors.New("try again")), brings(sealed[20:]), fails(io.EOF),
	}
	for i, want := range []string{"i/o timeout", "<nil>", "i/o timeout", "try again", "7 octets", "EOF"} {
		n, err := u.read(from, b)
		got := fmt.Sprint(err)
		if n > 0 {
			got = fmt.Sprint(n, " octets")
		}
		if got != want {
			t.Fatalf("call %d: %s, want %s", i, got, want)
		}
	}
	if heard != 3 {
		t.Errorf("heard %d times, want 3", heard)
	}
}

// TestUnsealerRefuses: what is not encrypted traffic of this peer is the end, at
// the first octet that tells, and stays it. What came before has been given.
func TestUnsealerRefuses(t *testing.T) {
	with := func(b []byte, at int, octet byte) []byte {
		b = bytes.Clone(b)
		b[at] = octet
		return b
	}
	for name, bad := range map[string]func(good, next []byte) []byte{
		"plain, short":   func(_, _ []byte) []byte { return frame(0, []byte("hello"))[:2] },
		"plain":          func(_, _ []byte) []byte { return frame(0, filled(1, 100)) },
		"plain command":  func(_, _ []byte) []byte { return command("NONSENSE", "of about the size that a MESSAGE has") },
		"greeting":       func(_, _ []byte) []byte { return greeting(3, 1, "CURVE")[:1] },
		"MORE":           func(_, next []byte) []byte { return with(next, 0, more)[:2] },
		"reserved flag":  func(_, next []byte) []byte { return with(next, 0, 8)[:1] },
		"again":          func(good, _ []byte) []byte { return good },
		"changed":        func(_, next []byte) []byte { return with(next, len(next)-1, next[len(next)-1]^1) },
		"shorter":        func(_, next []byte) []byte { return with(next[:len(next)-1], 1, next[1]-1) },
		"over the limit": func(_, _ []byte) []byte { return longHeader(0, defaultMaxMessageSize+uint64(zmtp.CipherOverhead)+1) },
		"size of 2^63-1": func(_, _ []byte) []byte { return longHeader(0, 1<<63-1) },
		"size of 2^63":   func(_, _ []byte) []byte { return longHeader(0, 1<<63) },
	} {
		u, peer := unsealing(t)
		good := sealedFrames(t, peer, frame(0, []byte("good")))
		next := sealedFrames(t, peer, frame(0, []byte("next")))
		from := bytes.NewReader(append(bytes.Clone(good), bad(good, next)...))
		b := make([]byte, 100)
		if n, err := u.read(from, b); n != 6 || err != nil {
			t.Fatalf("%s: %d, %v", name, n, err)
		}
		_, first := u.read(from, b)
		n, err := u.read(from, b)
		var p *zmtp.ProtocolError
		if n != 0 || err != first || !errors.As(err, &p) && !errors.Is(err, queue.ErrTooLarge) { //nolint:errorlint // the same one
			t.Errorf("%s: %v, and then %d, %v", name, first, n, err)
		}
	}
	for size, want := range map[uint64]error{1 << 40: io.EOF, 1<<63 - 1: queue.ErrTooLarge} {
		u, _ := unsealing(t, WithMaxMessageSize(0))
		if _, err := u.read(bytes.NewReader(longHeader(0, size)), make([]byte, 1)); !errors.Is(err, want) {
			t.Errorf("%d octets announced without a limit: %v, want %v", size, err, want)
		}
	}
}

// TestUnsealerOuterFlags: libzmq's outer frames are no commands,
// others' may be (WT-79), and LONG is not only for what needs it (WT-24).
func TestUnsealerOuterFlags(t *testing.T) {
	for _, flags := range []byte{0, long, control, control | long} {
		u, peer := unsealing(t)
		sealed := sealedFrames(t, peer, frame(more, []byte("hello")))
		outer := frame(flags, sealed[2:])
		if flags&long != 0 {
			outer = append(longHeader(flags, uint64(len(sealed)-2)), sealed[2:]...)
		}
		b := make([]byte, 100)
		if n, err := u.read(bytes.NewReader(outer), b); err != nil || !bytes.Equal(b[:n], frame(more, []byte("hello"))) {
			t.Errorf("flags %d: %q, %v", flags, b[:n], err)
		}
	}
}

// TestUnsealerMemory: what a frame announces is not trusted with memory until
// the peer has sent as much before, and what a connection that has become quiet
// keeps is little.
func TestUnsealerMemory(t *testing.T) {
	u, peer := unsealing(t)
	body := filled(1, 10<<20)
	sealed := sealedFrames(t, peer, append(frame(0, body), frame(0, body)...))
	half := len(sealed) / 2
	b := make([]byte, 1<<20)
	read := 0
	from := &readings{}
	feed := func(octets []byte) {
		for len(octets) > 0 {
			*from = readings{func(b []byte) (int, error) {
				n := copy(b, octets)
				octets = octets[n:]
				return n, nil
			}, fails(nil)}
			n, err := u.read(from, b)
			for ; n > 0 && err == nil; n, err = u.read(from, b) {
				read += n
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for at := 0; at < half-1; at += 1000 {
		feed(sealed[at:min(at+1000, half-1)])
		if size := cap(u.in.buf); size > usualChunk && size > 2*(at+1000) {
			t.Fatalf("%d octets of memory when %d had come", size, at+1000)
		}
	}
	feed(sealed[half-1:])
	if want := 2 * (9 + len(body)); read != want {
		t.Fatalf("%d octets came out, want %d", read, want)
	}
	feed(sealedFrames(t, peer, command("PING", "\x00\x00")))
	u.space()
	if size := cap(u.in.buf); size != smallChunk {
		t.Errorf("a quiet connection keeps %d octets", size)
	}
}
