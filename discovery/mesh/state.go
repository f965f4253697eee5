package mesh

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/socket/curve"
)

// Limits of what a node tells of itself.
const (
	maxState    = 64 << 10 // octets of JSON
	maxGroups   = 1000
	maxServices = 1000
)

// state is what a node tells of itself: the body of HELLO and STATE. Once
// decoded or told it never changes.
type state struct {
	Version     int               `json:"version"` // of the mesh's protocol
	Mesh        string            `json:"mesh"`
	Realm       string            `json:"realm,omitempty"`
	ID          string            `json:"id"`
	Incarnation string            `json:"incarnation"` // another one is another process, 16 hexadecimal digits
	Sequence    uint64            `json:"sequence"`    // one more with each change
	Name        string            `json:"name,omitempty"`
	Metadata    map[string]string `json:"metadata,omitempty"`
	Groups      []string          `json:"groups,omitempty"`
	Services    []service         `json:"services,omitempty"`
	Draining    bool              `json:"draining,omitempty"` // about to leave: to be chosen no more

	key         curve.Key // that the peer has proven, and did not just tell
	incarnation uint64
	groups      map[string]bool
	services    map[string]*service
}

// service is one that a node offers.
type service struct {
	Name       string            `json:"name"`
	Version    string            `json:"version,omitempty"`
	Metadata   map[string]string `json:"metadata,omitempty"`
	Idempotent bool              `json:"idempotent,omitempty"`
	Draining   bool              `json:"draining,omitempty"`
	Load       uint64            `json:"load,omitempty"` // requests it has
}

// encode returns the JSON, or ErrTooLarge if no peer would take it.
func (s *state) encode() ([]byte, error) {
	if len(s.Groups) > maxGroups || len(s.Services) > maxServices {
		return nil, fmt.Errorf("%w: %d groups and %d services", ErrTooLarge, len(s.Groups), len(s.Services))
	}
	b, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	if len(b) > maxState {
		return nil, fmt.Errorf("%w: %d octets", ErrTooLarge, len(b))
	}
	return b, nil
}

// decodeState reads what a peer tells of itself. Of another version it reads
// only that.
func decodeState(b []byte) (*state, error) {
	if len(b) > maxState {
		return nil, fmt.Errorf("state of %d octets: want at most %d", len(b), maxState)
	}
	if !utf8.Valid(b) {
		return nil, errors.New("state: want UTF-8")
	}
	var of struct{ Version int }
	if err := json.Unmarshal(b, &of); err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	s := &state{Version: of.Version}
	if s.Version != wireVersion {
		return s, nil // the rest may mean something else
	}
	if err := json.Unmarshal(b, s); err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	if len(s.Groups) > maxGroups || len(s.Services) > maxServices {
		return nil, fmt.Errorf("state of %d groups and %d services: want at most %d and %d",
			len(s.Groups), len(s.Services), maxGroups, maxServices)
	}
	if len(s.Name) > discovery.MaxName {
		return nil, fmt.Errorf("state: name of %d octets: want at most %d", len(s.Name), discovery.MaxName)
	}
	var err error
	if s.incarnation, err = strconv.ParseUint(s.Incarnation, 16, 64); err != nil || s.incarnation == 0 {
		return nil, fmt.Errorf("state: incarnation %.40q: want 1 to 16 hexadecimal digits", s.Incarnation)
	}
	s.groups = make(map[string]bool, len(s.Groups))
	for _, g := range s.Groups {
		if err := checkName(g); err != nil {
			return nil, fmt.Errorf("state: group: %w", err)
		}
		s.groups[g] = true
	}
	s.services = make(map[string]*service, len(s.Services))
	for i := range s.Services {
		v := &s.Services[i]
		if err := checkName(v.Name); err != nil {
			return nil, fmt.Errorf("state: service: %w", err)
		}
		s.services[v.Name] = v
	}
	return s, nil
}

// sameAs reports whether two states tell people the same.
func (s *state) sameAs(o *state) bool {
	return s.Name == o.Name && s.Draining == o.Draining && maps.Equal(s.Metadata, o.Metadata) &&
		slices.Equal(s.Groups, o.Groups) && slices.EqualFunc(s.Services, o.Services, func(a, b service) bool {
		return a.Name == b.Name && a.Version == b.Version && a.Idempotent == b.Idempotent && a.Draining == b.Draining &&
			maps.Equal(a.Metadata, b.Metadata)
	})
}

// describe returns the state of the node as it is now. The caller holds mu.
func (n *Node) describe() *state {
	s := &state{
		Version:     wireVersion,
		Mesh:        n.name,
		Realm:       n.cfg.realm,
		ID:          n.id.String(),
		Incarnation: fmt.Sprintf("%016x", n.incarnation),
		Sequence:    n.sequence,
		Name:        n.cfg.human,
		Metadata:    n.metadata,
		Groups:      slices.Sorted(maps.Keys(n.groups)),
		Draining:    n.leaving,
	}
	for _, name := range slices.Sorted(maps.Keys(n.services)) {
		v := n.services[name]
		s.Services = append(s.Services, service{
			Name:       name,
			Version:    v.version,
			Metadata:   v.metadata,
			Idempotent: v.idempotent,
			Draining:   v.pool.draining,
			Load:       uint64(v.pool.load()),
		})
	}
	return s
}

// tell makes a change to what the node tells of itself, and tells it to all
// peers soon after. If it is more than they would take, the change is undone.
// The caller holds mu.
func (n *Node) tell(undo func()) error {
	n.sequence++
	if _, err := n.describe().encode(); err != nil {
		undo()
		return err
	}
	n.publish()
	return nil
}

// publish has the keeper tell all peers the state. The caller holds mu.
func (n *Node) publish() {
	n.sequence++
	n.unpublished = true
	n.wake()
}

// SetMetadata replaces what peers see as the node's metadata. The node keeps a
// copy. It returns ErrTooLarge if that is more than peers take, and does not
// wait for them.
func (n *Node) SetMetadata(metadata map[string]string) error {
	if err := checkMetadata(metadata); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return ErrClosed
	}
	old := n.metadata
	n.metadata = maps.Clone(metadata)
	return n.tell(func() { n.metadata = old })
}

// checkMetadata returns why peers cannot be told this metadata.
func checkMetadata(metadata map[string]string) error {
	for k, v := range metadata {
		if !utf8.ValidString(k) || !utf8.ValidString(v) {
			return fmt.Errorf("%w: metadata %.60q: want UTF-8", ErrName, k)
		}
	}
	return nil
}
