package zmtp

// State says what a [Mechanism] waits for.
type State uint8

// The states of a mechanism.
const (
	// Receiving: the peer has a command to send.
	Receiving State = iota
	// Waiting: the next step needs an answer from this side, such as an
	// authenticator's. No command is taken from the peer meanwhile.
	Waiting
	// Ready: the peer is who it has to be, its metadata is known, and it has
	// no further command to send.
	Ready
)

// Mechanism is the security handshake of one connection, from the end of the
// greetings on: commands in, commands out. An instance serves one connection
// and one role. It is driven by one [Handshake] and, like it, is not safe for
// concurrent use: an answer it waits for is handed to it, in whatever way the
// mechanism has for that, by the goroutine that drives the handshake, which
// then calls [Handshake.Receive] to go on. What a mechanism keeps for the
// traffic, such as keys, its owner asks it for after the handshake.
type Mechanism interface {
	// Name is the name in the greeting, 1 to 20 octets of A-Z 0-9 - _ . +.
	Name() string

	// AsServer is the as-server bit in the greeting; false where a mechanism
	// has no roles (WT-10).
	AsServer() bool

	// Start is called once, when the peer's greeting has been accepted. The
	// metadata is what to tell the peer, and does not change afterwards.
	Start(local Metadata)

	// Receive takes a command of the peer while the state is Receiving; never
	// an ERROR, which ends the handshake before. The payload is only valid
	// during the call. An error, mostly a *ProtocolError, ends the handshake.
	Receive(name string, payload []byte) error

	// Output appends, as frames, the commands that are due and not yet sent,
	// if any. It is called after Start, and whenever something may have
	// become due. When Ready, it is called only after the peer has been
	// admitted. It does not change the state. An error, such as an
	// authenticator's refusal, ends the handshake; what was appended with it
	// is still sent.
	Output(dst []byte) ([]byte, error)

	// State says what comes next.
	State() State

	// Metadata is the peer's metadata, once the state is Ready. The mechanism
	// does not use it afterwards.
	Metadata() Metadata

	// Refuse appends what tells the peer, with reason, that the handshake has
	// failed on this side: an ERROR frame, or nothing where the mechanism has
	// this side stay silent. It is the last call.
	Refuse(dst []byte, reason string) []byte
}

// A Sealer is a mechanism that encrypts the traffic. Once the handshake is
// done, Cipher returns what does that.
type Sealer interface {
	Mechanism
	Cipher() *Cipher
}
