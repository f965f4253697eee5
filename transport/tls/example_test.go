package tls_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	cryptotls "crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"

	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/transport/tls"
)

// Two sockets that both show a certificate (mutual TLS). In a service they come
// from files: see LoadFiles.
func Example() {
	ctx := context.Background()
	authority, sign := newAuthority()

	server := tls.New(tls.WithServerConfig(&cryptotls.Config{
		Certificates: []cryptotls.Certificate{sign("orders")},
		ClientCAs:    authority,
		ClientAuth:   cryptotls.RequireAndVerifyClientCert,
	}))
	pull := must(socket.NewPull(socket.WithTransport(server)))
	defer pull.Close()
	endpoint := must(pull.Bind("tls+tcp://127.0.0.1:0"))

	client := tls.New(tls.WithClientConfig(&cryptotls.Config{
		Certificates: []cryptotls.Certificate{sign("ann")},
		RootCAs:      authority,
	}))
	push := must(socket.NewPush(socket.WithTransport(client)))
	defer push.Close()
	check(push.Connect(endpoint))
	check(push.Send(ctx, []byte("tea")))

	m, peer, err := pull.RecvFrom(ctx)
	check(err)
	fmt.Printf("%s, for %s\n", m[0], peer.UserID)

	// Who has no certificate of the authority does not come in, and is told so.
	stranger := must(socket.NewPush(socket.WithTransport(tls.New(tls.WithClientConfig(&cryptotls.Config{RootCAs: authority})))))
	defer stranger.Close()
	events := pull.Monitor()
	check(stranger.Connect(endpoint))
	for e := range events.Events(ctx) {
		if e.Kind == socket.EventHandshakeFailed {
			fmt.Println("refused for who it is:", errors.Is(e.Err, socket.ErrAuth))
			break
		}
	}
	// Output:
	// tea, for ann
	// refused for who it is: true
}

// newAuthority returns who to trust, and what signs certificates for 127.0.0.1.
func newAuthority() (*x509.CertPool, func(name string) cryptotls.Certificate) {
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	root := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true,
	}
	root = must(x509.ParseCertificate(must(x509.CreateCertificate(rand.Reader, root, root, &key.PublicKey, key))))
	pool := x509.NewCertPool()
	pool.AddCert(root)
	return pool, func(name string) cryptotls.Certificate {
		own := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
		leaf := &x509.Certificate{
			SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
			IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		}
		der := must(x509.CreateCertificate(rand.Reader, leaf, root, &own.PublicKey, key))
		return cryptotls.Certificate{Certificate: [][]byte{der}, PrivateKey: own}
	}
}

func must[T any](v T, err error) T {
	check(err)
	return v
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
