package faultnet

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// TestEndings: an ending comes after exactly the octets that it is to come
// after, on a connection written in pieces of any size.
func TestEndings(t *testing.T) {
	octets := []byte("0123456789")
	for _, tt := range []struct {
		ending Ending
		wrote  error // of the write that goes beyond
		read   error // of the reader, behind what it gets; nil is a good end
		gets   bool  // whether it gets what came before
	}{
		{Never, nil, nil, true},
		{Reset, syscall.ECONNRESET, syscall.ECONNRESET, false},
		{HangUp, syscall.EPIPE, nil, true},
		{Mute, nil, os.ErrDeadlineExceeded, true},
		{Stall, os.ErrDeadlineExceeded, nil, true}, // its closing arrives
	} {
		for after := range len(octets) {
			for piece := 1; piece <= len(octets); piece++ {
				synctest.Test(t, func(t *testing.T) {
					a, b := Pipe(1, Fault{Ending: tt.ending, After: int64(after)}, Fault{})
					within := time.Now().Add(time.Minute)
					if err := errors.Join(a.SetDeadline(within), b.SetDeadline(within)); err != nil {
						t.Fatal(err)
					}
					var err error
					total, n := 0, 0
					for p := range slices.Chunk(octets, piece) {
						if n, err = a.Write(p); err != nil {
							total += n
							break
						}
						total += n
					}
					if want := map[bool]int{true: after, false: len(octets)}[tt.wrote != nil]; total != want || !errors.Is(err, tt.wrote) {
						t.Errorf("ending %d after %d: wrote %d in pieces of %d, %v", tt.ending, after, total, piece, err)
					}
					a.Close()
					if err := b.SetDeadline(time.Now().Add(time.Minute)); err != nil {
						t.Fatal(err)
					}
					got, err := io.ReadAll(b)
					want := octets[:after]
					if tt.ending == Never {
						want = octets
					}
					if !errors.Is(err, tt.read) || tt.gets && !bytes.Equal(got, want) || !tt.gets && len(got) > 0 {
						t.Errorf("ending %d after %d: read %q, %v", tt.ending, after, got, err)
					}
					b.Close()
				})
			}
		}
	}
}

// TestTimes: octets arrive when the fault says, in order, and no earlier.
func TestTimes(t *testing.T) {
	for _, tt := range []struct {
		name  string
		fault Fault
		least time.Duration
		most  time.Duration
	}{
		{"at once", Fault{}, 0, 0},
		{"latency", Fault{Latency: time.Second}, time.Second, time.Second},
		{"jitter", Fault{Latency: time.Second, Jitter: time.Second}, time.Second, 2 * time.Second},
		{"rate", Fault{Rate: 10}, 10 * time.Second, 10 * time.Second},
		{"single octets", Fault{Slice: 1}, 0, 0},
		{"a small buffer", Fault{Buffer: 1, Latency: time.Second}, 100 * time.Second, 100 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a, b := Pipe(7, tt.fault, Fault{})
				octets := make([]byte, 100)
				for i := range octets {
					octets[i] = byte(i)
				}
				go func() {
					for p := range slices.Chunk(octets, 10) {
						if _, err := a.Write(p); err != nil {
							t.Error(err)
						}
					}
					a.Close()
				}()
				began, last, buf := time.Now(), time.Duration(0), make([]byte, 64)
				var got []byte
				for {
					n, err := b.Read(buf)
					if errors.Is(err, io.EOF) {
						break
					}
					if err != nil || tt.fault.Slice > 0 && n > tt.fault.Slice {
						t.Fatalf("read %d, %v", n, err)
					}
					got, last = append(got, buf[:n]...), time.Since(began)
				}
				if !bytes.Equal(got, octets) {
					t.Errorf("read %v", got)
				}
				if last < tt.least || last > tt.most {
					t.Errorf("the last octet came after %v, want %v to %v", last, tt.least, tt.most)
				}
				b.Close()
			})
		})
	}
}

// TestNobodyAcknowledges: an end whose octets vanish takes what its buffer
// holds, and finds out after a quarter of an hour.
func TestNobodyAcknowledges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := Pipe(1, Fault{Buffer: 10}, Fault{})
		a.Mute()
		began := time.Now()
		n, err := a.Write(make([]byte, 100))
		if n != 10 || !errors.Is(err, syscall.ETIMEDOUT) || time.Since(began) != retransmission {
			t.Errorf("wrote %d in %v: %v", n, time.Since(began), err)
		}
		if _, err := a.Read(make([]byte, 1)); !errors.Is(err, syscall.ETIMEDOUT) {
			t.Errorf("Read: %v", err)
		}
		a.Close()
		b.Close()
	})
}

// TestPlanIsKnown: the same seed has the same faults, connection by connection.
func TestPlanIsKnown(t *testing.T) {
	draw := func(seed uint64) (faults []Fault) {
		n := New(seed, func(_ int, rnd *rand.Rand) (there, back Fault) {
			f := Fault{After: rnd.Int64()}
			faults = append(faults, f)
			return f, f
		})
		l, err := n.Listen(t.Context(), "here")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		for range 10 {
			c, err := n.Dial(t.Context(), "here")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { c.Close() })
		}
		if n.Dialed() != 10 {
			t.Errorf("%d dialed", n.Dialed())
		}
		open := 0
		n.Each(func(*Conn) { open++ })
		if open != 10 {
			t.Errorf("%d open, want 10", open)
		}
		return faults
	}
	if one := draw(1); !slices.Equal(one, draw(1)) || slices.Equal(one, draw(2)) {
		t.Error("the faults do not depend on the seed alone")
	}
}

// TestRelay: what goes through a relay is not changed, and ends with a reset.
func TestRelay(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r, err := NewRelay(1, l.Addr().String(), 100, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	c, err := net.Dial("tcp", r.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	s, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := errors.Join(c.SetDeadline(time.Now().Add(time.Minute)), s.SetDeadline(time.Now().Add(time.Minute))); err != nil {
		t.Fatal(err)
	}
	sent := bytes.Repeat([]byte("0123456789"), 10)
	if _, err := c.Write(sent[:99]); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, 99)
	if _, err := io.ReadFull(s, got); err != nil || !bytes.Equal(got, sent[:99]) {
		t.Fatalf("read %q, %v", got, err)
	}
	if _, err := c.Write(sent[99:]); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(c); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the client reads %v", err)
	}
	if r.Struck() != 1 {
		t.Errorf("%d struck", r.Struck())
	}
}
