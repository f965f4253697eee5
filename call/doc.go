// Package call is request and response that survives servers going away: many
// calls at once over one connection, with deadlines, cancellation, errors with
// codes, retries, and answers that are streams.
//
// A server has methods, of Go types or of plain octets:
//
//	s, err := call.NewServer()
//	…
//	err = call.Handle(s, "kv.get", codec.Text(), codec.Bytes(), func(ctx context.Context, key string) ([]byte, error) {
//		v, ok := store.Load(key)
//		if !ok {
//			return nil, call.Errorf(call.NotFound, "no key %q", key)
//		}
//		return v, nil
//	})
//	endpoint, err := s.Bind("tcp://127.0.0.1:0")
//
// A client is connected to any number of servers, which all have the same
// methods, and each call goes to the one with the fewest calls in flight:
//
//	c, err := call.NewClient()
//	…
//	err = c.Connect(endpoint) // or discovery.Follow(ctx, backend, "kv", c)
//	get := call.NewCaller(c, "kv.get", codec.Text(), codec.Bytes(), call.Idempotent())
//	v, err := get.Call(ctx, "colour")
//	if errors.Is(err, call.NotFound) { … }
//
// # What becomes of a call
//
// A call waits for a server, and for its answer, until its context is done. What
// is left of the context's deadline goes with it, and the handler's context has
// it. When the caller gives up, the server is told, and the handler's context is
// cancelled; so it is when the connection to the caller is lost.
//
// A server that is overloaded or about to close refuses calls without executing
// them; those go elsewhere, and again, until the context is done. When the
// connection is lost before the answer, the call may have been executed or not:
// one that is [Idempotent] is made again, any other fails with [ServerLost]. No
// call is ever made twice on a guess.
//
// # Limits
//
// A server has places for handlers (WithConcurrency), a backlog of calls that
// wait for one, in which clients take turns (WithBacklog, WithPeerCalls), and
// refuses what is beyond. A client bounds what is under way (WithMaxPending). A
// stream has no more items on their way than its reader has room for
// (WithWindow), so that a slow reader holds up itself alone.
//
// # The wire
//
// Calls are messages between DEALER and ROUTER sockets, described in
// docs/wire.md. A REQ socket of any ZeroMQ library can call too: it sends the
// method and the body as two frames, and gets a status, empty if all is well,
// and the answer.
package call
