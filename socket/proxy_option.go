package socket

// A ProxyOption is an option of [Proxy].
type ProxyOption interface{ forProxy(*proxy) }

type proxyOption func(*proxy)

func (o proxyOption) forProxy(p *proxy) { o(p) }

// WithCapture sends a copy of every message that was forwarded, either way, to a
// socket: PUB, PUSH, DEALER, PAIR, or another that sends (PR-03). Copies of what
// an end refused are among them. A capture socket that is full, or has no peer
// and waits for one, holds the proxy up, as in libzmq, so that no copy is missing;
// see [WithLossyCapture]. A copy that it refuses, or that the end of the proxy or
// of the capture socket leaves in the hand, is counted in [ProxyStats].
func WithCapture(s ProxySocket) ProxyOption {
	return proxyOption(func(p *proxy) { p.capture = s })
}

// WithLossyCapture is [WithCapture] that never holds the proxy up: a copy that
// would have to wait is not sent, and counted. A socket that is not of this
// package may still wait.
func WithLossyCapture(s ProxySocket) ProxyOption {
	return proxyOption(func(p *proxy) { p.capture, p.lossy = s, true })
}

// WithSteering lets c steer the proxy.
func WithSteering(c *ProxyControl) ProxyOption {
	return proxyOption(func(p *proxy) { p.steering = c })
}

// WithControl has the proxy obey the messages PAUSE, RESUME, TERMINATE and
// STATISTICS that s receives, as zmq_proxy_steerable does (PR-06). The command is
// the last frame; others are ignored (PR-07). The answer to STATISTICS has eight
// frames of 8 octets, unsigned integers in the order of this machine: what front
// received, in messages and octets, and sent, and then the same for back; it
// counts whole messages. The frames before the command go before the answer, so
// that a ROUTER can control too. A REP answers everything else with an empty
// message; a socket that does not send, such as SUB or PULL, answers nothing, and
// so does one whose peer takes nothing. Whoever may connect to s can end the
// proxy. If s fails, or is closed, the proxy goes on.
func WithControl(s ProxySocket) ProxyOption {
	return proxyOption(func(p *proxy) { p.control = s })
}
