package tls

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"

	"github.com/brokerless/brokerless/transport"
)

// denials are the alerts (RFC 8446 section 6.2) by which a peer says that it does not accept who we are.
var denials = []tls.AlertError{
	42,  // bad certificate
	43,  // unsupported certificate
	44,  // certificate revoked
	45,  // certificate expired
	46,  // certificate unknown
	48,  // unknown certificate authority
	49,  // access denied
	112, // unrecognized name
	116, // certificate required
}

// noCertificate is how package crypto/tls says that a client has not shown a certificate that was asked for.
const noCertificate = "tls: client didn't provide a certificate"

// explain marks an error of package crypto/tls as what it means to a socket.
func explain(err error) error {
	var (
		verification *tls.CertificateVerificationError
		header       tls.RecordHeaderError
		remote       *net.OpError
	)
	switch {
	case err == nil, errors.Is(err, transport.ErrDenied), errors.Is(err, transport.ErrProtocol):
		return err
	case errors.As(err, &verification), err.Error() == noCertificate:
		return fmt.Errorf("%w: %w", transport.ErrDenied, err)
	case errors.As(err, &header):
		return fmt.Errorf("%w: %w", transport.ErrProtocol, err)
	case errors.As(err, &remote) && remote.Op == "remote error":
		for _, alert := range denials {
			if remote.Err.Error() == alert.Error() {
				return fmt.Errorf("%w: the peer says %w", transport.ErrDenied, remote.Err)
			}
		}
		return fmt.Errorf("%w: the peer says %w", transport.ErrProtocol, remote.Err)
	}
	return err
}

// nameOf returns whom a certificate is for: a name of its own kind before a common name, which is free text.
func nameOf(c *x509.Certificate) string {
	switch {
	case len(c.URIs) > 0:
		return c.URIs[0].String()
	case len(c.DNSNames) > 0:
		return c.DNSNames[0]
	case len(c.EmailAddresses) > 0:
		return c.EmailAddresses[0]
	}
	return c.Subject.CommonName
}
