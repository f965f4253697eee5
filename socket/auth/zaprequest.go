package auth

import (
	"errors"
	"fmt"

	"github.com/brokerless/brokerless/socket"
)

const zapVersion = "1.0"

// A zapRequest is what a handler is asked (RFC 27).
type zapRequest struct {
	id          string
	credentials socket.Credentials
	shown       [][]byte // as the mechanism has it
}

// frames returns the request as a message of REQ: an empty delimiter, version,
// request id, domain, address, identity, mechanism, credentials.
func (r zapRequest) frames() [][]byte {
	c := r.credentials
	return append([][]byte{
		nil, []byte(zapVersion), []byte(r.id), []byte(c.Domain), []byte(c.Address), c.Identity, []byte(c.Mechanism),
	}, r.shown...)
}

// zapCredentials returns the frames of what a peer has shown: nothing under
// NULL, user name and password under PLAIN, the key under CURVE.
func zapCredentials(c socket.Credentials) ([][]byte, error) {
	switch c.Mechanism {
	case "NULL":
		return nil, nil
	case "PLAIN":
		return [][]byte{[]byte(c.Username), []byte(c.Password)}, nil
	case "CURVE":
		return [][]byte{c.Key}, nil
	}
	return nil, failed("ZAP does not know the mechanism %q", c.Mechanism)
}

// parseZAPRequest reads a request without its delimiter. The id is what it is in
// a request that makes no sense too, if it has one.
func parseZAPRequest(m [][]byte) (r zapRequest, err error) {
	const fixed = 6 // frames before the credentials
	if len(m) < 2 {
		return r, errors.New("a ZAP request without request id")
	}
	r.id = string(m[1])
	if string(m[0]) != zapVersion {
		return r, fmt.Errorf("%w: %.20q, want %q", errZAPVersion, m[0], zapVersion)
	}
	if len(m) < fixed {
		return r, fmt.Errorf("%d frames, want %d and the credentials", len(m), fixed)
	}
	r.shown = m[fixed:]
	c := socket.Credentials{Domain: string(m[2]), Address: string(m[3]), Mechanism: string(m[5])}
	if len(m[4]) > 0 {
		c.Identity = m[4]
	}
	switch {
	case c.Mechanism == "NULL" && len(r.shown) == 0:
	case c.Mechanism == "PLAIN" && len(r.shown) == 2:
		c.Username, c.Password = string(r.shown[0]), string(r.shown[1])
	case c.Mechanism == "CURVE" && len(r.shown) == 1 && len(r.shown[0]) == len(key{}):
		c.Key = r.shown[0]
	default:
		return r, fmt.Errorf("mechanism %.20q with %d frames of credentials, want NULL with 0, PLAIN with 2 or CURVE with a key",
			c.Mechanism, len(r.shown))
	}
	r.credentials = c
	return r, nil
}
