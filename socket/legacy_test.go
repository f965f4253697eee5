package socket

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/brokerless/brokerless/internal/queue"
)

// frameOld returns a frame of ZMTP 1.0, written out by hand (RFC 13).
func frameOld(more byte, body []byte) []byte {
	b := []byte{byte(1 + len(body)), more}
	if 1+len(body) > 254 {
		b = append(binary.BigEndian.AppendUint64([]byte{0xff}, uint64(1+len(body))), more)
	}
	return append(b, body...)
}

func messageOld(frames ...string) (b []byte) {
	for i, f := range frames {
		flags := more
		if i == len(frames)-1 {
			flags = 0
		}
		b = append(b, frameOld(flags, []byte(f))...)
	}
	return b
}

// upgraded returns the whole frames in octets of ZMTP 1.0, as a later version has
// them.
func upgraded(b []byte) (plain []byte) {
	for len(b) > 1 {
		head, size := 2, uint64(b[0])
		if size == 0xff {
			if len(b) < 10 {
				break
			}
			head, size = 10, binary.BigEndian.Uint64(b[1:])
		}
		if size == 0 || size-1 > uint64(len(b)-head) || b[head-1] > more {
			break
		}
		end := head + int(size-1)
		plain = append(plain, frame(b[head-1], b[head:end])...)
		b = b[end:]
	}
	return plain
}

// meetOld goes through the handshake as a peer of ZMTP 1.0 without a version.
func (r *raw) meetOld(identity string) {
	r.t.Helper()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		_, _ = r.Write(messageOld(identity))
	}()
	if _, err := io.ReadFull(r, make([]byte, 10)); err != nil {
		r.t.Fatalf("no signature: %v", err)
	}
	<-sent
}

// oldTraffic returns frames of all kinds in both forms.
func oldTraffic() (old, plain []byte) {
	add := func(flags byte, body []byte) {
		old, plain = append(old, frameOld(flags, body)...), append(plain, frame(flags, body)...)
	}
	for i := range 400 {
		add(byte(i)&more, filled(i, i*i%700))
	}
	for _, n := range []int{252, 253, 254, 255, 256, 20_000, 300_000} {
		add(more, filled(n, n))
	}
	add(0, nil)
	return old, plain
}

// TestUpgraderInPieces: the frames that come out do not depend on the pieces in
// which they come in, or are taken.
func TestUpgraderInPieces(t *testing.T) {
	old, plain := oldTraffic()
	for name, in := range map[string]func(io.Reader) io.Reader{
		"whole":          func(r io.Reader) io.Reader { return r },
		"octets":         iotest.OneByteReader,
		"halves":         iotest.HalfReader,
		"end with octet": iotest.DataErrReader,
	} {
		for _, early := range []int{0, 1, 500} {
			for _, out := range []int{1, 1000, 1 << 20} {
				u := newUpgrader(old[:early])
				from, b := in(bytes.NewReader(old[early:])), make([]byte, out)
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
				u.free()
			}
		}
	}
}

// TestUpgraderGoesOn: what interrupts a wait, or finds nothing at once, is not
// the end; what is malformed is, after what came before it.
func TestUpgraderGoesOn(t *testing.T) {
	b := make([]byte, 100)
	u := newUpgrader(nil)
	from := &readings{
		fails(os.ErrDeadlineExceeded), fails(nil), brings([]byte{6}), fails(os.ErrDeadlineExceeded),
		brings([]byte("\x00he")), fails(nil), brings([]byte("llo\x00more")), brings([]byte("not read")),
	}
	for i, want := range []string{"i/o timeout", "", "i/o timeout", "\x00\x05he", "", "llo", "malformed", "malformed"} {
		n, err := u.read(from, b)
		got := string(b[:n])
		if err != nil {
			got = err.Error()
		}
		if got != want && (want != "malformed" || !errors.Is(classify(err), ErrProtocol)) {
			t.Fatalf("call %d: %q, want %q", i, got, want)
		}
	}
	if len(*from) != 1 {
		t.Error("read on behind a malformed frame")
	}
}

// TestUpgraderMemory: what a length announces is given no memory; the decoder
// refuses it when it has the header.
func TestUpgraderMemory(t *testing.T) {
	u := newUpgrader(nil)
	d := queue.NewDecoder(queue.Limits{Message: 1 << 20}, nil, false)
	defer d.Free()
	n, err := u.read(strings.NewReader("\xff\x00\x00\x00\x7f\xff\xff\xff\xff\x00x"), d.Space())
	if err == nil {
		err = d.Scan(n)
	}
	if !errors.Is(err, queue.ErrTooLarge) || cap(u.in.buf) > smallChunk {
		t.Errorf("%v, with a buffer of %d octets", err, cap(u.in.buf))
	}
}

// TestSealerOldCutAnywhere: whatever a connection to a peer of ZMTP 1.0 takes
// before it breaks, the sealer counts the frames that it has whole, and no more.
func TestSealerOldCutAnywhere(t *testing.T) {
	large := frame(more, filled(1, 20<<10))
	frames := [][]byte{
		slices.Concat(frame(more, nil), frame(0, filled(2, 253)), frame(more, filled(3, 254)), large[:9]),
		large[9:],
		slices.Concat(frame(more, filled(4, 255)), frame(0, filled(5, 256)), frame(0, filled(6, 15<<10))),
		bytes.Repeat(frame(0, filled(7, 10)), 8000), // some chunks of them
	}
	plain := bytes.Join(frames, nil)
	whole := &cutter{left: 1 << 30}
	if n, err := new(sealer).write(whole, frames); n != len(plain) || err != nil {
		t.Fatalf("%d octets of %d, %v", n, len(plain), err)
	}
	if !bytes.Equal(upgraded(whole.taken), plain) {
		t.Fatal("the frames changed on their way")
	}
	cuts := []int{20 << 10, 36 << 10, usualChunk - 1, usualChunk, usualChunk + 100, len(whole.taken) - 1}
	for i := range 800 {
		cuts = append(cuts, i)
	}
	for _, cut := range cuts {
		conn := &cutter{left: cut}
		o := new(sealer)
		n, err := o.write(conn, frames)
		if got := upgraded(conn.taken); !errors.Is(err, errCut) || len(got) != n || !bytes.Equal(got, plain[:n]) {
			t.Errorf("cut after %d: %v, counted %d octets, the peer has %d", cut, err, n, len(got))
		}
		o.free()
	}
}

// TestCutOld: of what is sent while a connection to a peer of ZMTP 1.0 breaks at
// any octet, nothing is lost, and nothing comes twice.
func TestCutOld(t *testing.T) {
	bodies := []string{"1", string(filled(2, 252)), string(filled(3, 300)), string(filled(4, 20_000)), "the last"}
	var ends []int // of each message
	total := 0
	for _, body := range bodies {
		total += len(messageOld("head", body))
		ends = append(ends, total)
	}
	for _, end := range append([]int{0}, ends[:len(ends)-1]...) {
		for _, cut := range []int{end, end + 1, end + 3, end + 8} {
			synctest.Test(t, func(t *testing.T) { cutOld(t, bodies, ends, cut) })
		}
	}
}

func cutOld(t *testing.T, bodies []string, ends []int, cut int) {
	t.Helper()
	tr, peers := piping(t)
	push := closing(t, must(NewPush(WithTransport(tr), WithLegacyZMTP())))
	if err := push.Connect("script://peer"); err != nil {
		t.Fatal(err)
	}
	for _, body := range bodies {
		if err := push.Send(t.Context(), []byte("head"), []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	first := <-peers
	first.meetOld("")
	first.readPart(cut)
	first.Close()
	whole := 0 // messages
	for _, end := range ends {
		if end <= cut {
			whole++
		}
	}
	again := <-peers
	again.meetOld("")
	for i, body := range bodies[whole:] {
		want := messageOld("head", body)
		got := make([]byte, len(want))
		if _, err := io.ReadFull(again, got); err != nil || !bytes.Equal(got, want) {
			t.Fatalf("cut after %d: message %d of the next connection is %.50q, %v", cut, i, got, err)
		}
	}
	synctest.Wait()
	if out := push.Stats().Out; out.Delivered != uint64(len(bodies)) || out.Dropped.Total() != 0 {
		t.Errorf("cut after %d: %+v", cut, out)
	}
	again.Close()
}

// TestOldPeerIsNotPinged: a peer before ZMTP 3.0 has no heartbeat, and may be
// silent for as long as it likes.
func TestOldPeerIsNotPinged(t *testing.T) {
	for name, meet := range map[string]func(r *raw){
		"1.0": func(r *raw) { r.meetOld("") },
		"2.0": func(r *raw) {
			r.send([]byte("\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x01\x08\x00\x00"))
			if _, err := io.ReadFull(r, make([]byte, 14)); err != nil {
				r.t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				pull := closing(t, must(NewPull(WithLegacyZMTP(), WithHeartbeat(time.Second, 2*time.Second))))
				r := piped(t, pull)
				meet(r)
				if err := r.SetReadDeadline(time.Now().Add(24 * time.Hour)); err != nil {
					t.Fatal(err)
				}
				if n, err := r.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Fatalf("%d octets, %v, from a socket that has nothing to say", n, err)
				}
				if p := pull.Stats().Peers; p != 1 {
					t.Errorf("%d peers", p)
				}
				r.Close()
			})
		})
	}
}
