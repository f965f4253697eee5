package tls

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"
)

// A write that missed its deadline is gone on with, as over TCP.
func TestWriteAfterDeadline(t *testing.T) {
	ca := newAuthority(t, "ca")
	tr := New(WithServerConfig(ca.server(t)), WithClientConfig(ca.client(t)))
	l := must(tr.Listen(t.Context(), "127.0.0.1:0"))
	defer l.Close()
	accepted := make(chan net.Conn, 1)
	go func() { accepted <- must(l.Accept()) }()
	near := must(tr.Dial(bounded(t), l.Addr().String()))
	defer near.Close()
	far := <-accepted
	defer far.Close()

	sent := make([]byte, 16<<20) // more than the system holds
	for i := range sent {
		sent[i] = byte(i >> 7)
	}
	got := make(chan []byte, 1)
	late := 0
	for n := 0; n < len(sent); {
		if err := near.SetWriteDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		m, err := near.Write(sent[n:])
		n += m
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal(err)
		}
		if err != nil && late == 0 {
			late++
			go func() {
				b, _ := io.ReadAll(far)
				got <- b
			}()
		}
	}
	if late == 0 {
		t.Fatal("no deadline was missed")
	}
	if err := near.SetWriteDeadline(time.Time{}); err != nil {
		t.Fatal(err)
	}
	if err := near.(*conn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if b := <-got; !bytes.Equal(b, sent) {
		t.Errorf("%d octets came, not as they were sent", len(b))
	}
}

// While the handshake waits for the peer a deadline ends a call, and no more.
func TestDeadlineInHandshake(t *testing.T) {
	ca := newAuthority(t, "ca")
	tr := New(WithServerConfig(ca.server(t)), WithClientConfig(ca.client(t)))
	l := must(tr.Listen(t.Context(), "127.0.0.1:0"))
	defer l.Close()
	raw := must(net.Dial("tcp", l.Addr().String()))
	defer raw.Close()
	far := must(l.Accept())
	defer far.Close()
	for _, past := range []time.Time{time.Unix(1, 0), time.Now().Add(time.Millisecond)} {
		if err := far.SetDeadline(past); err != nil {
			t.Fatal(err)
		}
		if _, err := far.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Read: %v", err)
		}
		if _, err := far.Write(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("Write: %v", err)
		}
	}
	if err := far.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	read := make(chan error, 1)
	go func() {
		_, err := io.ReadFull(far, make([]byte, 2))
		read <- err
	}()
	near := newClient(t, raw, ca)
	if _, err := near.Write([]byte("hi")); err != nil {
		t.Fatal(err)
	}
	if err := <-read; err != nil {
		t.Errorf("after the deadlines: %v", err)
	}
}

// newClient speaks TLS over a connection that is there.
func newClient(t *testing.T, raw net.Conn, ca *authority) net.Conn {
	t.Helper()
	config := ca.client(t)
	config.ServerName = "127.0.0.1"
	return tls.Client(raw, config)
}
