package lan

import (
	"bufio"
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/discovery/mesh"
	"github.com/brokerless/brokerless/socket"
)

// Membership says which mesh to join, and as whom. A passphrase secures it.
type Membership struct{ Mesh, Name, Realm, Passphrase string }

// JoinMesh joins a mesh by mDNS. Records tell what becomes of each peer: their
// kinds are the names of its states, their texts the reasons. Who is not linked is
// "not linked", with the error. What is whispered is a "message".
func (a *guest) JoinMesh(m Membership, id *discovery.ID) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	opts := []mesh.Option{mesh.WithName(m.Name), mesh.WithRealm(m.Realm)}
	if m.Passphrase != "" {
		opts = append(opts, mesh.WithRealmKey(m.Passphrase))
	}
	node, err := mesh.Join(ctx, m.Mesh, opts...)
	if err != nil {
		return err
	}
	a.own(node)
	a.mu.Lock()
	a.node = node
	a.mu.Unlock()
	presence := node.Presence(context.Background())
	go func() {
		for e := range presence.Events(context.Background()) {
			r := Record{Kind: e.Peer.State.String(), ID: e.Peer.ID.String(), Text: errorText(e.Err)}
			switch {
			case e.Kind == mesh.Warning, e.Kind == mesh.NotLinked:
				r.Kind = e.Kind.String()
			case e.Kind != mesh.Changed:
				continue
			case e.Reason != 0:
				r.Text = e.Reason.String()
			}
			a.journal.add(r)
		}
	}()
	go func() {
		for m, err := range node.Messages(context.Background()) {
			if err != nil {
				return
			}
			a.journal.add(Record{Kind: "message", ID: m.From.String(), Text: string(m.Frames[0])})
		}
	}()
	*id = node.ID()
	return nil
}

// WaitUp waits until so many peers are Up, and returns when that was.
func (a *guest) WaitUp(peers int, at *time.Time) error {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	defer cancel()
	err := a.node.WaitPeers(ctx, peers)
	*at = time.Now()
	return err
}

// A Census is how many peers a node has.
type Census struct {
	Up          int // by what the mesh says
	Links       int // by what its socket says
	Connections int // by what the system says
}

// Census counts the peers. All connections of the host count.
func (a *guest) Census(_ none, c *Census) error {
	s := a.node.Stats()
	c.Up, c.Links = s.Up, s.Links
	f, err := os.Open("/proc/self/net/tcp")
	if err != nil {
		return err
	}
	defer f.Close()
	const established = "01"
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if fields := strings.Fields(lines.Text()); len(fields) > 3 && fields[3] == established {
			c.Connections++
		}
	}
	return nil
}

// Whispered is a message for one peer.
type Whispered struct {
	To   discovery.ID
	Text string
}

// Whisper sends a message to a peer, as soon as it is Up.
func (a *guest) Whisper(w Whispered, _ *none) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := a.node.WaitPeers(ctx, 1); err != nil {
		return err
	}
	return a.node.Whisper(ctx, w.To, []byte(w.Text))
}

// Serve serves a service that takes a moment for each request.
func (a *guest) Serve(service string, _ *none) error {
	_, err := a.node.Serve(service, func(ctx context.Context, r mesh.Request) (socket.Message, error) {
		moment := time.NewTimer(2 * time.Millisecond)
		defer moment.Stop()
		select {
		case <-moment.C:
			return r.Frames, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	})
	return err
}

// A load is calls that are made one after the other, by some at a time.
type load struct {
	stop   context.CancelFunc
	wg     sync.WaitGroup
	mu     sync.Mutex
	result Calls
}

// Calls is what became of calls.
type Calls struct {
	Made, Failed int
	Longest      time.Duration
	Error        string // of one that failed
}

// Load has a number of callers call a service until Unload.
func (a *guest) Load(p Parcel, _ *none) error {
	const callers = 8
	ctx, cancel := context.WithCancel(context.Background())
	l := &load{stop: cancel}
	a.load = l
	for range callers {
		l.wg.Go(func() {
			for ctx.Err() == nil {
				start := time.Now()
				limit, cancel := context.WithTimeout(context.Background(), patience)
				answer, err := a.node.Call(limit, p.Service, []byte(p.Text))
				cancel()
				if err == nil && (len(answer) != 1 || string(answer[0]) != p.Text) {
					err = errors.New("another answer")
				}
				l.mu.Lock()
				l.result.Made++
				l.result.Longest = max(l.result.Longest, time.Since(start))
				if err != nil {
					l.result.Failed++
					l.result.Error = err.Error()
				}
				l.mu.Unlock()
			}
		})
	}
	return nil
}

// Unload ends the calls and returns what became of them.
func (a *guest) Unload(_ none, c *Calls) error {
	a.load.stop()
	a.load.wg.Wait()
	*c = a.load.result
	return nil
}

// Loaded returns how many calls were made so far.
func (a *guest) Loaded(_ none, made *int) error {
	a.load.mu.Lock()
	defer a.load.mu.Unlock()
	*made = a.load.result.Made
	return nil
}
