package ws

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	cryptotls "crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/transport/tls"
)

// certified returns a certificate for 127.0.0.1 that is its own authority.
func certified(t *testing.T, name string) (cryptotls.Certificate, *x509.CertPool) {
	t.Helper()
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der := must(x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key))
	pool := x509.NewCertPool()
	pool.AddCert(must(x509.ParseCertificate(der)))
	return cryptotls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestSecure(t *testing.T) {
	serverCert, serverPool := certified(t, "server")
	clientCert, clientPool := certified(t, "client")
	server := over(WithTLS(tls.New(tls.WithServerConfig(&cryptotls.Config{
		Certificates: []cryptotls.Certificate{serverCert}, ClientCAs: clientPool, ClientAuth: cryptotls.RequireAndVerifyClientCert,
	}))))
	client := func(roots *x509.CertPool) socket.Option {
		return over(WithTLS(tls.New(tls.WithClientConfig(&cryptotls.Config{
			Certificates: []cryptotls.Certificate{clientCert}, RootCAs: roots,
		}))))
	}

	t.Run("WS-11 certificates on both sides", func(t *testing.T) {
		pull := closing(t, must(socket.NewPull(server)))
		push := closing(t, must(socket.NewPush(client(serverPool), quick())))
		endpoint := must(pull.Bind("wss://127.0.0.1:0/a"))
		if !strings.HasSuffix(endpoint, "/a") {
			t.Errorf("resolved %q without its path", endpoint)
		}
		large := strings.Repeat("x", 1<<20)
		if err := push.Connect(endpoint); err != nil {
			t.Fatal(err)
		}
		send(t, push, large)
		m, peer, err := pull.RecvFrom(bounded(t))
		if err != nil || string(m[0]) != large || peer.UserID != "client" {
			t.Fatalf("%d frames of %q, %v", len(m), peer.UserID, err)
		}
	})

	t.Run("WS-11 who is not trusted is refused", func(t *testing.T) {
		pull := closing(t, must(socket.NewPull(server)))
		push := closing(t, must(socket.NewPush(client(clientPool), quick(), socket.WithLinger(0))))
		m := push.Monitor()
		if err := push.Connect(must(pull.Bind("wss://127.0.0.1:0"))); err != nil {
			t.Fatal(err)
		}
		if e := await(t, m, socket.EventConnectFailed); !errors.Is(e.Err, socket.ErrAuth) {
			t.Errorf("%v, want ErrAuth", e.Err)
		}
	})
}
