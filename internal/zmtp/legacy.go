package zmtp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

// legacyGreetingSize is the length of a greeting with a revision before ZMTP
// 3.0: signature, revision and socket type (WT-14).
const legacyGreetingSize = 12

// legacyTypes are the socket types of ZMTP 2.0, each at the octet that stands
// for it in the greeting (RFC 15, WT-15). Types that came later have none.
var legacyTypes = [...]string{
	"PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XPUB", "XSUB",
}

// stagedGreeting returns how far the peer's greeting has to come, of which b is
// there, before more can be said, if it may be one from before ZMTP 3.0. Not an
// octet more: what follows an old greeting is a frame.
func stagedGreeting(b []byte) int {
	switch {
	case len(b) == 0:
		return 1
	case len(b) < majorOffset:
		return majorOffset
	case len(b) == majorOffset:
		return majorOffset + 1
	case b[majorOffset] < versionMajor:
		return legacyGreetingSize
	}
	return GreetingSize
}

// legacyPeer tells what a peer from before ZMTP 3.0 is, by what b has of its
// greeting; known is false until that is certain, and old says whether it has to
// be awaited (section 1.3 of the conformance list, which is libzmq's).
func legacyPeer(b []byte) (p Peer, old, known bool) {
	p.Mechanism = NullName
	switch {
	case len(b) > 0 && b[0] != signatureFirst, len(b) > signatureEnd && b[signatureEnd]&1 == 0:
		p.Major, p.Unversioned = 1, true
		return p, true, true
	case len(b) <= majorOffset || b[majorOffset] >= versionMajor:
		return p, false, false
	case len(b) < legacyGreetingSize:
		return p, true, false
	}
	p.Major = 1
	if b[majorOffset] > 0 {
		p.Major = 2
		if octet := int(b[majorOffset+1]); octet < len(legacyTypes) {
			p.SocketType = legacyTypes[octet]
		}
	}
	return p, true, true
}

// stage puts out what is due of our greeting, which a peer from before ZMTP 3.0
// must not get whole: the version once the peer has shown that it has one, and
// the rest once that is known (WT-06).
func (h *Handshake) stage() {
	if len(h.ours) == 0 || len(h.buf) < majorOffset || h.buf[0] != signatureFirst || h.buf[signatureEnd]&1 == 0 {
		return
	}
	if len(h.ours) == GreetingSize-majorOffset {
		h.out, h.ours = append(h.out, h.ours[0]), h.ours[1:]
	}
	if len(h.buf) > majorOffset && h.buf[majorOffset] >= versionMajor {
		h.out, h.ours = append(h.out, h.ours...), nil
	}
}

// downgrade goes on as a peer from before ZMTP 3.0 does: our socket type, if it
// has one, and the identity as the first frame (WT-14, WT-16). To a peer of 1.0
// without a version, our signature has been the header of that frame.
func (h *Handshake) downgrade(p Peer) {
	if p.Major == 2 && p.SocketType == "" {
		h.fail(&ProtocolError{
			BadGreeting, fmt.Sprintf("socket type 0x%02x", h.buf[majorOffset+1]),
			fmt.Sprintf("0 to %d", len(legacyTypes)-1),
		})
		return
	}
	id := h.config.Identity
	if p.Unversioned {
		h.out = append(h.out, id...)
	} else {
		h.out = append(h.out, byte(slices.Index(legacyTypes[:], h.config.SocketType)))
		h.buf = h.buf[:0]
		if p.Major == 1 {
			h.out = AppendFrameV1(h.out, 0, id)
		} else {
			h.out = AppendFrame(h.out, 0, id)
		}
	}
	h.peer, h.ours, h.phase = p, nil, naming
}

// receiveIdentity takes octets up to the end of the peer's first frame, which is
// its identity, and returns how many. The limit is checked on the header.
func (h *Handshake) receiveIdentity(b []byte) (n int) {
	for {
		header, err := h.parseLegacyHeader()
		switch {
		case errors.Is(err, io.ErrUnexpectedEOF):
			if n == len(b) {
				return n
			}
			n += h.buffer(b[n:], len(h.buf)+1)
			continue
		case err == nil && header.Flags&(FlagMore|FlagCommand) != 0:
			err = &ProtocolError{BadFrame, fmt.Sprintf("flags 0x%02x", header.Flags), "an identity in one frame"}
		case err == nil && header.Size > MaxIdentity:
			err = longIdentity(header.Size)
		}
		if err != nil {
			h.fail(err)
			return n
		}
		n += h.buffer(b[n:], header.Len+int(header.Size))
		if len(h.buf) == header.Len+int(header.Size) {
			h.named(h.buf[header.Len:])
		}
		return n
	}
}

func (h *Handshake) parseLegacyHeader() (Header, error) {
	if h.peer.Major == 1 {
		return ParseHeaderV1(h.buf)
	}
	return ParseHeader(h.buf)
}

// named ends the handshake with a peer from before ZMTP 3.0, once its identity
// is there. There is no way to tell it that it is not wanted.
func (h *Handshake) named(id []byte) {
	peer, err := h.peer.named(id)
	if err == nil {
		h.peer = peer
		if h.config.Admit != nil {
			if err = h.config.Admit(peer); err != nil {
				err = fmt.Errorf("peer not admitted: %w", err)
			}
		}
	}
	if err != nil {
		h.fail(err)
		return
	}
	h.phase, h.buf = done, nil
}

// padSignature puts into the signature that b begins with the length of an
// identity, as a peer of ZMTP 1.0 reads it: the signature is to it the header of
// the frame with the identity (RFC 15).
func padSignature(b []byte, identity int) {
	binary.BigEndian.PutUint64(b[1:], uint64(1+identity))
}
