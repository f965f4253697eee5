package carrier

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// A narrow connection takes so many octets, and then misses its deadline.
type narrow struct {
	net.Conn
	room  int
	got   bytes.Buffer
	calls int
	err   error
}

func (n *narrow) Write(b []byte) (int, error) {
	n.calls++
	if n.err != nil {
		return 0, n.err
	}
	took := min(n.room, len(b))
	n.room -= took
	n.got.Write(b[:took])
	if took < len(b) {
		return took, os.ErrDeadlineExceeded
	}
	return took, nil
}

func TestWriteBeyondDeadline(t *testing.T) {
	below := &narrow{room: 3}
	c := New(below)
	for _, s := range []string{"abcde", "fg"} {
		if n, err := c.Write([]byte(s)); n != len(s) || err != nil {
			t.Fatalf("Write(%q) = %d, %v; want all of it", s, n, err)
		}
	}
	if below.got.String() != "abc" || c.Kept() != 4 {
		t.Fatalf("took %q, kept %d", below.got.String(), c.Kept())
	}
	below.room = 1
	if n, err := c.Flush(); n != 1 || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Flush = %d, %v; want 1 and that it was late", n, err)
	}
	below.room = 100
	if n, err := c.Flush(); n != 3 || err != nil {
		t.Errorf("Flush = %d, %v; want the rest", n, err)
	}
	if n, err := c.Write([]byte("h")); n != 1 || err != nil || below.got.String() != "abcdefgh" {
		t.Errorf("in the end %q (%d, %v)", below.got.String(), n, err)
	}
}

func TestWriteToBroken(t *testing.T) {
	below := &narrow{room: 1}
	c := New(below)
	if _, err := c.Write([]byte("ab")); err != nil {
		t.Fatal(err)
	}
	below.err = io.ErrClosedPipe
	if _, err := c.Write([]byte("c")); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("Write: %v", err)
	}
	if _, err := c.Flush(); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("Flush: %v", err)
	}
}

func TestCork(t *testing.T) {
	below := &narrow{room: 1 << 20}
	c := New(below)
	c.Cork()
	for range 1000 {
		c.Write(make([]byte, 1000))
	}
	if below.calls != 0 {
		t.Fatal("written while corked")
	}
	if n, err := c.Flush(); n != 1000*1000 || err != nil || below.calls != 1 {
		t.Errorf("Flush = %d, %v in %d calls; want all in one", n, err, below.calls)
	}
	if cap(c.kept) > maxKept {
		t.Errorf("holds on to %d octets", cap(c.kept))
	}
}

func TestDeadlinesOfProtocol(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	c := New(near)
	past := time.Unix(1, 0)
	if err := errors.Join(c.SetDeadline(past), c.SetReadDeadline(past), c.SetWriteDeadline(past)); err != nil {
		t.Fatal(err)
	}
	read := make(chan error, 1)
	go func() {
		_, err := c.Read(make([]byte, 1))
		read <- err
	}()
	if _, err := far.Write([]byte{1}); err != nil {
		t.Fatal(err)
	}
	if err := <-read; err != nil {
		t.Errorf("Read past a deadline of the protocol: %v", err)
	}
	if err := c.SetReadLimit(past); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || c.Reading() {
		t.Errorf("Read past a limit: %v", err)
	}
	if err := c.SetWriteLimit(past); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write([]byte{1}); err != nil || c.Kept() != 1 {
		t.Errorf("Write past a limit: %v, %d kept", err, c.Kept())
	}
}
