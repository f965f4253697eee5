package lan

import (
	"errors"
	"io"
	"net/rpc"
	"net/rpc/jsonrpc"
	"slices"
	"sync"

	"github.com/brokerless/brokerless/discovery"
	"github.com/brokerless/brokerless/discovery/mesh"
	"github.com/brokerless/brokerless/discovery/zre"
)

// none is the argument or result of a method that has none.
type none = struct{}

// A guest is what runs on a host and does what the test tells it. Its methods
// are served by net/rpc, each call in a goroutine of its own.
type guest struct {
	journal journal

	mu      sync.Mutex
	closers []io.Closer // in the order in which they were opened
	backend discovery.Backend
	offers  map[discovery.ID]*offer
	follows map[string]*follow
	capture *capture
	node    *mesh.Node
	zre     *zre.Node
	load    *load
}

// serveGuest serves a guest until in ends, and leaves the rest to the end of
// the process.
func serveGuest(in io.ReadCloser, out io.WriteCloser) {
	server := rpc.NewServer()
	a := &guest{offers: make(map[discovery.ID]*offer), follows: make(map[string]*follow)}
	if err := server.RegisterName("Guest", a); err != nil {
		panic(err)
	}
	server.ServeCodec(jsonrpc.NewServerCodec(struct {
		io.Reader
		io.WriteCloser
	}{in, out}))
}

// Await waits for something to happen.
func (a *guest) Await(q Query, r *Record) error {
	var err error
	*r, err = a.journal.await(q)
	return err
}

// All returns what has happened.
func (a *guest) All(q Query, r *[]Record) error {
	*r = a.journal.all(q)
	return nil
}

// Now returns the index of the next record.
func (a *guest) Now(_ none, index *int) error {
	a.journal.mu.Lock()
	defer a.journal.mu.Unlock()
	*index = len(a.journal.records)
	return nil
}

// own closes c when the guest is closed, after all that was opened later.
func (a *guest) own(c io.Closer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closers = append(a.closers, c)
}

// Close closes everything in turn, as a program does that ends as it should.
func (a *guest) Close(none, *none) error {
	a.mu.Lock()
	closers := a.closers
	a.closers = nil
	a.mu.Unlock()
	var errs []error
	for _, c := range slices.Backward(closers) {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}
