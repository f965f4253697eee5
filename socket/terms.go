package socket

import "github.com/brokerless/brokerless/transport"

// terms returns what a transport that frames messages itself has to know.
func (s *socket) terms() transport.Terms {
	t := transport.Terms{
		MaxMessage:       s.cfg.maxMessage,
		Heartbeat:        s.cfg.heartbeat,
		HeartbeatTimeout: s.cfg.heartbeatExpiry,
	}
	if t.MaxMessage > 0 {
		t.MaxMessage += sealing
	}
	return t
}

// sealing is how many octets more than its own an encrypted frame may have.
const sealing = 256
