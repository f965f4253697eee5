package zmtp

import (
	"bytes"
	"fmt"
)

// Peer is what the other side of a connection said of itself in the handshake.
// Without a mechanism that authenticates, none of it is proven.
type Peer struct {
	Major, Minor byte     // the version announced: 3.0 or higher, or with Config.Legacy 1.0 or 2.0
	Unversioned  bool     // it is of ZMTP 1.0 and announced nothing, so a subscriber may not tell its topics (WT-19)
	Mechanism    string   // the same as ours
	SocketType   string   // empty if the peer sent none (WT-43)
	Identity     []byte   // at most MaxIdentity octets, the first not zero; nil if the peer sent none
	Properties   Metadata // everything as received, those two included; what our authenticator says of it comes first
	UserID       string   // who our authenticator says it is
}

// AtLeast reports whether the peer announced version major.minor or a higher
// one. Behaviour is chosen by this and never by our own version (WT-01):
// SUBSCRIBE, CANCEL, PING and PONG came with 3.1.
func (p Peer) AtLeast(major, minor byte) bool {
	return p.Major > major || p.Major == major && p.Minor >= minor
}

// with returns p with what the peer's metadata says. An identity that breaks
// WT-49 is a *ProtocolError of kind BadMetadata, whatever the socket type.
func (p Peer) with(md Metadata) (Peer, error) {
	p.Properties = md
	if v, ok := md.Lookup(SocketTypeProperty); ok {
		p.SocketType = string(v)
	}
	id, ok := md.Lookup(IdentityProperty)
	if !ok {
		return p, nil
	}
	return p.named(id)
}

// named returns p with an identity, of which it keeps a copy.
func (p Peer) named(id []byte) (Peer, error) {
	switch {
	case len(id) > MaxIdentity:
		return p, longIdentity(int64(len(id)))
	case len(id) > 0 && id[0] == 0:
		return p, &ProtocolError{BadMetadata, fmt.Sprintf("identity %q", id), "a first octet other than zero"}
	}
	p.Identity = bytes.Clone(id) // not to hold on to all of md
	return p, nil
}

func longIdentity(size int64) error {
	return &ProtocolError{BadMetadata, fmt.Sprintf("identity of %d octets", size), fmt.Sprintf("at most %d", MaxIdentity)}
}
