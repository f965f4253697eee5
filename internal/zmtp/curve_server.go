package zmtp

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"io"

	"golang.org/x/crypto/nacl/box"
)

// CurveServer returns a new server of the CURVE mechanism (RFC 26), that owns
// the key public, to which secret has to belong. Both are copied. It has an
// authenticator asked, when INITIATE has come, about the key of which the client
// has proven that it owns it, and about its metadata (WT-122).
//
// What is wrong before that is not answered. Until a client has sent the cookie
// back, which only one that gets our answers can, it costs two multiplications
// on the curve and the making of a key, whatever it has sent.
func CurveServer(public, secret *[CurveKeySize]byte) Mechanism {
	return newCurveServer(curvePair{*public, *secret}, rand.Reader)
}

func newCurveServer(own curvePair, random io.Reader) *curveServer {
	return &curveServer{own: own, random: random, step: awaitHello}
}

type curveServer struct {
	random         io.Reader
	own, transient curvePair // S, s; S', s', made when HELLO has come
	welcomeNonce   [curveRandom]byte

	// The cookie is opaque to the client. RFC 26 has it hold C' and s',
	// encrypted, for a server that forgets them; this one keeps them as long as
	// the connection, so that s' need not travel at all.
	cookie [cookieSize]byte

	client    [CurveKeySize]byte // C
	theirs    [CurveKeySize]byte // C'
	clientKey *[32]byte          // of C' and s: HELLO and WELCOME
	key       *[32]byte          // of C' and s': all else
	received  uint64             // the nonce of HELLO, then that of INITIATE

	local, peer Metadata
	step        step
	refused     *AuthError
	cipher      *Cipher
}

// readyNonce is what a server counts in the handshake (WT-75).
const readyNonce = 1

func (*curveServer) Name() string { return CurveName }

func (*curveServer) AsServer() bool { return true }

func (s *curveServer) Start(local Metadata) { s.local = local }

func (s *curveServer) Receive(name string, payload []byte) error {
	if err := s.step.check(name); err != nil {
		return err
	}
	if s.step == awaitInitiate {
		return s.receiveInitiate(payload)
	}
	return s.receiveHello(payload)
}

func (s *curveServer) receiveHello(b []byte) (err error) {
	if len(b) != helloSize {
		return badSize(commandHello, len(b), "200")
	}
	if version := take(&b, 2); version[0] != 1 || version[1] != 0 {
		return &ProtocolError{BadCommand, fmt.Sprintf("HELLO of version %d.%d", version[0], version[1]), "1.0"}
	}
	for _, c := range take(&b, helloPadding) {
		if c != 0 {
			return &ProtocolError{BadCommand, "HELLO with another padding", "72 zeros"}
		}
	}
	copy(s.theirs[:], take(&b, CurveKeySize))
	if s.clientKey, err = curveShared(&s.theirs, &s.own.secret); err != nil {
		return err
	}
	counter := take(&b, curveCounter)
	plain, err := openBox(commandHello, b, curveNonce(nonceHello, counter), s.clientKey)
	if err != nil {
		return err
	}
	for _, c := range plain {
		if c != 0 {
			return &ProtocolError{BadCrypto, "HELLO with something in its box", "64 zeros"}
		}
	}
	if err := s.prepareWelcome(); err != nil {
		return err
	}
	s.received = binary.BigEndian.Uint64(counter)
	s.step = sendWelcome
	return nil
}

func (s *curveServer) prepareWelcome() (err error) {
	if s.transient, err = newCurvePair(s.random); err != nil {
		return err
	}
	if err := readRandom(s.random, s.welcomeNonce[:]); err != nil {
		return err
	}
	return readRandom(s.random, s.cookie[:])
}

// receiveInitiate checks the cheap things first, and the client last.
func (s *curveServer) receiveInitiate(b []byte) (err error) {
	if len(b) < initiateSize {
		return badSize(commandInitiate, len(b), "at least 257")
	}
	if subtle.ConstantTimeCompare(take(&b, cookieSize), s.cookie[:]) == 0 {
		return &ProtocolError{BadCrypto, "INITIATE with another cookie", "the one of WELCOME"}
	}
	counter := take(&b, curveCounter)
	nonce := binary.BigEndian.Uint64(counter)
	if nonce <= s.received {
		return &ProtocolError{
			BadNonce, fmt.Sprintf("INITIATE with nonce %d", nonce), fmt.Sprintf("one above that of HELLO, %d", s.received),
		}
	}
	if s.key, err = curveShared(&s.theirs, &s.transient.secret); err != nil {
		return err
	}
	plain, err := openBox(commandInitiate, b, curveNonce(nonceInitiate, counter), s.key)
	if err != nil {
		return err
	}
	copy(s.client[:], take(&plain, CurveKeySize))
	if err := s.checkVouch(take(&plain, vouchSize)); err != nil {
		return err
	}
	if s.peer, err = ParseMetadata(plain); err != nil {
		return err
	}
	s.received = nonce
	s.step = asking
	return nil
}

// checkVouch makes sure that the owner of C made the vouch, for this connection
// and this server: not for another client's key, nor on the word of a server
// that the client took for us and that passes it on (WT-73, WT-74).
func (s *curveServer) checkVouch(b []byte) error {
	key, err := curveShared(&s.client, &s.transient.secret)
	if err != nil {
		return err
	}
	nonce := curveNonce(nonceVouch, take(&b, curveRandom))
	plain, err := openBox("vouch", b, nonce, key)
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare(take(&plain, CurveKeySize), s.theirs[:]) == 0 {
		return &ProtocolError{BadCrypto, "a vouch for another transient key", "the client's of this connection"}
	}
	if subtle.ConstantTimeCompare(plain, s.own.public[:]) == 0 {
		return &ProtocolError{BadCrypto, "a vouch for another server", "one for this server's key"}
	}
	return nil
}

// Request is about C, the client's long-term key.
func (s *curveServer) Request() Request {
	return Request{Credentials: [][]byte{s.client[:]}, Properties: s.peer}
}

func (s *curveServer) Answer(v Verdict) {
	s.step, s.refused = sendReady, refusal(v)
	if s.refused != nil {
		s.step = refused
	}
}

func (s *curveServer) Output(dst []byte) ([]byte, error) {
	switch s.step {
	case refused:
		return appendRefusal(dst, s.refused), s.refused
	case sendWelcome:
		s.step = awaitInitiate
		return s.appendWelcome(dst), nil
	case sendReady:
		s.step = serverDone
		return s.appendReady(dst), nil
	}
	return dst, nil
}

func (s *curveServer) appendWelcome(dst []byte) []byte {
	plain := make([]byte, 0, welcomePlain)
	plain = append(append(plain, s.transient.public[:]...), s.cookie[:]...)
	dst = appendCommand(dst, commandWelcome, welcomeSize)
	dst = append(dst, s.welcomeNonce[:]...)
	return box.SealAfterPrecomputation(dst, plain, curveNonce(nonceWelcome, s.welcomeNonce[:]), s.clientKey)
}

func (s *curveServer) appendReady(dst []byte) []byte {
	plain := s.local.Append(nil)
	dst = appendCommand(dst, CommandReady, readySize+len(plain))
	counter := binary.BigEndian.AppendUint64(nil, readyNonce)
	dst = append(dst, counter...)
	return box.SealAfterPrecomputation(dst, plain, curveNonce(nonceReady, counter), s.key)
}

func (s *curveServer) State() State { return s.step.state() }

func (s *curveServer) Metadata() Metadata { return s.peer }

// Refuse answers only a client that has proven who it is and that the
// authenticator lets in. Others learn nothing, not even that something is wrong.
func (s *curveServer) Refuse(dst []byte, reason string) []byte {
	if s.step != sendReady {
		return dst
	}
	return AppendError(dst, reason)
}

// Cipher returns what encrypts the traffic, the same one each time.
func (s *curveServer) Cipher() *Cipher {
	if s.cipher == nil {
		s.cipher = newCipher(s.key, nonceMessageServer, nonceMessageClient, readyNonce, s.received)
	}
	return s.cipher
}
