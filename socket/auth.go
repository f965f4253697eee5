package socket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"runtime/debug"

	"github.com/brokerless/brokerless/internal/zmtp"
	"github.com/brokerless/brokerless/transport"
)

// The status codes of ZAP (RFC 27) with which a peer is refused.
const (
	AuthTemporary = zmtp.StatusTemporary // not now: the peer may try again soon, and is told nothing
	AuthDenied    = zmtp.StatusDenied    // it may not come in
	AuthInternal  = zmtp.StatusInternal  // the authenticator has failed
)

// Credentials are what is known of a peer that wants to come in. Only what the
// mechanism proves is proven: under CURVE the key, under PLAIN nothing but
// that the peer knows the password, under NULL nothing.
type Credentials struct {
	Mechanism string // "NULL", "PLAIN" or "CURVE"
	Domain    string // of ours, see WithAuthDomain
	Address   string // of the peer: its IP without the port; empty over ipc
	Endpoint  string // of ours that it came to, or that we connected to
	Identity  []byte // that it announced, if the mechanism has it already (CURVE); nil else
	Username  string // under PLAIN
	Password  string // under PLAIN
	Key       []byte // under CURVE: the peer's public key, 32 octets

	Process         *Process // over ipc, on Linux: whose end it is; else nil
	Certificate     []byte   // over TLS: the peer's, if it has one that was verified, in DER; for x509.ParseCertificate
	CertificateName string   // whom that is for: its first URI, DNS or mail name, or else its common name
}

// Admission is what an Authenticator says of a peer that may come in.
type Admission struct {
	UserID   string            // who it is: Peer.UserID
	Metadata map[string]string // more of it, for Peer.Property; goes before what the peer says itself
}

// Authenticator decides which peers may come in. Package auth has ready ones.
type Authenticator interface {
	// Authenticate lets the peer in by returning nil, and refuses it by an
	// error: an *AuthError with the status it names, any other one, and a
	// panic, with AuthInternal. It is called for each connection in a goroutine
	// of its own, many at a time, and must return when ctx is done: that is when
	// nine tenths of the handshake's time are over, or at Close, which waits for
	// it. The peer is then refused whatever it does; but a socket makes no more
	// than 1024 calls at a time, and those that do not return count. What c points
	// to is its own.
	Authenticate(ctx context.Context, c Credentials) (Admission, error)
}

// AuthenticatorFunc is a function as an Authenticator.
type AuthenticatorFunc func(ctx context.Context, c Credentials) (Admission, error)

// Authenticate calls f.
func (f AuthenticatorFunc) Authenticate(ctx context.Context, c Credentials) (Admission, error) {
	return f(ctx, c)
}

// AuthError is a refusal, by this side's Authenticator or by the peer's. It
// matches ErrAuth.
type AuthError struct {
	Status int    // AuthTemporary, AuthDenied or AuthInternal
	Text   string // why; of the peer's nothing more than the status is known
}

// Error returns status and reason.
func (e *AuthError) Error() string {
	if e.Text == "" {
		return fmt.Sprintf("refused with status %d", e.Status)
	}
	return fmt.Sprintf("refused with status %d: %s", e.Status, e.Text)
}

// Is reports whether target is ErrAuth.
func (e *AuthError) Is(target error) bool { return target == ErrAuth }

// WithAuthenticator has a decide which peers may come in: as the server of PLAIN
// or CURVE by what they prove, without a mechanism by where they come from.
// Clients ask nobody: they know whom they have connected to, by its key or, under
// PLAIN, not at all.
func WithAuthenticator(a Authenticator) Option {
	return option(func(c *config) { c.authenticator, c.authenticatorGiven = a, true })
}

// WithAuthDomain sets the name under which an Authenticator sees this socket
// (ZMQ_ZAP_DOMAIN). The default is empty.
func WithAuthDomain(domain string) Option {
	return option(func(c *config) { c.domain = domain })
}

// authenticate asks the authenticator about the peer of a connection. Its
// verdict comes before ctx is done, even if the authenticator does not.
func (s *socket) authenticate(ctx context.Context, x *session, mechanism string, r zmtp.Request) zmtp.Verdict {
	a := s.cfg.authenticator
	if a == nil {
		return zmtp.Verdict{Status: zmtp.StatusInternal, Text: "no authenticator"}
	}
	if end, ok := ctx.Deadline(); ok { // what is left then is for telling the peer
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, end.Add(-s.cfg.handshakeTime/10))
		defer cancel()
	}
	select {
	case s.asking <- struct{}{}:
	case <-ctx.Done():
		return zmtp.Verdict{Status: zmtp.StatusInternal, Text: fmt.Sprintf(
			"the authenticator was not asked: %d calls of it have not returned (%v)", cap(s.asking), context.Cause(ctx))}
	}
	c := s.credentials(x, mechanism, r)
	verdict := make(chan zmtp.Verdict, 1)
	s.wg.Go(func() { // the connection's goroutine is counted, so this one may be
		defer func() { <-s.asking }()
		verdict <- ask(ctx, a, c)
	})
	select {
	case v := <-verdict:
		if ctx.Err() == nil {
			return v
		}
	case <-ctx.Done():
	}
	return zmtp.Verdict{Status: zmtp.StatusInternal, Text: fmt.Sprintf("the authenticator has not answered in time: %v", context.Cause(ctx))}
}

// ask calls the authenticator, and takes what comes of it for a verdict.
func ask(ctx context.Context, a Authenticator, c Credentials) (v zmtp.Verdict) {
	defer func() {
		if r := recover(); r != nil {
			v = zmtp.Verdict{Status: zmtp.StatusInternal, Text: fmt.Sprintf("the authenticator panicked: %v\n%s", r, debug.Stack())}
		}
	}()
	admission, err := a.Authenticate(ctx, c)
	if err == nil {
		v = zmtp.Verdict{Status: zmtp.StatusOK, UserID: admission.UserID}
		for name, value := range admission.Metadata {
			v.Metadata = append(v.Metadata, zmtp.Property{Name: name, Value: []byte(value)})
		}
		return v
	}
	v = zmtp.Verdict{Status: zmtp.StatusInternal, Text: err.Error()}
	if e := new(AuthError); errors.As(err, &e) {
		v.Text = e.Text
		switch e.Status {
		case AuthTemporary, AuthDenied:
			v.Status = e.Status
		}
	}
	return v
}

func (s *socket) credentials(x *session, mechanism string, r zmtp.Request) Credentials {
	c := Credentials{Mechanism: mechanism, Domain: s.cfg.domain, Endpoint: x.pipe.endpoint, Process: processOf(x.conn)}
	if proven, ok := x.conn.(transport.Certified); ok {
		c.Certificate, c.CertificateName = proven.PeerCertificate()
		c.Certificate = bytes.Clone(c.Certificate)
	}
	if a := x.conn.RemoteAddr(); a != nil {
		if host, _, err := net.SplitHostPort(a.String()); err == nil {
			c.Address = host
		}
	}
	if id, ok := r.Properties.Lookup(zmtp.IdentityProperty); ok {
		c.Identity = append([]byte{}, id...)
	}
	switch {
	case mechanism == "PLAIN" && len(r.Credentials) == 2:
		c.Username, c.Password = string(r.Credentials[0]), string(r.Credentials[1])
	case mechanism == "CURVE" && len(r.Credentials) == 1:
		c.Key = append([]byte{}, r.Credentials[0]...)
	}
	return c
}
