package zmtp

import "fmt"

// The commands of a handshake in four steps, PLAIN or CURVE, but for READY.
const (
	commandHello    = "HELLO"
	commandWelcome  = "WELCOME"
	commandInitiate = "INITIATE"
)

// A step says what a mechanism in four steps does next (WT-121, WT-122). A
// client goes through the first five and a server through the others; those that
// send are over with the next Output.
type step uint8

const (
	sendHello step = iota
	awaitWelcome
	sendInitiate
	awaitReady
	clientDone

	awaitHello
	sendWelcome
	awaitInitiate
	sendReady // the client is known, and may yet not be admitted
	serverDone

	asking  // server: the authenticator is to answer
	refused // server: its answer was no
)

// state returns what the step is to the handshake.
func (s step) state() State {
	switch s {
	case asking:
		return Waiting
	case clientDone, sendReady, serverDone:
		return Ready
	}
	return Receiving
}

// expects returns the command that is taken in the step, if any.
func (s step) expects() string {
	switch s {
	case awaitHello:
		return commandHello
	case awaitWelcome:
		return commandWelcome
	case awaitInitiate:
		return commandInitiate
	case awaitReady:
		return CommandReady
	}
	return "nothing"
}

// check returns an error unless the step takes the command.
func (s step) check(name string) error {
	if expected := s.expects(); name != expected {
		return &ProtocolError{UnexpectedCommand, fmt.Sprintf("%q", name), expected}
	}
	return nil
}

// badSize is the error for a command of the wrong size. What is in it may be
// secret, and stays out of the text.
func badSize(name string, size int, expected string) error {
	return &ProtocolError{BadCommand, fmt.Sprintf("%s of %d octets", name, 1+len(name)+size), expected}
}
