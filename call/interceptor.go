package call

import (
	"context"

	"github.com/brokerless/brokerless/socket"
)

// Info is what is known of one call while it runs, on either side.
type Info struct {
	Method   string
	Stream   bool         // the answer is a stream
	Metadata Metadata     // that goes with the request; a client's interceptor may add to it
	Reply    Metadata     // that comes with the answer, once it is there; a handler may set it
	Server   string       // on the client: who answered, as it was named to Connect; empty before
	Peer     *socket.Peer // on the server: who calls; not to be changed
	Attempts int          // on the client: how often the call was sent, once it is over
}

// An Interceptor stands around calls, on the client or on the server, to log,
// measure, allow or refuse them. It calls next to go on, with ctx or one derived
// from it, at most once; next returns when the call is over, a stream at its
// end, with the call's error. The interceptor's error takes the place of it. An
// interceptor that refuses a call returns an error without calling next.
//
// On the client it stands around all attempts of a call together.
type Interceptor func(ctx context.Context, info *Info, next func(context.Context) error) error

// intercept calls do with the interceptors around it, the first outermost.
func intercept(ctx context.Context, all []Interceptor, info *Info, do func(context.Context) error) error {
	if len(all) == 0 {
		return do(ctx)
	}
	return all[0](ctx, info, func(ctx context.Context) error {
		return intercept(ctx, all[1:], info, do)
	})
}

type infoKey struct{}

// InfoFrom returns what is known of the call that a handler's context belongs
// to, or nil for other contexts. A handler sets Reply in it before it returns;
// of a stream it travels with the end.
func InfoFrom(ctx context.Context) *Info {
	info, _ := ctx.Value(infoKey{}).(*Info)
	return info
}
