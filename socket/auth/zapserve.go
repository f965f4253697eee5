package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/brokerless/brokerless/socket"
)

const (
	zapAtOnce   = 64               // requests that are decided on at a time
	zapPatience = 10 * time.Second // for each of them
)

// ServeZAP answers the ZAP requests (RFC 27) that come to a ROUTER, which the
// caller binds, as to [ZAPEndpoint], and closes. Up to 64 are decided on at a
// time, each for at most 10 seconds; the rest waits in the ROUTER. It ends with
// ctx's error, or with nil when the ROUTER is closed, once all calls of a have
// returned.
//
// Whatever a panics with, and a request that makes no sense, is answered with
// 500; a message without delimiter or request id is dropped, for there is
// nothing to answer it by. The Endpoint of the credentials is empty, as ZAP does
// not tell it, so [Local] refuses everybody here.
func ServeZAP(ctx context.Context, router *socket.Router, a socket.Authenticator) error {
	var calls sync.WaitGroup
	defer calls.Wait()
	turns := make(chan struct{}, zapAtOnce)
	for {
		select {
		case turns <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		m, err := router.Recv(ctx)
		if errors.Is(err, socket.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		calls.Go(func() {
			defer func() { <-turns }()
			answerZAP(ctx, router, a, m)
		})
	}
}

// answerZAP answers one request.
func answerZAP(ctx context.Context, router *socket.Router, a socket.Authenticator, m socket.Message) {
	// The identity of who asks, and more of them if the request came by a proxy.
	end := slices.IndexFunc(m[1:], func(f []byte) bool { return len(f) == 0 })
	if end < 0 {
		return
	}
	envelope, body := m[:end+2], m[end+2:]
	request, err := parseZAPRequest(body)
	if request.id == "" {
		return
	}
	var admission socket.Admission
	if err == nil {
		admission, err = protected(ctx, a, request.credentials)
	}
	reply := newZAPReply(request.id, admission, err)
	_ = router.Send(ctx, append(slices.Clip(envelope), reply.frames()...)...) // who asked may be gone
}

// protected calls an authenticator, and takes a panic for an error.
func protected(ctx context.Context, a socket.Authenticator, c socket.Credentials) (admission socket.Admission, err error) {
	ctx, cancel := context.WithTimeout(ctx, zapPatience)
	defer cancel()
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the authenticator panicked: %v", r)
		}
	}()
	return a.Authenticate(ctx, c)
}
