package zmtp

import (
	"fmt"
	"slices"
)

// DefaultMaxCommand is the default of [Config.MaxCommand]. The largest honest
// READY is under 2 KiB.
const DefaultMaxCommand = 16 << 10

// MaxIdentity is the longest identity, in octets (WT-49).
const MaxIdentity = 255

// Config is this side of a connection. A Handshake reads it and changes nothing
// in it, so many may share all but the Mechanism.
type Config struct {
	// SocketType is the Socket-Type property, such as "DEALER".
	SocketType string
	// Identity is the Identity property: at most MaxIdentity octets, the first
	// not zero (WT-49).
	Identity []byte
	// SendIdentity has Identity sent, even if empty, as REQ, DEALER and ROUTER
	// do. An Identity that is not sent is not used.
	SendIdentity bool
	// Legacy lets in peers of ZMTP 1.0 (RFC 13) and 2.0 (RFC 15), which know no
	// security: it goes with NULL alone, and with nobody to be asked (WT-17). The
	// greeting then goes out step by step, as libzmq's does. A SocketType that ZMTP
	// 2.0 has no octet for goes on refusing them. To such a peer Identity is sent in
	// any case.
	Legacy bool
	// Properties are sent after those two; by convention their names begin
	// with "X-" (WT-45).
	Properties Metadata
	// Mechanism is the security handshake, a new one for each connection;
	// nil means NULL.
	Mechanism Mechanism
	// MaxCommand is the largest body of a handshake command that is accepted,
	// in octets; 0 means DefaultMaxCommand.
	MaxCommand int
	// Admit decides, once the peer's metadata is known and before the
	// handshake is done, whether the peer may stay: which socket types go
	// together, whether an identity is free. Its error ends the handshake and
	// its text is sent to the peer, cut to 255 octets. nil admits all.
	Admit func(Peer) error
}

// Validate reports what in c no peer would accept. Check a Config with it
// before the first connection: a Handshake of one that fails sends nothing and
// fails at its first Receive.
func (c Config) Validate() error {
	if len(c.Identity) > MaxIdentity {
		return fmt.Errorf("identity of %d octets, expected at most %d", len(c.Identity), MaxIdentity)
	}
	if len(c.Identity) > 0 && c.Identity[0] == 0 {
		return fmt.Errorf("identity %q, expected a first octet other than zero", c.Identity)
	}
	if m, ok := c.Mechanism.(*null); c.Legacy && c.Mechanism != nil && (!ok || m.asks) {
		return fmt.Errorf("peers before ZMTP 3.0 beside %s, expected %s and nobody to be asked", c.Mechanism.Name(), NullName)
	}
	if c.Mechanism != nil {
		if name := c.Mechanism.Name(); !validMechanism(name) {
			return fmt.Errorf("mechanism %q, expected 1 to %d of A-Z 0-9 - _ . +", name, mechanismSize)
		}
	}
	if err := c.metadata().Validate(); err != nil {
		return fmt.Errorf("properties: %w", err)
	}
	return nil
}

// metadata returns what to tell the peer, in libzmq's order (WT-46).
func (c Config) metadata() Metadata {
	md := Metadata{{Name: SocketTypeProperty, Value: []byte(c.SocketType)}}
	if c.SendIdentity {
		md = append(md, Property{Name: IdentityProperty, Value: c.Identity})
	}
	return slices.Concat(md, c.Properties)
}
