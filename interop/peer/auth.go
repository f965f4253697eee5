package peer

import "context"

// Authenticate has a handler of ZAP, for libzmq zmq.auth of pyzmq, decide which
// clients may come in to the sockets of the process: in this domain (ZAP_DOMAIN)
// these users with their passwords, and these public keys in Z85, and nobody in a
// domain that it was not told of. Of a domain, the last call counts.
func (p *Peer) Authenticate(domain string, passwords map[string]string, keys ...string) error {
	if passwords == nil {
		passwords = map[string]string{}
	}
	if keys == nil {
		keys = []string{}
	}
	_, err := p.call("authenticate", map[string]any{"domain": domain, "passwords": passwords, "keys": keys}, nil, 0, nil)
	return err
}

// Keys is a pair of CURVE keys that libzmq has made, in Z85.
type Keys struct {
	Public string `json:"public"`
	Secret string `json:"secret"`
}

// NewKeys makes a pair of keys.
func (p *Peer) NewKeys() (k Keys, err error) {
	_, err = p.call("keypair", nil, nil, 0, &k)
	return k, err
}

// PlainServer are the options that make a socket the server of PLAIN, which
// asks who may come in to this domain. Without Authenticate it lets nobody in.
func PlainServer(domain string) []Option {
	return []Option{Int("PLAIN_SERVER", 1), Bytes("ZAP_DOMAIN", domain)}
}

// PlainClient are the options that make a socket a client of PLAIN.
func PlainClient(user, password string) []Option {
	return []Option{Bytes("PLAIN_USERNAME", user), Bytes("PLAIN_PASSWORD", password)}
}

// CurveServer are the options that make a socket the server of CURVE, which
// asks who may come in to this domain. Without Authenticate it lets everybody in.
func CurveServer(domain string, own Keys) []Option {
	return []Option{Int("CURVE_SERVER", 1), Bytes("CURVE_SECRETKEY", own.Secret), Bytes("ZAP_DOMAIN", domain)}
}

// CurveClient are the options that make a socket a client of CURVE.
func CurveClient(server string, own Keys) []Option {
	return []Option{Bytes("CURVE_SERVERKEY", server), Bytes("CURVE_PUBLICKEY", own.Public), Bytes("CURVE_SECRETKEY", own.Secret)}
}

// RecvUser receives a message and returns who sent it: the user name or the key
// that zmq.auth has let in. It waits as Recv does.
func (s *Socket) RecvUser(ctx context.Context) (user string, err error) {
	var r struct {
		User string `json:"user"`
	}
	_, err = s.wait(ctx, "recv_user", map[string]any{}, nil, &r)
	return r.User, err
}
