package auth

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/brokerless/brokerless/socket"
)

// ZAPEndpoint is where a ZAP handler is bound (RFC 27, ZA-01).
const ZAPEndpoint = "inproc://zeromq.zap.01"

// handlerTime is how long a peer waits for somebody to be there to be asked.
const handlerTime = time.Second

// ZAPClient is an authenticator that asks a handler of the ZeroMQ Authentication
// Protocol. It is safe for concurrent use, and many requests may be under way.
type ZAPClient struct {
	endpoint string
	dealer   *socket.Dealer
	stop     context.CancelFunc
	reading  sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	last    uint64                   // request id
	waiting map[string]chan<- answer // by request id, each of capacity 1
	stray   error                    // why the newest reply that is nobody's is none
}

// An answer is what has become of a request.
type answer struct {
	reply zapReply
	err   error
}

// ZAP returns an authenticator that asks the ZAP handler (RFC 27) which this
// process has bound to [ZAPEndpoint]: a REP or a ROUTER of this module, such as
// [ServeZAP] drives. Close it after the sockets that use it. The error, if any,
// matches socket.ErrOption.
//
// The handler is told what the peer has shown and its address; its identity is
// the peer's own, if it has come yet, where libzmq sends its own (ZA-03). Status,
// text, user id and metadata of the reply are the verdict. A reply that is
// malformed, in whatever way, refuses the peer with AuthInternal and says in
// which (ZA-02). It differs from libzmq in two points:
//
//   - Without a mechanism the handler is asked too, whatever the domain (ZA-07):
//     the socket was given an authenticator.
//   - Where there is no handler nobody comes in (ZA-08), nor where it does not
//     answer (ZA-09): after a second in the one case, when the time of the
//     handshake is almost over in the other, the peer is refused with
//     AuthInternal. What was asked of a handler that went away is not asked again.
func ZAP(opts ...socket.DealerOption) (*ZAPClient, error) { return ZAPAt(ZAPEndpoint, opts...) }

// ZAPAt is [ZAP] with a handler elsewhere, as of another process over ipc. What
// peers show, passwords too, goes there: the way to it must be as safe as they
// need it, and whoever answers there decides. The error matches socket.ErrOption
// or socket.ErrEndpoint.
func ZAPAt(endpoint string, opts ...socket.DealerOption) (*ZAPClient, error) {
	// What nobody takes at once is not kept: the one it was about is gone by then.
	own := []socket.DealerOption{socket.WithImmediate(), socket.WithLinger(0)}
	dealer, err := socket.NewDealer(append(own, opts...)...)
	if err != nil {
		return nil, err
	}
	if err := dealer.Connect(endpoint); err != nil {
		_ = dealer.Close() // nothing was sent
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	z := &ZAPClient{endpoint: endpoint, dealer: dealer, stop: stop, waiting: make(map[string]chan<- answer)}
	z.reading.Go(func() { z.read(ctx) })
	return z, nil
}

// Close ends the client: what is under way and what comes later is refused with
// AuthInternal. It waits for its goroutine, for no handler. Closing again does
// nothing.
func (z *ZAPClient) Close() error {
	z.mu.Lock()
	z.closed = true
	for id, w := range z.waiting {
		w <- answer{err: errClosed}
		delete(z.waiting, id)
	}
	z.mu.Unlock()
	z.stop()
	z.reading.Wait()
	over, cancel := context.WithCancel(context.Background())
	cancel()
	_ = z.dealer.Shutdown(over) // that requests are left unsent was told to who made them
	return nil
}

var errClosed = failed("the ZAP client is closed")

// Authenticate asks the handler. It implements [socket.Authenticator].
func (z *ZAPClient) Authenticate(ctx context.Context, c socket.Credentials) (socket.Admission, error) {
	shown, err := zapCredentials(c)
	if err != nil {
		return socket.Admission{}, err
	}
	if err := z.handler(ctx); err != nil {
		return socket.Admission{}, err
	}
	id, answered, before, err := z.begin()
	if err != nil {
		return socket.Admission{}, err
	}
	defer z.end(id)
	if err := z.dealer.Send(ctx, zapRequest{id: id, credentials: c, shown: shown}.frames()...); err != nil {
		return socket.Admission{}, failed("ZAP handler at %s: %v", z.endpoint, err)
	}
	select {
	case a := <-answered:
		if a.err != nil {
			return socket.Admission{}, a.err
		}
		return a.reply.verdict()
	case <-ctx.Done():
		z.mu.Lock()
		stray := z.stray
		z.mu.Unlock()
		if stray != before { //nolint:errorlint // the same one, and not one like it
			return socket.Admission{}, failed("no answer from the ZAP handler at %s (%v); it has sent what is none: %v",
				z.endpoint, context.Cause(ctx), stray)
		}
		return socket.Admission{}, failed("no answer from the ZAP handler at %s: %v", z.endpoint, context.Cause(ctx))
	}
}

// handler waits until there is somebody to ask.
func (z *ZAPClient) handler(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, handlerTime)
	defer cancel()
	if err := z.dealer.WaitPeers(ctx, 1); err != nil {
		z.mu.Lock()
		defer z.mu.Unlock()
		if z.closed {
			return errClosed
		}
		return failed("no ZAP handler at %s: %v", z.endpoint, err)
	}
	return nil
}

// begin makes room for the answer to a new request. Stray is what has come
// before it.
func (z *ZAPClient) begin() (id string, answered <-chan answer, stray, err error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.closed {
		return "", nil, nil, errClosed
	}
	z.last++
	id = strconv.FormatUint(z.last, 10)
	w := make(chan answer, 1)
	z.waiting[id] = w
	return id, w, z.stray, nil
}

// end forgets a request.
func (z *ZAPClient) end(id string) {
	z.mu.Lock()
	delete(z.waiting, id)
	z.mu.Unlock()
}

// read takes replies until ctx is done.
func (z *ZAPClient) read(ctx context.Context) {
	for {
		m, err := z.dealer.Recv(ctx)
		if err != nil {
			return
		}
		reply, err := parseZAPReply(m)
		z.mu.Lock()
		if w, ok := z.waiting[reply.id]; ok {
			delete(z.waiting, reply.id)
			if err != nil {
				err = failed("ZAP handler at %s: %v", z.endpoint, err)
			}
			w <- answer{reply, err}
		} else {
			if err == nil {
				err = fmt.Errorf("%w: %.20q, which nobody waits for", errZAPRequestID, reply.id)
			}
			z.stray = err
		}
		z.mu.Unlock()
	}
}
