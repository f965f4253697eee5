package mesh

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/socket"
	"github.com/brokerless/brokerless/socket/curve"
)

// KeyMetadata is the entry of an announcement that has the node's public key,
// in Z85. It is a hint, which no node believes: only a node that has the key
// can be linked, and only a key that is known is tried.
const KeyMetadata = "curve-key"

// What Argon2id is told to make of a passphrase: the second of the choices that
// RFC 9106 recommends. All nodes of a realm have to do the same, so these stay
// as they are.
const (
	kdfLabel  = "brokerless mesh realm key 1\x00"
	kdfTime   = 3
	kdfMemory = 64 << 10 // KiB
	kdfLanes  = 4
)

// keyTime is how long an authenticator may think about a node that is to be
// connected to.
const keyTime = 10 * time.Second

// keys is what secures the links of a node; nil for a node without.
type keys struct {
	own  curve.KeyPair
	one  bool                 // the whole realm has own
	list map[curve.Key]bool   // of the others, or:
	auth socket.Authenticator // who knows them

	// Guarded by the node's lock, both by the ids of instances.
	announced map[discovery.ID]curve.Key // hints
	tried     map[discovery.ID]trial
}

// trial is a connection that was begun with the key that its server has to have.
type trial struct {
	key   curve.Key
	begun time.Time
}

// trialTime is more than a handshake can take.
const trialTime = time.Minute

// realmKeys returns the pair of keys that all nodes of a realm have.
func realmKeys(realm, passphrase string) curve.KeyPair {
	salt := sha256.Sum256([]byte(kdfLabel + realm))
	octets := argon2.IDKey([]byte(passphrase), salt[:], kdfTime, kdfMemory, kdfLanes, curve.Size)
	secret := curve.NewSecretKey([curve.Size]byte(octets))
	return curve.KeyPair{Public: secret.Public(), Secret: secret}
}

// newKeys returns what the options ask for, or nil.
func newKeys(c *config) (*keys, error) {
	var ways []string
	if c.passphrase != nil {
		ways = append(ways, "WithRealmKey")
	}
	if c.nodeKeys {
		ways = append(ways, "WithNodeKeys")
	}
	if c.nodeAuth {
		ways = append(ways, "WithNodeAuthenticator")
	}
	switch {
	case len(ways) == 0:
		return nil, nil
	case len(ways) > 1:
		return nil, fmt.Errorf("%w: %v: want one of them", ErrOption, ways)
	case c.passphrase != nil && *c.passphrase == "":
		return nil, fmt.Errorf("%w: WithRealmKey(\"\"): want a passphrase", ErrOption)
	case c.passphrase == nil && c.own.Validate() != nil:
		return nil, fmt.Errorf("%w: %s: the node's own keys: %w", ErrOption, ways[0], c.own.Validate())
	case c.nodeKeys && len(c.known) == 0:
		return nil, fmt.Errorf("%w: WithNodeKeys without the keys of others: want some, or WithNodeAuthenticator", ErrOption)
	case c.nodeAuth && c.auth == nil:
		return nil, fmt.Errorf("%w: WithNodeAuthenticator(nil)", ErrOption)
	}
	k := &keys{own: c.own, auth: c.auth, announced: make(map[discovery.ID]curve.Key), tried: make(map[discovery.ID]trial)}
	if c.passphrase != nil {
		k.own, k.one, c.passphrase = realmKeys(c.realm, *c.passphrase), true, nil
	}
	if !c.nodeAuth {
		k.list = make(map[curve.Key]bool)
		for _, key := range c.known {
			k.list[key] = true
		}
		if k.one {
			k.list[k.own.Public] = true
		}
	}
	return k, nil
}

// security returns the options that secure the socket of a node.
func (n *Node) security() socket.Option {
	if n.keys == nil {
		return socket.WithOptions()
	}
	return socket.WithOptions(
		socket.WithSecurity(curve.Peers(n.keys.own, n.keyOf)),
		socket.WithAuthenticator(n.keys),
		socket.WithAuthDomain(n.cfg.realm),
	)
}

// metadata returns what is announced of the keys.
func (k *keys) metadata() map[string]string {
	if k == nil {
		return nil
	}
	return map[string]string{KeyMetadata: k.own.Public.String()}
}

// keyProperty is the property of a peer that came to us in which its key is
// noted. An authenticator's word goes before the peer's own, so it is true.
const keyProperty = "X-Brokerless-Mesh-Key"

// Authenticate implements socket.Authenticator: it decides which nodes may come
// in.
func (k *keys) Authenticate(ctx context.Context, c socket.Credentials) (socket.Admission, error) {
	if len(c.Key) != curve.Size {
		return socket.Admission{}, &socket.AuthError{Status: socket.AuthDenied, Text: fmt.Sprintf("%s shows no key", c.Mechanism)}
	}
	key := curve.Key(c.Key)
	var a socket.Admission
	switch {
	case k.auth != nil:
		var err error
		if a, err = k.auth.Authenticate(ctx, c); err != nil {
			return a, err
		}
	case !k.list[key] && k.one:
		return a, &socket.AuthError{Status: socket.AuthDenied, Text: fmt.Sprintf("the key %v is not the realm's", key)}
	case !k.list[key]:
		return a, &socket.AuthError{Status: socket.AuthDenied, Text: fmt.Sprintf("the key %v is not on the list", key)}
	}
	a.Metadata = maps.Clone(a.Metadata)
	if a.Metadata == nil {
		a.Metadata = make(map[string]string)
	}
	a.Metadata[keyProperty] = key.String()
	return a, nil
}

// keyOf returns the key that a node that is connected to has to have.
func (n *Node) keyOf(c socket.Connection) (curve.Key, error) {
	k := n.keys
	if k.one {
		return k.own.Public, nil
	}
	instance := n.instanceAt(c.Endpoint)
	n.mu.Lock()
	key, ok := k.announced[instance]
	n.mu.Unlock()
	if !ok {
		return curve.Key{}, errNoKey
	}
	ctx, cancel := context.WithTimeout(n.ctx, keyTime)
	defer cancel()
	_, err := k.Authenticate(ctx, socket.Credentials{
		Mechanism: "CURVE", Domain: n.cfg.realm, Endpoint: c.Endpoint, Key: key[:],
	})
	if err != nil {
		return curve.Key{}, fmt.Errorf("%w: %w", ErrKey, err)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for other, t := range k.tried {
		if time.Since(t.begun) > trialTime {
			delete(k.tried, other) // nothing came of it
		}
	}
	k.tried[instance] = trial{key, time.Now()}
	return key, nil
}

var (
	errNoKey = fmt.Errorf("%w: it announces none (%s), and is not connected to: it has to be one of the keys that are known here",
		ErrKey, KeyMetadata)
	errSecured = fmt.Errorf("%w: it announces one, and so wants one; this node has none", ErrKey)
)

// fits reports whether an instance may be connected to, as far as can be seen
// from its announcement.
func (n *Node) fits(in *discovery.Instance) bool {
	key, err := n.hint(in)
	if n.keys == nil || n.keys.one || err != nil {
		return err == nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.keys.announced[in.ID] = key
	return true
}

// hint returns the key that an instance announces, or why it will not do.
func (n *Node) hint(in *discovery.Instance) (key curve.Key, err error) {
	text, announced := in.Metadata[KeyMetadata]
	k := n.keys
	switch {
	case k == nil && announced:
		return key, errSecured
	case k == nil, k.one && !announced: // of a list that tells no more than where nodes are
		return key, nil
	case !announced:
		return key, errNoKey
	}
	if key, err = curve.ParseKey(text); err != nil {
		return key, fmt.Errorf("%w: it announces one that makes no sense: %w", ErrKey, err)
	}
	switch {
	case k.auth != nil: // is asked when the connection is made
	case !k.list[key] && k.one:
		return key, fmt.Errorf("%w: another passphrase, or another mechanism: it announces %v, this realm has %v", ErrKey, key, k.own.Public)
	case !k.list[key]:
		return key, fmt.Errorf("%w: it announces %v, which is not on the list", ErrKey, key)
	}
	return key, nil
}

// proven returns the key that the peer of a new link has proven to have; the
// zero key if that is everybody's. The caller holds mu.
func (n *Node) proven(l *link, p socket.Peer) curve.Key {
	k := n.keys
	if k == nil || k.one {
		return curve.Key{}
	}
	if l.via != (discovery.ID{}) {
		t := k.tried[l.via]
		if p.Since.Before(t.begun) {
			return curve.Key{} // it is over already, and another one begun
		}
		delete(k.tried, l.via)
		return t.key
	}
	text, _ := p.Property(keyProperty)
	key, _ := curve.ParseKey(text)
	return key
}

// forget is told that an instance is announced no more. The caller holds the
// node's lock.
func (k *keys) forget(instance discovery.ID) {
	if k != nil {
		delete(k.announced, instance)
	}
}
