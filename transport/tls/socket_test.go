package tls

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// patience bounds what never takes that long.
const patience = 30 * time.Second

func bounded(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// closing closes c at the end of the test.
func closing(t *testing.T, c io.Closer) {
	t.Helper()
	t.Cleanup(func() { c.Close() })
}

// over returns the option of a socket that speaks TLS.
func over(opts ...Option) socket.Option { return socket.WithTransport(New(opts...)) }

// awaitEvent returns the first event of the kind.
func awaitEvent(t *testing.T, m *socket.Monitor, kind socket.EventKind) socket.Event {
	t.Helper()
	ctx := bounded(t)
	for {
		e, err := m.Next(ctx)
		if err != nil {
			t.Fatalf("no event %q: %v", kind, err)
		}
		if e.Kind == kind {
			return e
		}
	}
}

// served checks that a good client is still let in and heard.
func served(t *testing.T, pull *socket.Pull, endpoint string, client *tls.Config) {
	t.Helper()
	ctx := bounded(t)
	push := must(socket.NewPush(over(WithClientConfig(client))))
	defer push.Close()
	if err := errors.Join(push.Connect(endpoint), push.Send(ctx, []byte("still there"))); err != nil {
		t.Fatal(err)
	}
	if m, err := pull.Recv(ctx); err != nil || string(m[0]) != "still there" {
		t.Fatalf("a good client: %q, %v", m, err)
	}
}

func TestPatterns(t *testing.T) {
	ca := newAuthority(t, "ca")
	both := over(WithServerConfig(ca.server(t)), WithClientConfig(ca.client(t)))
	ctx := bounded(t)

	rep := must(socket.NewRep(both, socket.WithMaxStall(time.Second)))
	defer rep.Close()
	req := must(socket.NewReq(both, socket.WithMaxStall(time.Second)))
	defer req.Close()
	if err := req.Connect(must(rep.Bind("tls+tcp://127.0.0.1:0"))); err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1)
	serving, stop := context.WithCancel(ctx)
	go func() {
		answered <- rep.Serve(serving, func(_ context.Context, m socket.Message) (socket.Message, error) { return m, nil })
	}()
	for _, size := range []int{0, 1, 255, 256, record - 1, record, record + 1, 65535, 1 << 20} {
		sent := bytes.Repeat([]byte{byte(size), 7}, size/2+1)[:size]
		m, err := req.Request(ctx, []byte("head"), sent)
		if err != nil || len(m) != 2 || !bytes.Equal(m[1], sent) {
			t.Fatalf("%d octets: %d frames, %v", size, len(m), err)
		}
	}
	stop()
	<-answered

	pub := must(socket.NewPub(both))
	defer pub.Close()
	endpoint := must(pub.Bind("tls+tcp://127.0.0.1:0"))
	var subs []*socket.Sub
	for range 3 {
		sub := must(socket.NewSub(both))
		closing(t, sub)
		if err := errors.Join(sub.Subscribe("news"), sub.Connect(endpoint)); err != nil {
			t.Fatal(err)
		}
		subs = append(subs, sub)
	}
	if err := errors.Join(pub.WaitSubscribers(ctx, "news", 3), pub.Send(ctx, []byte("sport")), pub.Send(ctx, []byte("news today"))); err != nil {
		t.Fatal(err)
	}
	for _, sub := range subs {
		if m, err := sub.Recv(ctx); err != nil || string(m[0]) != "news today" {
			t.Fatalf("%q, %v", m, err)
		}
	}
}

// All that was sent arrives though the sender closes at once.
func TestPartingPeer(t *testing.T) {
	ca := newAuthority(t, "ca")
	const messages = 2000
	ctx := bounded(t)
	pull := must(socket.NewPull(over(WithServerConfig(ca.server(t)))))
	defer pull.Close()
	push := must(socket.NewPush(over(WithClientConfig(ca.client(t))), socket.WithLinger(patience)))
	if err := push.Connect(must(pull.Bind("tls+tcp://127.0.0.1:0"))); err != nil {
		t.Fatal(err)
	}
	body := make([]byte, 1000)
	go func() {
		for range messages {
			push.Send(ctx, body)
		}
		push.Close()
	}()
	for i := range messages {
		if _, err := pull.Recv(ctx); err != nil {
			t.Fatalf("message %d: %v", i, err)
		}
	}
}

// Each certificate that is not accepted is told with the reason on the side that
// refuses, on the other as its doing, and asked about again slowly.
func TestRefusals(t *testing.T) {
	ca, other := newAuthority(t, "ca"), newAuthority(t, "other")
	elsewhere := func(c *x509.Certificate) { c.IPAddresses, c.DNSNames = nil, []string{"elsewhere.example"} }
	for _, tt := range []struct {
		name           string
		server, client tls.Certificate
		none           bool   // the client shows no certificate
		clientSays     string // in the reason
		serverSays     string
	}{
		{
			name:   "expired server",
			server: ca.issue(t, "server", expired), client: ca.issue(t, "client", nil),
			clientSays: "expired", serverSays: "the peer says",
		},
		{
			name:   "server of another authority",
			server: other.issue(t, "server", nil), client: ca.issue(t, "client", nil),
			clientSays: "unknown authority", serverSays: "the peer says",
		},
		{
			name:   "server of another name",
			server: ca.issue(t, "server", elsewhere), client: ca.issue(t, "client", nil),
			clientSays: "127.0.0.1", serverSays: "the peer says",
		},
		{
			name:   "client without certificate",
			server: ca.issue(t, "server", nil), none: true,
			clientSays: "certificate required", serverSays: "didn't provide a certificate",
		},
		{
			name:   "client of another authority",
			server: ca.issue(t, "server", nil), client: other.issue(t, "client", nil),
			clientSays: "the peer says", serverSays: "unknown authority",
		},
		{
			name:   "expired client",
			server: ca.issue(t, "server", nil), client: ca.issue(t, "client", expired),
			clientSays: "the peer says", serverSays: "expired",
		},
	} {
		for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
			t.Run(fmt.Sprintf("%s/%s", tt.name, tls.VersionName(version)), func(t *testing.T) {
				server, client := ca.server(t), ca.client(t)
				server.Certificates, client.Certificates = []tls.Certificate{tt.server}, []tls.Certificate{tt.client}
				server.MaxVersion = version
				if tt.none {
					client.Certificates = nil
				} else { // shown whatever the server asks for
					client.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &tt.client, nil }
				}
				pull := must(socket.NewPull(over(WithServerConfig(server))))
				defer pull.Close()
				push := must(socket.NewPush(over(WithClientConfig(client)), socket.WithRedialDenied(time.Hour, time.Hour), socket.WithLinger(0)))
				defer push.Close()
				ours, theirs := pull.Monitor(), push.Monitor()
				if err := push.Connect(must(pull.Bind("tls+tcp://127.0.0.1:0"))); err != nil {
					t.Fatal(err)
				}
				e := awaitEvent(t, ours, socket.EventHandshakeFailed)
				if !errors.Is(e.Err, socket.ErrAuth) || !strings.Contains(e.Err.Error(), tt.serverSays) {
					t.Errorf("the server says %v, want ErrAuth and %q", e.Err, tt.serverSays)
				}
				for e.Delay == 0 {
					e = must(theirs.Next(bounded(t)))
				}
				if tt.none && version == tls.VersionTLS12 {
					return // it has no alert that says so
				}
				if !errors.Is(e.Err, socket.ErrAuth) || !strings.Contains(e.Err.Error(), tt.clientSays) {
					t.Errorf("the client says %v, want ErrAuth and %q", e.Err, tt.clientSays)
				}
				if e.Delay < time.Minute {
					t.Errorf("the client tries again in %v, want what WithRedialDenied says", e.Delay)
				}
			})
		}
	}
}

// Who the client is by its certificate, the authenticator and the application
// are told.
func TestCertificateOfPeer(t *testing.T) {
	ca := newAuthority(t, "ca")
	ctx := bounded(t)
	var asked socket.Credentials
	server := over(WithServerConfig(ca.server(t)))
	named := func(userID string) socket.Option {
		return socket.WithAuthenticator(socket.AuthenticatorFunc(func(_ context.Context, c socket.Credentials) (socket.Admission, error) {
			asked = c
			return socket.Admission{UserID: userID}, nil
		}))
	}
	for _, tt := range []struct {
		name string
		opts []socket.PullOption
		want string
	}{
		{"without authenticator", []socket.PullOption{server}, "client"},
		{"with one that says nothing", []socket.PullOption{server, named("")}, "client"},
		{"with one that names", []socket.PullOption{server, named("ann")}, "ann"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			asked = socket.Credentials{CertificateName: "client"}
			pull := must(socket.NewPull(tt.opts...))
			defer pull.Close()
			push := must(socket.NewPush(over(WithClientConfig(ca.client(t)))))
			defer push.Close()
			if err := errors.Join(push.Connect(must(pull.Bind("tls+tcp://127.0.0.1:0"))), push.Send(ctx, []byte("m"))); err != nil {
				t.Fatal(err)
			}
			_, peer, err := pull.RecvFrom(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if cert, err := x509.ParseCertificate(peer.Certificate); err != nil || cert.Subject.CommonName != "client" {
				t.Errorf("certificate %v, %v", cert, err)
			}
			if peer.UserID != tt.want || asked.CertificateName != "client" {
				t.Errorf("user %q, asked about %q", peer.UserID, asked.CertificateName)
			}
		})
	}
	t.Run("names", func(t *testing.T) {
		for _, tt := range []struct {
			want   string
			change func(*x509.Certificate)
		}{
			{"cn", nil},
			{"a@b.example", func(c *x509.Certificate) { c.EmailAddresses = []string{"a@b.example"} }},
			{"b.example", func(c *x509.Certificate) { c.DNSNames = []string{"b.example"} }},
		} {
			c := must(x509.ParseCertificate(ca.issue(t, "cn", tt.change).Certificate[0]))
			if got := nameOf(c); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		}
	})
}

// Who connects and is no TLS client is refused, or has his time and no more.
func TestHostileClients(t *testing.T) {
	ca := newAuthority(t, "ca")
	pull := must(socket.NewPull(over(WithServerConfig(ca.server(t))), socket.WithMaxHandshakes(4)))
	defer pull.Close()
	m := pull.Monitor()
	endpoint := must(pull.Bind("tls+tcp://127.0.0.1:0"))
	address := strings.TrimPrefix(endpoint, scheme+"://")

	plain := must(net.Dial("tcp", address))
	defer plain.Close()
	must(plain.Write([]byte("\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x01NULL")))
	if e := awaitEvent(t, m, socket.EventHandshakeFailed); !errors.Is(e.Err, socket.ErrProtocol) {
		t.Errorf("a peer without TLS: %v, want ErrProtocol", e.Err)
	}
	served(t, pull, endpoint, ca.client(t))

	silent := make([]net.Conn, 20)
	for i := range silent {
		silent[i] = must(net.Dial("tcp", address))
		closing(t, silent[i])
		must(silent[i].Write([]byte{22, 3, 1, 2})) // the beginning of a ClientHello
	}
	for range len(silent) - 4 {
		if e := awaitEvent(t, m, socket.EventHandshakeFailed); !strings.Contains(e.Err.Error(), "unfinished handshakes") {
			t.Errorf("one of too many: %v", e.Err)
		}
	}
	served(t, pull, endpoint, ca.client(t))
}

// A crowd that comes at once gets in, all of it.
func TestCrowd(t *testing.T) {
	const clients = 200
	ca := newAuthority(t, "ca")
	pull := must(socket.NewPull(over(WithServerConfig(ca.server(t))), socket.WithMaxHandshakes(16)))
	defer pull.Close()
	endpoint := must(pull.Bind("tls+tcp://127.0.0.1:0"))
	client := over(WithClientConfig(ca.client(t)))
	for i := range clients {
		push := must(socket.NewPush(client))
		closing(t, push)
		if err := errors.Join(push.Connect(endpoint), push.Send(bounded(t), fmt.Append(nil, i))); err != nil {
			t.Fatal(err)
		}
	}
	seen := make(map[string]bool)
	for range clients {
		m, err := pull.Recv(bounded(t))
		if err != nil {
			t.Fatalf("after %d: %v", len(seen), err)
		}
		seen[string(m[0])] = true
	}
	if len(seen) != clients {
		t.Errorf("heard %d of %d", len(seen), clients)
	}
}
