package lan

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/socket"
)

// An offer is a PULL that is announced.
type offer struct {
	pull         *socket.Pull
	announcement discovery.Announcement
}

// A follow is a PUSH that follows a service.
type follow struct {
	push     *socket.Push
	follower *discovery.Follower
}

// Offer binds a PULL to a port of its own on all addresses, and announces it. ID
// and endpoints of the instance are filled in where they are not given. What it
// receives are records of the kind "message".
func (a *guest) Offer(in discovery.Instance, out *discovery.Instance) error {
	pull, err := socket.NewPull()
	if err != nil {
		return err
	}
	endpoint, err := pull.Bind("tcp://0.0.0.0:0")
	if err != nil {
		return err
	}
	a.own(pull)
	if in.ID == (discovery.ID{}) {
		in.ID = discovery.NewID()
	}
	in.SocketType, in.Endpoints = "PULL", []string{endpoint}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	announcement, err := a.backend.Announce(ctx, in)
	if err != nil {
		return err
	}
	a.own(announcement)
	a.mu.Lock()
	a.offers[in.ID] = &offer{pull, announcement}
	a.mu.Unlock()
	go func() {
		for m, err := range pull.Messages(context.Background()) {
			if err != nil {
				return
			}
			a.journal.add(Record{Kind: "message", ID: in.ID.String(), Text: string(m[0])})
		}
	}()
	*out = in
	return nil
}

// Update changes what is said of what Offer announced.
func (a *guest) Update(in discovery.Instance, _ *none) error {
	o, err := a.offered(in.ID)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return o.announcement.Update(ctx, in)
}

// Withdraw withdraws what Offer announced. The socket stays.
func (a *guest) Withdraw(id discovery.ID, _ *none) error {
	o, err := a.offered(id)
	if err != nil {
		return err
	}
	return o.announcement.Close()
}

func (a *guest) offered(id discovery.ID) (*offer, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if o := a.offers[id]; o != nil {
		return o, nil
	}
	return nil, fmt.Errorf("no offer %s", id)
}

// Whom says which instances to follow.
type Whom struct {
	Service, Realm string
	Heartbeat      time.Duration // 0 means the default; the timeout is three times as long
}

// Follow makes a PUSH that follows the instances, and queues messages only for
// those that are connected. Records tell what is followed
// (added, updated, removed, warning) and what is connected (linked, unlinked).
func (a *guest) Follow(w Whom, _ *none) error {
	opts := []socket.PushOption{socket.WithImmediate(), socket.WithLinger(0)}
	if w.Heartbeat > 0 {
		opts = append(opts, socket.WithHeartbeat(w.Heartbeat, 3*w.Heartbeat))
	}
	push, err := socket.NewPush(opts...)
	if err != nil {
		return err
	}
	a.own(push)
	monitor := push.Monitor()
	go func() {
		for e := range monitor.Events(context.Background()) {
			if kind := linkKinds[e.Kind]; kind != "" {
				id := strings.TrimPrefix(e.Endpoint, w.Service+"/")
				a.journal.add(Record{Kind: kind, ID: id, Text: errorText(e.Err), Where: []string{e.Remote}})
			}
		}
	}()
	f, err := discovery.Follow(context.Background(), a.backend, w.Service, push,
		discovery.WithRealm(w.Realm), discovery.WithEvents(a.tell("")))
	if err != nil {
		return err
	}
	a.own(f)
	a.mu.Lock()
	a.follows[w.Service] = &follow{push, f}
	a.mu.Unlock()
	return nil
}

// linkKinds are the events of a socket that are recorded.
var linkKinds = map[socket.EventKind]string{
	socket.EventReady:        "linked",
	socket.EventDisconnected: "unlinked",
}

// Watch watches a service, or all if it is empty. The kinds of the records begin
// with "watch ".
func (a *guest) Watch(service string, _ *none) error {
	w, err := a.backend.Watch(context.Background(), service)
	if err != nil {
		return err
	}
	a.own(w)
	go func() {
		tell := a.tell("watch ")
		for e, err := range w.Events(context.Background()) {
			if err != nil {
				return
			}
			tell(e)
		}
	}()
	return nil
}

// tell returns a function that records events.
func (a *guest) tell(prefix string) func(discovery.Event) {
	return func(e discovery.Event) {
		r := Record{Kind: prefix + e.Kind.String(), Text: errorText(e.Err), Where: e.Instance.Endpoints}
		if e.Instance.ID != (discovery.ID{}) {
			r.ID = e.Instance.ID.String()
		}
		if e.Err == nil {
			r.Text = e.Instance.Name
		}
		a.journal.add(r)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// Parcel is a message for whom a service is followed.
type Parcel struct{ Service, Text string }

// Send sends a message to one instance of the service, when there is one.
func (a *guest) Send(p Parcel, _ *none) error {
	f, err := a.followed(p.Service)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return f.push.Send(ctx, []byte(p.Text))
}

// Links returns how many peers the PUSH has that follows the service.
func (a *guest) Links(service string, n *int) error {
	f, err := a.followed(service)
	if err == nil {
		*n = f.push.Stats().Peers
	}
	return err
}

func (a *guest) followed(service string) (*follow, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if f := a.follows[service]; f != nil {
		return f, nil
	}
	return nil, errors.New("nobody follows " + service)
}
