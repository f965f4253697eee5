package zmtp

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"

	"golang.org/x/crypto/nacl/box"
)

// CurveClient returns a new client of the CURVE mechanism (RFC 26): it speaks
// only with the owner of the key server, and proves to it that it owns the key
// public, to which secret has to belong. All is copied. The error says that no
// connection can come of these keys.
func CurveClient(server [CurveKeySize]byte, public, secret *[CurveKeySize]byte) (Mechanism, error) {
	c, err := newCurveClient(server, curvePair{*public, *secret}, rand.Reader)
	if err != nil {
		return nil, err
	}
	return c, nil
}

func newCurveClient(server [CurveKeySize]byte, own curvePair, random io.Reader) (*curveClient, error) {
	c := &curveClient{server: server, own: own}
	var err error
	if c.transient, err = newCurvePair(random); err != nil {
		return nil, err
	}
	if err := readRandom(random, c.vouchNonce[:]); err != nil {
		return nil, err
	}
	if c.serverKey, err = curveShared(&server, &c.transient.secret); err != nil {
		return nil, errors.New("the server's key is of low order, expected a public key")
	}
	return c, nil
}

type curveClient struct {
	server         [CurveKeySize]byte // S
	own, transient curvePair          // C, c; C', c'
	vouchNonce     [curveRandom]byte

	serverKey *[32]byte // of S and c': HELLO and WELCOME
	key       *[32]byte // of S' and c': all else
	theirs    [CurveKeySize]byte
	cookie    [cookieSize]byte
	received  uint64 // the nonce of READY

	local, peer Metadata
	step        step
	cipher      *Cipher
}

// The nonces that a client counts in the handshake (WT-75).
const (
	helloNonce    = 1
	initiateNonce = 2
)

func (*curveClient) Name() string { return CurveName }

func (*curveClient) AsServer() bool { return false }

func (c *curveClient) Start(local Metadata) { c.local = local }

func (c *curveClient) Receive(name string, payload []byte) error {
	if err := c.step.check(name); err != nil {
		return err
	}
	if c.step == awaitReady {
		return c.receiveReady(payload)
	}
	return c.receiveWelcome(payload)
}

func (c *curveClient) receiveWelcome(b []byte) error {
	if len(b) != welcomeSize {
		return badSize(commandWelcome, len(b), "168")
	}
	nonce := curveNonce(nonceWelcome, take(&b, curveRandom))
	plain, err := openBox(commandWelcome, b, nonce, c.serverKey)
	if err != nil {
		return err
	}
	copy(c.theirs[:], take(&plain, CurveKeySize))
	copy(c.cookie[:], plain)
	if c.key, err = curveShared(&c.theirs, &c.transient.secret); err != nil {
		return err
	}
	c.step = sendInitiate
	return nil
}

func (c *curveClient) receiveReady(b []byte) error {
	if len(b) < readySize {
		return badSize(CommandReady, len(b), "at least 30")
	}
	counter := take(&b, curveCounter)
	plain, err := openBox(CommandReady, b, curveNonce(nonceReady, counter), c.key)
	if err != nil {
		return err
	}
	if c.peer, err = ParseMetadata(plain); err != nil {
		return err
	}
	c.received = binary.BigEndian.Uint64(counter)
	c.step = clientDone
	return nil
}

func (c *curveClient) Output(dst []byte) ([]byte, error) {
	switch c.step {
	case sendHello:
		c.step = awaitWelcome
		return c.appendHello(dst), nil
	case sendInitiate:
		c.step = awaitReady
		return c.appendInitiate(dst)
	}
	return dst, nil
}

func (c *curveClient) appendHello(dst []byte) []byte {
	dst = appendCommand(dst, commandHello, helloSize)
	dst = append(dst, 1, 0) // version
	dst = append(dst, make([]byte, helloPadding)...)
	dst = append(dst, c.transient.public[:]...)
	counter := binary.BigEndian.AppendUint64(nil, helloNonce)
	dst = append(dst, counter...)
	return box.SealAfterPrecomputation(dst, make([]byte, helloPlain), curveNonce(nonceHello, counter), c.serverKey)
}

// appendInitiate proves that the owner of C stands behind C', and wants to speak
// with the owner of S: the vouch is a box that only c and s' can make or open.
func (c *curveClient) appendInitiate(dst []byte) ([]byte, error) {
	vouchKey, err := curveShared(&c.theirs, &c.own.secret)
	if err != nil {
		return dst, err
	}
	vouched := append(c.transient.public[:len(c.transient.public):len(c.transient.public)], c.server[:]...)
	plain := make([]byte, 0, initiateFixed+c.local.size())
	plain = append(plain, c.own.public[:]...)
	plain = append(plain, c.vouchNonce[:]...)
	plain = box.SealAfterPrecomputation(plain, vouched, curveNonce(nonceVouch, c.vouchNonce[:]), vouchKey)
	plain = c.local.Append(plain)

	dst = appendCommand(dst, commandInitiate, initiateSize+c.local.size())
	dst = append(dst, c.cookie[:]...)
	counter := binary.BigEndian.AppendUint64(nil, initiateNonce)
	dst = append(dst, counter...)
	return box.SealAfterPrecomputation(dst, plain, curveNonce(nonceInitiate, counter), c.key), nil
}

func (c *curveClient) State() State { return c.step.state() }

func (c *curveClient) Metadata() Metadata { return c.peer }

// Refuse says nothing, for ERROR is a word of the server (RFC 26).
func (*curveClient) Refuse(dst []byte, _ string) []byte { return dst }

// Cipher returns what encrypts the traffic, the same one each time: a second one
// would count the same nonces again.
func (c *curveClient) Cipher() *Cipher {
	if c.cipher == nil {
		c.cipher = newCipher(c.key, nonceMessageClient, nonceMessageServer, initiateNonce, c.received)
	}
	return c.cipher
}
