package ws

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/coder/websocket"

	"github.com/brokerless/brokerless/internal/carrier"
	"github.com/brokerless/brokerless/transport"
)

// maxHead is how many octets a request or its answer may have.
const maxHead = 16 << 10

// A channel is a WebSocket that is open.
type channel struct {
	*websocket.Conn
	on    *carrier.Conn
	signs signs
}

// signs is what is told of control frames that come.
type signs struct {
	ping func(payload []byte)
	pong func()
}

func (s *signs) onPing(_ context.Context, payload []byte) bool {
	s.ping(payload)
	return false // it is answered by who writes
}

func (s *signs) onPong(context.Context, []byte) { s.pong() }

// connect sends a request over a connection.
func (t *Transport) connect(below net.Conn, host, target, mechanism string) (*channel, error) {
	ch := &channel{on: carrier.New(below)}
	var err error
	var resp *http.Response
	ch.Conn, resp, err = websocket.Dial(context.Background(), "ws://"+host+target, &websocket.DialOptions{
		HTTPClient:     &http.Client{Transport: trip{ch.on}, CheckRedirect: stay},
		HTTPHeader:     t.header,
		Subprotocols:   subprotocols(mechanism),
		OnPingReceived: ch.signs.onPing,
		OnPongReceived: ch.signs.onPong,
	})
	if err != nil {
		return nil, refused(resp, err)
	}
	if ch.Subprotocol() == "" {
		_ = ch.CloseNow()
		return nil, fmt.Errorf("%w: the server has chosen no subprotocol, want %q", transport.ErrProtocol, subprotocols(mechanism))
	}
	return ch, nil
}

// stay has no redirection followed: the endpoint says where to go.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// refused returns what the answer to a request comes to that did not open a WebSocket.
func refused(resp *http.Response, err error) error {
	if resp == nil || resp.StatusCode == http.StatusSwitchingProtocols {
		return err
	}
	reason := resp.Status
	if b, _ := io.ReadAll(resp.Body); len(b) > 0 { // it is in memory, and at most 1 KiB
		line, _, _ := strings.Cut(strings.TrimSpace(string(b)), "\n")
		reason += ": " + line
	}
	switch resp.StatusCode {
	case http.StatusUnauthorized, http.StatusForbidden:
		return fmt.Errorf("%w: the server answers %q", transport.ErrDenied, reason)
	}
	if resp.StatusCode < http.StatusInternalServerError {
		return fmt.Errorf("%w: the server answers %q", transport.ErrProtocol, reason)
	}
	return fmt.Errorf("the server answers %q", reason)
}

// A trip is an http.RoundTripper over one connection, for one request.
type trip struct{ on *carrier.Conn }

// RoundTrip sends the request and reads the head of the answer. What follows is the body, which can be written to.
func (t trip) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Write(t.on); err != nil {
		return nil, err
	}
	head := &limited{r: t.on, left: maxHead}
	in := bufio.NewReader(head)
	resp, err := http.ReadResponse(in, r)
	if err != nil {
		return nil, notHTTP(err)
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		head.left = math.MaxInt
		resp.Body = &rest{in, t.on}
	}
	return resp, nil
}

// A rest is a connection whose first octets were read already.
type rest struct {
	io.Reader
	on *carrier.Conn
}

func (r *rest) Write(b []byte) (int, error) { return r.on.Write(b) }
func (r *rest) Close() error                { return r.on.Close() }

// answer reads a request from a connection and answers it.
func (t *Transport) answer(below net.Conn, path, mechanism string) (*channel, error) {
	ch := &channel{on: carrier.New(below)}
	in := bufio.NewReader(&limited{r: ch.on, left: maxHead})
	r, err := http.ReadRequest(in)
	if err != nil {
		return nil, notHTTP(err)
	}
	w := &writer{on: ch.on, in: in, header: make(http.Header)}
	if want, err := url.ParseRequestURI(path); err != nil || r.URL.Path != want.Path {
		http.NotFound(w, r)
		return nil, fmt.Errorf("%w: a request for %q, want %q", transport.ErrProtocol, r.URL.Path, path)
	}
	return t.upgrade(ch, w, r, mechanism)
}

// upgrade answers a request.
func (t *Transport) upgrade(ch *channel, w http.ResponseWriter, r *http.Request, mechanism string) (*channel, error) {
	protocol, err := choose(r, mechanism)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return nil, err
	}
	ch.Conn, err = websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols:   []string{protocol},
		OriginPatterns: t.origins,
		OnPingReceived: ch.signs.onPing,
		OnPongReceived: ch.signs.onPong,
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", transport.ErrProtocol, err)
	}
	return ch, nil
}

func notHTTP(err error) error {
	if e := net.Error(nil); errors.As(err, &e) || errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
		return err
	}
	return fmt.Errorf("%w: not HTTP: %w", transport.ErrProtocol, err)
}

// limited gives out so many octets and no more.
type limited struct {
	r    io.Reader
	left int
}

func (l *limited) Read(b []byte) (int, error) {
	if l.left <= 0 {
		return 0, fmt.Errorf("%w: a head of more than %d octets", transport.ErrTooLarge, maxHead)
	}
	n, err := l.r.Read(b[:min(len(b), l.left)])
	l.left -= n
	return n, err
}

// A writer is the http.ResponseWriter of a connection with one request.
type writer struct {
	on     *carrier.Conn
	in     *bufio.Reader
	header http.Header
	begun  bool
}

// Header returns what goes in front of the body.
func (w *writer) Header() http.Header { return w.header }

// WriteHeader writes the head of the answer.
func (w *writer) WriteHeader(status int) {
	if w.begun {
		return
	}
	w.begun = true
	if status != http.StatusSwitchingProtocols {
		w.header.Set("Connection", "close")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "HTTP/1.1 %d %s\r\n", status, http.StatusText(status))
	_ = w.header.Write(&b) // it cannot fail
	b.WriteString("\r\n")
	_, _ = io.WriteString(w.on, b.String()) // the next read or write tells
}

// Write writes a part of the body.
func (w *writer) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.on.Write(b)
}

// Hijack hands the connection over.
func (w *writer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return w.on, bufio.NewReadWriter(w.in, bufio.NewWriter(w.on)), nil
}
