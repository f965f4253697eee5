package socket

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/brokerless/brokerless/internal/zmtp"
	"github.com/brokerless/brokerless/transport"
)

// WithLogger has the socket log to l. It logs, as warnings, what somebody who
// runs the program has to know and may have to change: once, that whoever
// reaches a bound port gets in, because there is neither a security mechanism
// nor an authenticator and the address is not of this host alone; and each peer
// that was refused, or that refused us, with endpoint, address, reason, and what
// to do about it. Of these there is at most one line a second a socket, which
// says how many were left out. Keys, passwords and what messages contain are
// never logged. The rest is for [Stats] and [Monitor]. L is called without a lock,
// by the connection's goroutine. The default is slog.Default(), asked each time;
// nil logs nothing.
func WithLogger(l *slog.Logger) Option {
	if l == nil {
		l = slog.New(slog.DiscardHandler)
	}
	return option(func(c *config) { c.logger = l })
}

// A journal is what a socket has to say in the log.
type journal struct {
	s *socket

	mu      sync.Mutex
	open    bool      // the address of a bound port was warned of
	last    time.Time // when a line about a refusal was written
	omitted int       // refusals without a line since
}

func (j *journal) warn(message string, attrs ...slog.Attr) {
	l := j.s.cfg.logger
	if l == nil {
		l = slog.Default()
	}
	attrs = append([]slog.Attr{slog.String("socket", j.s.kind)}, attrs...)
	l.LogAttrs(context.Background(), slog.LevelWarn, message, attrs...)
}

// listening is told that an endpoint is bound.
func (j *journal) listening(scheme, endpoint string, at net.Addr) {
	open := scheme == "tcp" || scheme == "udp" || scheme == "ws"
	if c := j.s.cfg; !open || c.security != nil || c.authenticator != nil || local(at) {
		return
	}
	j.mu.Lock()
	told := j.open
	j.open = true
	j.mu.Unlock()
	if told {
		return
	}
	if scheme == "udp" {
		j.warn("brokerless: bound without security: whoever reaches this address can send, in anybody's name",
			slog.String("endpoint", endpoint),
			slog.String("advice", "believe nothing that a datagram says unless it proves it, or bind 127.0.0.1"))
		return
	}
	j.warn("brokerless: bound without security: whoever reaches this address can read, send and subscribe",
		slog.String("endpoint", endpoint),
		slog.String("advice", "encrypt with WithSecurity (package curve), say who may come in WithAuthenticator, or bind 127.0.0.1 or ipc"))
}

// local reports whether only this host reaches an address.
func local(a net.Addr) bool {
	if below, ok := a.(interface{ NetAddr() net.Addr }); ok { // WebSocket's
		a = below.NetAddr()
	}
	switch a := a.(type) {
	case *net.TCPAddr:
		return a.IP.IsLoopback()
	case *net.UDPAddr:
		return a.IP.IsLoopback()
	}
	return a.Network() != "udp" // a group is the network's
}

// refused is told that a connection of p came to nothing.
func (j *journal) refused(p *pipe, remote string, why error) {
	advice := j.advice(why)
	hungUp := errors.Is(why, errPeerClosed) || errors.Is(why, syscall.ECONNRESET)
	if hungUp && p.dialed && j.s.cfg.security != nil {
		advice = "look at the keys: a server of CURVE hangs up without a word on a client that has the wrong ones"
	}
	j.tell("brokerless: peer refused", p.endpoint, remote, why, advice)
}

// disconnected is told that a connection ended that carried traffic.
func (j *journal) disconnected(p *pipe, remote string, why error) {
	j.tell("brokerless: peer disconnected", p.endpoint, remote, why, j.advice(why))
}

// tell writes a line about the end of a connection, if there is advice and none
// was written just now.
func (j *journal) tell(message, endpoint, remote string, why error, advice string) {
	if why == nil || advice == "" {
		return
	}
	now := time.Now()
	j.mu.Lock()
	if !j.last.IsZero() && now.Sub(j.last) < logInterval {
		j.omitted++
		j.mu.Unlock()
		return
	}
	omitted := j.omitted
	j.last, j.omitted = now, 0
	j.mu.Unlock()
	reason, _, _ := strings.Cut(why.Error(), "\n") // of a panic without its stack
	attrs := []slog.Attr{
		slog.String("endpoint", endpoint), slog.String("peer", remote),
		slog.String("reason", reason), slog.String("advice", advice),
	}
	if omitted > 0 {
		attrs = append(attrs, slog.Int("omitted", omitted))
	}
	j.warn(message, attrs...)
}

// close tells of the refusals that have had no line yet.
func (j *journal) close() {
	j.mu.Lock()
	omitted := j.omitted
	j.omitted = 0
	j.mu.Unlock()
	if omitted > 0 {
		j.warn("brokerless: peers refused", slog.Int("omitted", omitted))
	}
}

// advice returns what to do about the end of a connection, or nothing if it is
// none that anybody has to know of.
func (j *journal) advice(why error) string {
	var (
		auth      *AuthError
		mechanism *zmtp.MechanismError
		version   *zmtp.VersionError
		told      *zmtp.PeerError
	)
	switch {
	case errors.Is(why, transport.ErrDenied):
		return "look at the certificates of both ends: who signed them, for which name, until when"
	case errors.Is(why, errStalled):
		return "see why the peer takes nothing, or raise WithMaxStall"
	case errors.Is(why, ErrSlow):
		return "see why the peer is slow, raise WithSendHWM, or take another WithDropPolicy"
	case errors.Is(why, ErrAuth) && errors.As(why, &told):
		return "see the log of the peer: its authenticator has to know what this socket shows"
	case errors.As(why, &auth) && auth.Status == AuthInternal:
		return "see why the authenticator of this socket failed"
	case errors.Is(why, ErrAuth):
		return "if this peer is wanted, let the authenticator of this socket know it"
	case errors.As(why, &mechanism):
		return "give both ends the same WithSecurity, one as server and one as client, or none"
	case errors.As(why, &version):
		return "the peer needs a library that speaks ZMTP 3, as libzmq 4 does; without security, WithLegacyZMTP lets it in"
	case errors.Is(why, ErrCrowded):
		return "if these peers are wanted, raise the limit"
	case errors.Is(why, errEvicted):
		return "if the peers are honest but slow, raise WithMaxHandshakes; else keep them out by a firewall"
	case errors.Is(why, ErrTooLarge):
		return "if the peer is honest, raise the limit"
	case errors.As(why, &told):
		return "see the log of the peer"
	case errors.Is(why, ErrProtocol):
		return "see what it is that connects: it is no ZeroMQ peer, of a type that does not go with this one, or defective"
	case errors.Is(why, errUnfinished):
		if j.s.cfg.security != nil {
			return "see whether the peer speaks the same mechanism with the right keys; a server of CURVE is silent to who has not"
		}
		return "see what it is that connects and says nothing, or raise WithHandshakeTimeout"
	}
	return ""
}
