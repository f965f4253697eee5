package transporttest

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// Every octet arrives, in order, whatever the size of the Write.
func (s *suite) testEcho(t *testing.T) {
	a, b := s.pair(t)
	for _, size := range []int{1, 2, 255, 256, 4095, 4096, 65535, 65537, 1 << 20} {
		if err := carry(a, b, noise(1, size)); err != nil {
			t.Fatalf("%d octets from the dialling end: %v", size, err)
		}
		if err := carry(b, a, noise(2, size)); err != nil {
			t.Fatalf("%d octets from the accepting end: %v", size, err)
		}
	}
}

// The two directions do not wait for each other.
func (s *suite) testBothWaysAtOnce(t *testing.T) {
	a, b := s.pair(t)
	there := start(func() (struct{}, error) { return struct{}{}, carry(a, b, noise(3, 1<<20)) })
	back := start(func() (struct{}, error) { return struct{}{}, carry(b, a, noise(4, 1<<20)) })
	for _, done := range []<-chan outcome[struct{}]{there, back} {
		if _, err := await(s, t, "the transfer", done); err != nil {
			t.Error(err)
		}
	}
}

// Both ends have addresses, of one network; the dialled one's remote address is the listener's.
func (s *suite) testAddrs(t *testing.T) {
	l := s.listen(t)
	a, b := s.connect(t, l)
	for _, addr := range []net.Addr{a.LocalAddr(), a.RemoteAddr(), b.LocalAddr(), b.RemoteAddr()} {
		if addr == nil || addr.Network() != l.Addr().Network() {
			t.Errorf("address %v, want one of network %q", addr, l.Addr().Network())
		}
	}
	if got, want := a.RemoteAddr().String(), l.Addr().String(); got != want {
		t.Errorf("RemoteAddr of the dialled end is %q, want %q", got, want)
	}
}

// What was written before Close arrives, then io.EOF; and nothing can be written to an end that is gone.
func (s *suite) testCloseEndsPeer(t *testing.T) {
	a, b := s.pair(t)
	want := noise(5, 4096)
	closed := start(func() (struct{}, error) {
		_, err := a.Write(want)
		return struct{}{}, errors.Join(err, a.Close())
	})
	got, err := io.ReadAll(b)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("read %d octets, %v; want the %d written before Close, then io.EOF", len(got), err, len(want))
	}
	if _, err := await(s, t, "Write and Close", closed); err != nil {
		t.Error(err)
	}
	if n, err := fill(b); isTimeout(err) {
		t.Errorf("%d octets and no end of them could be written to an end that is closed (%v)", n, err)
	}
}

// Close ends a Read of the same end with net.ErrClosed.
func (s *suite) testCloseEndsRead(t *testing.T) {
	a, b := s.pair(t)
	first := make(chan struct{})
	read := start(func() (int, error) {
		buf := make([]byte, 1)
		_, _ = a.Read(buf)
		close(first)
		return a.Read(buf)
	})
	if _, err := b.Write([]byte{1}); err != nil {
		t.Fatal(err)
	}
	<-first // the next Read blocks, or is about to
	if err := a.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if _, err := await(s, t, "Read", read); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Read on a closed end: %v; want one that matches net.ErrClosed", err)
	}
}

// Close ends a Write of the same end that nobody reads, with net.ErrClosed.
func (s *suite) testCloseEndsWrite(t *testing.T) {
	a, b := s.pair(t)
	write := start(func() (int, error) { return fill(a) })
	if _, err := io.ReadFull(b, make([]byte, 1)); err != nil { // so it has begun
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	if _, err := await(s, t, "Write", write); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Write on a closed end: %v; want one that matches net.ErrClosed", err)
	}
}

// CloseWrite gives the other end io.EOF and leaves the way back open.
func (s *suite) testHalfClose(t *testing.T) {
	a, b := s.pair(t)
	half, ok := a.(interface{ CloseWrite() error })
	switch {
	case !ok && s.NoHalfClose:
		t.Skip("not a thing of this transport")
	case !ok:
		t.Fatalf("%T has no CloseWrite", a)
	}
	if err := half.CloseWrite(); err != nil {
		t.Fatalf("CloseWrite: %v", err)
	}
	if n, err := b.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
		t.Errorf("Read after CloseWrite = %d, %v; want io.EOF", n, err)
	}
	if err := carry(b, a, []byte("and back")); err != nil {
		t.Errorf("the way back: %v", err)
	}
}

// A read deadline ends Reads, present and future, and harms nothing once it is lifted.
func (s *suite) testReadDeadline(t *testing.T) {
	a, b := s.pair(t)
	for _, deadline := range []time.Time{time.Unix(1, 0), time.Now().Add(10 * time.Millisecond)} {
		if err := a.SetReadDeadline(deadline); err != nil {
			t.Fatalf("SetReadDeadline: %v", err)
		}
		for range 2 {
			read := start(func() (int, error) { return a.Read(make([]byte, 1)) })
			if n, err := await(s, t, "Read", read); n != 0 || !isTimeout(err) {
				t.Errorf("Read past its deadline = %d, %v; want os.ErrDeadlineExceeded", n, err)
			}
		}
	}
	if err := a.SetReadDeadline(time.Now().Add(s.Patience)); err != nil {
		t.Fatalf("SetReadDeadline: %v", err)
	}
	talk(t, a, b)
}

// A write deadline ends Writes that nobody reads.
func (s *suite) testWriteDeadline(t *testing.T) {
	a, _ := s.pair(t)
	if err := a.SetWriteDeadline(time.Now().Add(10 * time.Millisecond)); err != nil {
		t.Fatalf("SetWriteDeadline: %v", err)
	}
	for range 2 {
		write := start(func() (int, error) { return fill(a) })
		if _, err := await(s, t, "Write", write); !isTimeout(err) {
			t.Errorf("Write past its deadline: %v; want os.ErrDeadlineExceeded", err)
		}
	}
}

// fill writes until that fails, and returns how many octets it wrote.
func fill(w io.Writer) (int, error) {
	block := make([]byte, 64<<10)
	for total := 0; ; {
		n, err := w.Write(block)
		total += n
		if err != nil {
			return total, err
		}
	}
}

// isTimeout reports whether err is what package net promises for a deadline, in both its forms.
func isTimeout(err error) bool {
	var timeout net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) && errors.As(err, &timeout) && timeout.Timeout()
}
