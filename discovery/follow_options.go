package discovery

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/brokerless/brokerless/transport/ipc"
	"github.com/brokerless/brokerless/transport/tcp"
)

// How Follow behaves unless told otherwise.
const (
	defaultMaxPeers = 1024
	maxDials        = 64                     // begun, and not yet old
	dialIsOld       = 250 * time.Millisecond // an attempt that takes longer does not hold up others
	deferTime       = 3 * time.Second        // for the lower of two ids to make the link
	crowdTime       = 2 * time.Millisecond   // spread of the first dials, for each peer that is there
	longestCrowd    = 200 * time.Millisecond
)

type follow struct {
	self     ID
	realm    string
	types    []string
	filter   func(*Instance) bool
	maxPeers int
	linked   func(ID) bool
	loopback bool
	events   func(Event)
	others   func(Instance, error)
	dial     func(ctx context.Context, endpoint string) (net.Conn, error)
	lookup   func(ctx context.Context, network, host string) ([]netip.Addr, error) // nil: dial looks up names
}

// A FollowOption changes how Follow behaves.
type FollowOption func(*follow)

// ErrOption is what the error of an option matches that makes no sense.
var ErrOption = errors.New("brokerless: bad option")

// ErrUnwanted is why an instance that is known is not followed; see WithOthers.
var ErrUnwanted = errors.New("brokerless: not followed")

// WithSelf sets the ID of the instance that the socket itself is announced as,
// so that it never connects to itself.
func WithSelf(id ID) FollowOption { return func(f *follow) { f.self = id } }

// WithRealm sets the realm whose instances are followed. The default is the
// empty one; those of any other are left alone. It is a name and no secret:
// anybody can announce it.
func WithRealm(realm string) FollowOption { return func(f *follow) { f.realm = realm } }

// WithSocketType follows only instances of these socket types, such as "PULL".
// The default is any.
func WithSocketType(types ...string) FollowOption {
	return func(f *follow) { f.types = slices.Clone(types) }
}

// WithFilter follows only instances for which keep returns true: by their
// metadata, say. It is called again when an instance changes. It must not
// block, and not keep the instance.
func WithFilter(keep func(*Instance) bool) FollowOption {
	return func(f *follow) { f.filter = keep }
}

// WithMaxPeers sets to how many instances the socket is connected at most. The
// default is 1024. Beyond, an instance that was never reached makes place for a
// new one.
func WithMaxPeers(n int) FollowOption { return func(f *follow) { f.maxPeers = n } }

// WithTieBreak is for instances that all follow each other: of each two, the
// one with the lower ID connects, so that there is one link and not two. If
// after 3 s there is none, because the network lets connections through in one
// direction only, the other one connects too. Linked tells whether there is a
// link to an instance, whoever made it; it must not block, nor call the Follower.
// WithTieBreak needs WithSelf.
func WithTieBreak(linked func(ID) bool) FollowOption { return func(f *follow) { f.linked = linked } }

// WithLoopback also connects to loopback addresses. Without it they are left
// out: an announcement from the network must not lead to what listens on this
// host alone.
func WithLoopback() FollowOption { return func(f *follow) { f.loopback = true } }

// WithEvents calls tell for each event about an instance that is followed, and
// for each Warning, in order. While it blocks, nothing is followed.
func WithEvents(tell func(Event)) FollowOption { return func(f *follow) { f.events = tell } }

// WithOthers calls tell for each instance of the service that is known and not
// wanted, when it is found and when it changes, with the reason: another realm,
// another socket type, or what the function given to WithFilter says. The error
// matches ErrUnwanted; or ErrLeft or ErrExpired when such an instance is announced
// no more. The instance is the callee's to keep. While tell blocks,
// nothing is followed. The default is not to tell.
func WithOthers(tell func(in Instance, why error)) FollowOption {
	return func(f *follow) { f.others = tell }
}

// WithDial sets how an endpoint is dialed, to go through TLS, say. The default
// is as the sockets do it, over tcp and ipc.
func WithDial(dial func(ctx context.Context, endpoint string) (net.Conn, error)) FollowOption {
	return func(f *follow) { f.dial, f.lookup = dial, nil }
}

func newFollow(opts []FollowOption) (*follow, error) {
	f := &follow{
		maxPeers: defaultMaxPeers, events: func(Event) {}, others: func(Instance, error) {},
		dial: dialEndpoint, lookup: net.DefaultResolver.LookupNetIP,
	}
	for _, o := range opts {
		o(f)
	}
	switch {
	case f.maxPeers <= 0:
		return nil, fmt.Errorf("%w: WithMaxPeers(%d): want more than 0", ErrOption, f.maxPeers)
	case f.linked != nil && f.self == ID{}:
		return nil, fmt.Errorf("%w: WithTieBreak without WithSelf", ErrOption)
	case f.events == nil || f.others == nil || f.dial == nil:
		return nil, fmt.Errorf("%w: nil function", ErrOption)
	}
	return f, nil
}

// unwanted returns why an instance is not one to follow, or nil if it is.
func (f *follow) unwanted(in *Instance) error {
	switch {
	case in.ID == f.self:
		return errSelf
	case in.Realm != f.realm:
		return fmt.Errorf("%w: it is of the realm %q, this is %q", ErrUnwanted, clip(in.Realm), f.realm)
	case len(f.types) > 0 && !slices.Contains(f.types, in.SocketType):
		return fmt.Errorf("%w: its socket is a %.20q, wanted is one of %v", ErrUnwanted, in.SocketType, f.types)
	case f.filter != nil && !f.filter(in):
		return fmt.Errorf("%w: the filter leaves it out", ErrUnwanted)
	}
	return nil
}

// errSelf is why nobody is told of the instance that the socket itself is.
var errSelf = errors.New("the follower itself")

// defers reports whether it is for the other side to connect.
func (f *follow) defers(id ID) bool { return f.linked != nil && f.self.Compare(id) > 0 }

// met reports whether there is a link to the instance that somebody made.
func (f *follow) met(id ID) bool { return f.linked != nil && f.linked(id) }

// dialEndpoint dials as the sockets do.
func dialEndpoint(ctx context.Context, endpoint string) (net.Conn, error) {
	scheme, address := split(endpoint)
	if scheme == "ipc" {
		return ipc.New().Dial(ctx, address)
	}
	return tcp.New().Dial(ctx, address)
}
