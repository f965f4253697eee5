package discovery

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// An ID names an instance among all that ever were: 128 random bits.
type ID [16]byte

// NewID returns an ID that nobody else has.
func NewID() ID {
	var id ID
	_, _ = rand.Read(id[:]) // never fails
	return id
}

// ParseID reads what String wrote: 32 hexadecimal digits. The error quotes
// what it was given.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 2*len(id) {
		return ID{}, fmt.Errorf("brokerless: instance id %q: want %d hexadecimal digits", clip(s), 2*len(id))
	}
	if _, err := hex.Decode(id[:], []byte(s)); err != nil {
		return ID{}, fmt.Errorf("brokerless: instance id %q: want %d hexadecimal digits", s, 2*len(id))
	}
	return id, nil
}

// String returns the ID in 32 lower-case hexadecimal digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// Compare orders IDs as their digits are ordered.
func (id ID) Compare(other ID) int { return slices.Compare(id[:], other[:]) }

// Version is the version of what is said about an instance. Instances of a
// higher one are understood as far as this one goes.
const Version = 1

// What an Instance may hold. The bounds are such that any backend can carry
// any instance.
const (
	MaxName      = 120 // octets of Service, Realm and Name, each
	MaxEndpoints = 8   //
	MaxEndpoint  = 200 // octets of an endpoint
	MaxMetadata  = 32  // entries
	MaxKey       = 32  // octets of a key of the metadata
	MaxSize      = 900 // octets of all text, with two for each entry and endpoint
)

// An Instance is one socket that is offered under the name of a service.
type Instance struct {
	ID         ID
	Service    string            // what it offers: "orders". UTF-8, not empty
	Realm      string            // who may meet: only instances of one realm do. UTF-8
	Name       string            // for people to read. UTF-8
	SocketType string            // "PULL"; may be empty
	Endpoints  []string          // where it is reached; "tcp://0.0.0.0:5555" stands for each address of the host
	Host       string            // which host it runs on, as Host returns it; may be empty
	Metadata   map[string]string // keys of printable ASCII without "=", not case-sensitive; values UTF-8
	Version    int               // of the announcement; 0 in Announce means Version
}

// ErrInstance is what the error of an instance matches that no backend carries.
var ErrInstance = errors.New("brokerless: not an instance")

// Validate returns nil if every backend can carry the instance, or an error
// that matches ErrInstance and says what is wrong.
func (in *Instance) Validate() error {
	bad := func(format string, args ...any) error {
		return fmt.Errorf("%w: "+format, append([]any{ErrInstance}, args...)...)
	}
	if in.ID == (ID{}) {
		return bad("no id")
	}
	if in.Service == "" {
		return bad("no service")
	}
	if in.Version < 0 || in.Version > 1000 {
		return bad("version %d: want 1 to 1000", in.Version)
	}
	size := 0
	for _, f := range [...]struct{ what, text string }{
		{"service", in.Service}, {"realm", in.Realm}, {"name", in.Name}, {"socket type", in.SocketType}, {"host", in.Host},
	} {
		if len(f.text) > MaxName || !utf8.ValidString(f.text) {
			return bad("%s %q: want at most %d octets of UTF-8", f.what, clip(f.text), MaxName)
		}
		size += len(f.text)
	}
	if len(in.Endpoints) > MaxEndpoints {
		return bad("%d endpoints: want at most %d", len(in.Endpoints), MaxEndpoints)
	}
	for _, e := range in.Endpoints {
		if err := checkEndpoint(e); err != nil {
			return bad("endpoint %q: %w", clip(e), err)
		}
		size += len(e) + 2
	}
	if len(in.Metadata) > MaxMetadata {
		return bad("%d entries of metadata: want at most %d", len(in.Metadata), MaxMetadata)
	}
	keys := make(map[string]string, len(in.Metadata))
	for k, v := range in.Metadata {
		if !validKey(k) {
			return bad("key %q: want 1 to %d printable ASCII characters without \"=\"", clip(k), MaxKey)
		}
		lower := strings.ToLower(k)
		if other, ok := keys[lower]; ok {
			return bad("keys %q and %q: want keys that differ in more than case", min(k, other), max(k, other))
		}
		keys[lower] = k
		if !utf8.ValidString(v) {
			return bad("value of %q: want UTF-8", k)
		}
		size += len(k) + len(v) + 2
	}
	if size > MaxSize {
		return bad("%d octets in all: want at most %d", size, MaxSize)
	}
	return nil
}

func validKey(k string) bool {
	for i := range len(k) {
		if k[i] < 0x20 || k[i] > 0x7e || k[i] == '=' {
			return false
		}
	}
	return k != "" && len(k) <= MaxKey
}

// checkEndpoint wants what a peer on another host, or another process of this
// one, can connect to.
func checkEndpoint(e string) error {
	if len(e) > MaxEndpoint || !utf8.ValidString(e) {
		return fmt.Errorf("want at most %d octets of UTF-8", MaxEndpoint)
	}
	scheme, address, ok := strings.Cut(e, "://")
	switch {
	case !ok || address == "":
		return errors.New("want tcp://address:port or ipc://path")
	case scheme == "ipc":
		return nil
	case scheme != "tcp":
		return fmt.Errorf("scheme %q: want tcp or ipc", scheme)
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return err
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		return fmt.Errorf("port %q: want 1 to 65535", port)
	}
	if _, err := netip.ParseAddr(host); err != nil && (host == "" || strings.ContainsAny(host, "*:% ")) {
		return fmt.Errorf("host %q: want an address or a name; 0.0.0.0 for every address", host)
	}
	return nil
}

// clip shortens what is quoted in an error.
func clip(s string) string {
	if len(s) > 60 {
		return s[:60] + "…"
	}
	return s
}

// Clone returns a copy that shares no memory with in.
func (in *Instance) Clone() Instance {
	c := *in
	c.Endpoints = slices.Clone(in.Endpoints)
	c.Metadata = maps.Clone(in.Metadata)
	return c
}

// Equal reports whether two instances say the same. The order of endpoints
// counts.
func (in *Instance) Equal(other *Instance) bool {
	return in.ID == other.ID && in.Service == other.Service && in.Realm == other.Realm && in.Name == other.Name &&
		in.SocketType == other.SocketType && in.Host == other.Host && in.Version == other.Version &&
		slices.Equal(in.Endpoints, other.Endpoints) && maps.Equal(in.Metadata, other.Metadata)
}
