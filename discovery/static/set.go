package static

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/brokerless/brokerless/discovery"
)

// Endpoints returns one instance of the service for each endpoint, with an id
// made from both. What it returns is valid if the endpoints are.
func Endpoints(service, socketType string, endpoints ...string) []discovery.Instance {
	all := make([]discovery.Instance, 0, len(endpoints))
	for _, e := range endpoints {
		in := discovery.Instance{Service: service, SocketType: socketType, Endpoints: []string{e}}
		complete(&in)
		all = append(all, in)
	}
	return all
}

// newSet returns the instances by their ids, once they are found to be valid.
func newSet(instances []discovery.Instance) (map[discovery.ID]discovery.Instance, error) {
	if len(instances) > discovery.DefaultMaxInstances {
		return nil, fmt.Errorf("%w: %d, want at most %d", discovery.ErrFull, len(instances), discovery.DefaultMaxInstances)
	}
	set := make(map[discovery.ID]discovery.Instance, len(instances))
	for i, in := range instances {
		if err := add(set, in.Clone()); err != nil {
			return nil, fmt.Errorf("instance %d of the list: %w", i+1, err)
		}
	}
	return set, nil
}

// add completes the instance and puts it into the set.
func add(set map[discovery.ID]discovery.Instance, in discovery.Instance) error {
	complete(&in)
	if err := in.Validate(); err != nil {
		return err
	}
	if _, twice := set[in.ID]; twice {
		return fmt.Errorf("%w: id %s is there twice", discovery.ErrInstance, in.ID)
	}
	set[in.ID] = in
	return nil
}

// complete fills in the version and the id.
func complete(in *discovery.Instance) {
	if in.Version == 0 {
		in.Version = discovery.Version
	}
	if in.ID == (discovery.ID{}) {
		in.ID = derive(in.Service, in.Endpoints)
	}
}

// derive returns the id of an instance that has none of its own: the first
// half of the SHA-256 of its texts, each with its length before it.
func derive(service string, endpoints []string) (id discovery.ID) {
	text := binary.AppendUvarint(nil, uint64(len(service)))
	text = append(text, service...)
	for _, e := range endpoints {
		text = binary.AppendUvarint(text, uint64(len(e)))
		text = append(text, e...)
	}
	sum := sha256.Sum256(text)
	copy(id[:], sum[:])
	return id
}
